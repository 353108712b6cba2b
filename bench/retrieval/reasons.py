"""Reasons: which part each liked item has of a score.

way or model                           part of a liked item
equations of least squares             v_j' A^-1 b_i, exact: the score is u'v_j with A u = sum b_i
scores that are sums over liked items  the score with that item alone: a weight of ease, slim, knn
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

NAMED = 2  # liked items that a reason names
LEAST = 0.1  # of what speaks for an item: what many like, and what speaks against, is named then
SOME = 0.005  # of it: a second liked item with less would be 0 %
NEAR = 0.1  # similarity below which a liked item is no reason
MOST_TAKEN_APART = 1000  # chosen items whose single scores are computed
DISLIKE = 0.5  # how much one weighs against a like
CLOSE = 1e-3  # of the range of scores: how far a sum of parts may be from them


@dataclass(frozen=True)
class Parts:
    """Scores of all items, and of which parts they are the sum, where that is known."""

    scores: NDArray[np.float64]  #: [I]
    items: tuple[int, ...]  #: the n items that the parts are of
    shares: Shares | None = None  #: of_items [n, I] and of_all [I], which sum to `scores`

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
        return replace(self, scores=scores, items=items, shares=shares)


def own_parts(adapter: Adapter, scores: Floats, chosen: Interactions) -> Parts:
    """The scores of one person by the model's own way, taken apart where that is exact.

    Args:
        adapter: fitted.
        scores: of the person, [I].
        chosen: what the person chose, with n_users = 1.
    """
    items = tuple(dict.fromkeys(chosen.items.tolist()))
    plain = Parts(np.asarray(scores, dtype=np.float64), items)
    unique = np.array(items, dtype=np.int32)
    if not items:  # what everybody gets
        return replace(plain, shares=Shares(np.zeros((0, len(scores))), plain.scores))
    shares = _of_equations(adapter, unique)
    if shares is None and len(unique) <= MOST_TAKEN_APART:
        shares = _of_sums(adapter, plain.scores, chosen, unique)
    return replace(plain, shares=shares)


def _of_equations(adapter: Adapter, items: Ids) -> Shares | None:
    equations, vectors = adapter.equations(items), adapter.embeddings()
    if equations is None or vectors is None:
        return None
    solved = scipy.linalg.solve(equations.left, equations.right.T, assume_a="pos")  # [d, n]
    return _exact((vectors.items.astype(np.float64) @ solved).T)


def _of_sums(
    adapter: Adapter, scores: NDArray[np.float64], chosen: Interactions, items: Ids
) -> Shares | None:
    """The scores of people who chose one item each, where they sum to those of all of them."""
    count = len(items)
    alone = replace(
        chosen.take(np.zeros(count, dtype=np.int64)),
        users=np.arange(count, dtype=np.int32),
        items=items,
        n_users=count,
        user_ids=np.arange(count, dtype=np.int64),
    )
    try:
        found = adapter.welcome(alone).scores(np.arange(count, dtype=np.int32))
    except NotImplementedError:
        return None
    shares = found.astype(np.float64)
    gap = np.abs(shares.sum(axis=0) - scores).max()
    return _exact(shares) if gap <= CLOSE * np.ptp(scores) else None


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
        has none.
        """
        if self._parts.shares is None:
            return self._nearest(item)
        of_items = self._parts.shares.of_items[:, item]
        of_all = float(self._parts.shares.of_all[item])
        whole = float(np.maximum(of_items, 0).sum() + max(of_all, 0.0))
        order = np.argsort(-of_items, kind="stable")
        for_ = [at for at in order[:NAMED] if of_items[at] > 0]
        for_ = [at for at in for_ if at == order[0] or of_items[at] >= SOME * whole]
        against = [at for at in order[::-1][:1] if -of_items[at] > LEAST * whole]
        said = []
        if for_:
            named = (f"{self._title(at)} ({_percent(of_items[at] / whole)})" for at in for_)
            said.append(f"because of {', '.join(named)}")
        if of_all > 0 and of_all >= LEAST * whole:
            since = f"since many like it ({_percent(of_all / whole)})"
            said = [f"{said[0]} and {since}"] if said else [since]
        said += [f"in spite of {self._title(at)}" for at in against]
        return ", ".join(said)

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
    return f"{100 * share:.0f} %"
