"""Alike: a new person is served as the people of train whose choices are most like theirs."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from bench.adapter import Adapter
from bench.fold_in.shares import Shares
from bench.interactions import Floats, Ids, Interactions, occurrences

NEIGHBOURS = 50  # people of train, and those who are as alike as the last of them
USERS_AT_ONCE = 512  # of train that are scored at a time
MOST_KEPT = 1 << 26  # scores of people of train that are kept: 256 MB
SAMPLE = 256  # people of train whose mean score is what everybody likes, where it is named
PEOPLE_AT_ONCE = 1 << 24  # new people x people of train whose likeness is held: 64 MB


class Alike:
    """The mean of the standardised scores of the most alike people, weighted by likeness.

    Likeness is the cosine of two sets of items, both / sqrt(of the one x of the other), as in
    user-based neighbourhood methods (Herlocker et al., SIGIR 1999); here neighbours lend their
    scores under any model in place of their ratings. It needs nothing of a model but `scores`.

    Who shares an item with nobody is served by popularity.
    """

    def __init__(self, adapter: Adapter, train: Interactions) -> None:
        """Get ready; people of train are scored when somebody is like them."""
        self._adapter = adapter
        history = train.matrix()  # [U, I]
        self._by_item = history.T.tocsr()  # [I, U]
        self._sizes = np.diff(history.indptr).astype(np.float32)  # [U]
        counts = occurrences(train.items, train.n_items).astype(np.float32)
        self._popularity = standardised(counts[None, :])[0]  # [I]
        keeps = train.n_users * train.n_items <= MOST_KEPT
        self._kept: Floats | None = np.empty(history.shape, dtype=np.float32) if keeps else None
        self._known = np.zeros(train.n_users, dtype=bool)  # whose scores are kept

    def scores(self, people: Interactions) -> Floats:
        """Score every item for these people: float32 [p, n_items]."""
        likeness = self.likeness(people)  # [p, U]
        totals = np.asarray(likeness.sum(axis=1), dtype=np.float32)  # [p, 1]
        found = np.zeros((people.n_users, people.n_items), dtype=np.float32)
        lenders = np.unique(likeness.indices)
        for start in range(0, len(lenders), USERS_AT_ONCE):
            users = lenders[start : start + USERS_AT_ONCE].astype(np.int32)
            found += likeness[:, users] @ self._standardised(users)
        alone = totals[:, 0] == 0
        found[alone] = self._popularity
        totals[alone] = 1.0
        found /= totals
        return found

    def likeness(self, people: Interactions) -> Any:
        """How alike the most alike people of train are: CSR float32 [p, U], above 0."""
        chosen = people.matrix()  # [p, I]
        sizes = np.diff(chosen.indptr).astype(np.float32)  # [p]
        step = max(1, PEOPLE_AT_ONCE // max(1, len(self._sizes)))
        parts = []
        for start in range(0, people.n_users, step):
            some = slice(start, start + step)
            shared = (chosen[some] @ self._by_item).tocsr()  # [s, U], without zeros
            rows = np.repeat(np.arange(shared.shape[0]), np.diff(shared.indptr))
            shared.data /= np.sqrt(sizes[some][rows] * self._sizes[shared.indices])
            parts.append(_nearest(shared))
        return sp.vstack(parts, format="csr") if parts else chosen @ self._by_item

    def shares(self, items: Ids) -> Shares:
        """The parts of the scores of a person who chose these items: they sum to the scores.

        The likeness of two people is a sum over the items that they share, so each of these has its
        part of what a neighbour lends. What everybody likes, the mean of the standardised scores of
        a sample of all people, is taken from what is lent before that, and has a part of its own.
        """
        n_items, n_users = self._by_item.shape
        person = Interactions(
            users=np.zeros(len(items), dtype=np.int32),
            items=items,
            times=np.arange(len(items), dtype=np.int64),
            n_users=1,
            n_items=n_items,
        )
        likeness = self.likeness(person)  # [1, U]
        lenders = likeness.indices.astype(np.int32)
        if not len(lenders):
            nothing = np.zeros((len(items), n_items))
            return Shares(of_items=nothing, of_all=self._popularity.astype(np.float64))
        sample = np.linspace(0, n_users - 1, min(SAMPLE, n_users)).astype(np.int32)
        of_all = self._standardised(sample).mean(axis=0, dtype=np.float64)  # [I]
        weights = likeness.data / likeness.data.sum(dtype=np.float64)  # [L]
        shared = self._by_item[items][:, lenders].toarray().astype(np.float64)  # [n, L]
        shared *= weights / shared.sum(axis=0)
        return Shares(of_items=shared @ (self._standardised(lenders) - of_all), of_all=of_all)

    def _standardised(self, users: NDArray[np.int32]) -> Floats:
        """The standardised scores of people of train: [b] -> [b, I]."""
        if self._kept is None:
            return standardised(self._adapter.scores(users))
        missing = users[~self._known[users]]
        if len(missing):
            self._kept[missing] = standardised(self._adapter.scores(missing.copy()))
            self._known[missing] = True
        return self._kept[users]


def standardised(scores: Floats) -> Floats:
    """Each row less its mean, divided by its standard deviation; equal scores become zeros."""
    found = scores - scores.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    spread = np.sqrt(np.einsum("bi,bi->b", found, found) / max(1, found.shape[1]))
    return np.asarray(found / np.where(spread > 0, spread, 1.0)[:, None], dtype=np.float32)


def _nearest(likeness: Any) -> Any:
    """The largest of each row, with all that are as large as the last of them. CSR -> CSR"""
    kept = np.ones(likeness.nnz, dtype=bool)
    for row in np.flatnonzero(np.diff(likeness.indptr) > NEIGHBOURS):
        part = slice(likeness.indptr[row], likeness.indptr[row + 1])
        values = likeness.data[part]
        kept[part] = values >= np.partition(values, -NEIGHBOURS)[-NEIGHBOURS]
    likeness.data[~kept] = 0.0
    likeness.eliminate_zeros()
    return likeness
