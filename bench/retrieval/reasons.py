"""Reasons: which part each liked item has of a score.

way or model                           part of a liked item
equations of least squares             v_j' A^-1 b_i, exact: the score is u'v_j with A u = sum b_i
scores that are sums over liked items  the score with that item alone, times the factor of its
                                       place under a half-life: a weight of ease, slim, knn
prior, alike                           as `bench.fold_in` takes their scores apart
any other                              none; the liked items that are nearest are named
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from bench.adapter import Adapter
from bench.fold_in.shares import Shares
from bench.interactions import Floats, Ids, Interactions
from bench.retrieval.answer import short
from bench.retrieval.labels import Labels
from bench.retrieval.similar import Index
from bench.retrieval.sums import are_sums, parts_of_sums

NAMED = 2  # liked items that a reason names
LEAST = 0.1  # of what speaks for an item: what many like, and what speaks against, is named then
SOME = 0.005  # of it: a second liked item with less would be 0 %
NEAR = 0.1  # similarity below which a liked item is no reason
MOST_TAKEN_APART = 1000  # chosen items whose single scores are computed
DISLIKE = 0.5  # how much one weighs against a like


@dataclass(frozen=True)
class Parts:
    """Scores of all items, and of which parts they are the sum, where that is known."""

    scores: NDArray[np.float64]  #: [I]
    items: tuple[int, ...]  #: the n items that the parts are of
    shares: Shares | None = None  #: of_items [n, I] and of_all [I], which sum to `scores`
    disliked: int = 0  #: how many of the last items are disliked ones

    @classmethod
    def summed(cls, items: Sequence[int], shares: Shares) -> Self:
        """Scores that are the sum of their parts."""
        return cls(shares.of_items.sum(axis=0) + shares.of_all, tuple(items), shares)

    def less(self, disliked: Self, nobody: Self) -> Self:
        """These, less half of what the disliked items add to the scores of who chose nothing."""
        scores = self.scores - DISLIKE * (disliked.scores - nobody.scores)
        items = self.items + disliked.items
        if self.shares is None or disliked.shares is None or nobody.shares is None:
            return replace(self, scores=scores, items=self.items, shares=None)
        against = -DISLIKE * disliked.shares.of_items
        shares = Shares(
            of_items=np.vstack([self.shares.of_items, against]),
            of_all=self.shares.of_all - DISLIKE * (disliked.shares.of_all - nobody.shares.of_all),
        )
        return replace(
            self, scores=scores, items=items, shares=shares, disliked=len(disliked.items)
        )


def own_parts(adapter: Adapter, scores: Floats, chosen: Interactions, train: Interactions) -> Parts:
    """The scores of one person by the model's own way, taken apart where that is exact.

    Args:
        adapter: fitted.
        scores: of the person, [I].
        chosen: what the person chose, with n_users = 1.
        train: what the model learned from.
    """
    items = tuple(dict.fromkeys(chosen.items.tolist()))
    plain = Parts(np.asarray(scores, dtype=np.float64), items)
    unique = np.array(items, dtype=np.int32)
    if not items:  # what everybody gets
        return replace(plain, shares=Shares(np.zeros((0, len(scores))), plain.scores))
    shares = _of_equations(adapter, unique)
    if shares is None and len(unique) <= MOST_TAKEN_APART:
        shares = _of_sums(adapter, plain.scores, unique, train)
    return replace(plain, shares=shares)


def _of_equations(adapter: Adapter, items: Ids) -> Shares | None:
    equations, vectors = adapter.equations(items), adapter.embeddings()
    if equations is None or vectors is None:
        return None
    solved = scipy.linalg.solve(equations.left, equations.right.T, assume_a="pos")  # [d, n]
    return _exact((vectors.items.astype(np.float64) @ solved).T)


def _of_sums(
    adapter: Adapter, scores: NDArray[np.float64], items: Ids, train: Interactions
) -> Shares | None:
    # Of one item alone any score is the sum: whether a model's are is seen from others, too.
    if not are_sums(adapter, train):
        return None
    parts = parts_of_sums(adapter, scores, items, train)
    return None if parts is None else _exact(parts)


def _exact(shares: NDArray[np.float64]) -> Shares:
    return Shares(of_items=shares, of_all=np.zeros(shares.shape[1]))


class Reasons:
    """Says why an item was recommended."""

    def __init__(self, parts: Parts, labels: Labels, index: Index | None) -> None:
        """`index` is for models whose scores cannot be taken apart; None: they give no reason."""
        self._parts, self._labels, self._index = parts, labels, index

    def why(self, item: int) -> str:
        """In a few words: because of two liked items, and what else has a part in it.

        Shares are of all that speaks for the item: together they are 100 %. What speaks against it
        has none. A disliked item is never a "because": it speaks for what is unlike it.
        """
        if self._parts.shares is None:
            return self._nearest(item)
        of_items = self._parts.shares.of_items[:, item]
        of_all = float(self._parts.shares.of_all[item])
        whole = float(np.maximum(of_items, 0).sum() + max(of_all, 0.0))
        liked = len(of_items) - self._parts.disliked
        order = np.argsort(-of_items, kind="stable").tolist()
        named = [at for at in order if at < liked and of_items[at] > 0][:NAMED]
        named = [at for at in named if at == named[0] or of_items[at] >= SOME * whole]
        said = []
        if named:
            shares = (f"{self._title(at)} {_percent(of_items[at] / whole)}" for at in named)
            said.append(f"because of {', '.join(shares)}")
        if of_all > 0 and of_all >= LEAST * whole:
            said.append(f"since many like it {_percent(of_all / whole)}")
        for at in [at for at in order if at >= liked][:1]:
            if of_items[at] > 0 and of_items[at] >= LEAST * whole:
                share = _percent(of_items[at] / whole)
                said.append(f"since {self._title(at)} is disliked {share}")
        against = [at for at in order[::-1][:1] if -of_items[at] > LEAST * whole]
        but = (
            f"although {self._title(at)} is disliked"
            if at >= liked
            else f"in spite of {self._title(at)}"
            for at in against
        )
        return ", ".join(each for each in (" and ".join(said), *but) if each)

    def _title(self, place: int) -> str:
        return self._labels.title(self._parts.items[place])

    def _nearest(self, item: int) -> str:
        if self._index is None or not self._parts.items or item not in self._index:
            return ""
        liked = np.array(self._parts.items)
        values = self._index.similarities(item)[liked]
        order = np.argsort(-values, kind="stable")[:NAMED]
        near = [
            f"{self._labels.title(int(liked[at]))} ({short(float(values[at]))})"
            for at in order
            if values[at] >= NEAR
        ]
        return f"like {', '.join(near)}" if near else ""


def _percent(share: float) -> str:
    return f"({100 * share:.0f} %)"
