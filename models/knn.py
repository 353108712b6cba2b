"""Item k-nearest-neighbours (Sarwar et al., WWW 2001), as in Ferrari Dacrema et al. 2021."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from bench.adapter import Adapter, Run
from bench.interactions import Floats, Ids, Interactions

ITEMS_AT_ONCE = 1024  # rows of the similarity matrix that are dense at a time


@dataclass(kw_only=True)
class ItemKNN(Adapter):
    """The score of an item is the sum of its similarities to the user's items.

    The similarity is the cosine of two items' vectors over users with `shrinkage` added to its
    denominator; each item keeps its k nearest.
    """

    k: int = 100
    shrinkage: float = 100.0
    weights: Literal["ones", "bm25"] = "bm25"

    def fit(self, train: Interactions, run: Run) -> None:
        self._history = train.matrix()  # [U, I]
        by_item = self._history.T.tocsr()  # [I, U]
        if self.weights == "bm25":
            by_item = bm25(by_item)
        lengths = np.sqrt(np.asarray(by_item.multiply(by_item).sum(axis=1)).ravel())  # [I]
        nearest = [
            self._nearest(by_item, lengths, start, min(start + ITEMS_AT_ONCE, train.n_items))
            for start in range(0, train.n_items, ITEMS_AT_ONCE)
        ]
        self._similarity = sp.vstack(nearest).T.tocsr()  # [I, I], column i has i's neighbours

    def _nearest(self, by_item: Any, lengths: Floats, start: int, stop: int) -> Any:
        """The similarities of items start..stop-1 to their nearest. [stop - start, I]"""
        similarity = (by_item[start:stop] @ by_item.T).toarray()  # [b, I]
        # An item that nobody has is similar to nothing.
        similarity /= np.maximum(np.outer(lengths[start:stop], lengths) + self.shrinkage, 1e-12)
        rows = np.arange(stop - start)[:, None]
        similarity[rows, rows + start] = 0.0
        k = min(self.k, by_item.shape[0])
        nearest = np.argpartition(similarity, -k, axis=1)[:, -k:]  # [b, k]
        kept = np.take_along_axis(similarity, nearest, axis=1)
        where = (np.broadcast_to(rows, nearest.shape).ravel(), nearest.ravel())
        matrix = sp.csr_matrix((kept.ravel(), where), shape=similarity.shape)
        matrix.eliminate_zeros()
        return matrix

    def scores(self, users: Ids) -> Floats:
        return np.asarray((self._history[users] @ self._similarity).toarray(), dtype=np.float32)


def bm25(by_item: Any, k1: float = 1.2, b: float = 0.75) -> Any:
    """Okapi BM25 with items as documents and users as words (Robertson & Zaragoza 2009). [I, U]

    A user with many items says less of each; an item with many users counts for less.
    """
    weighted = by_item.tocoo().astype(np.float32)
    n_items, n_users = weighted.shape
    rarity = np.log(n_items / (1 + np.bincount(weighted.col, minlength=n_users)))  # [U]
    sizes = np.bincount(weighted.row, minlength=n_items)  # [I]
    norm = 1 - b + b * sizes / max(sizes.mean(), 1e-12)
    weighted.data = weighted.data * (k1 + 1) / (k1 * norm[weighted.row] + weighted.data)
    weighted.data = (weighted.data * rarity[weighted.col]).astype(np.float32)
    return weighted.tocsr()
