"""Item k-nearest-neighbours (Sarwar et al., WWW 2001), as in Ferrari Dacrema et al. 2021."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.adapter import Run, State
from bench.interactions import Floats, Ids, Interactions
from bench.space import choice, number, space, whole

from .shared.neighbours import nearest, weighted
from .shared.recency import HistoryAdapter
from .shared.states import into_sparse, of_sparse


@dataclass(kw_only=True)
class ItemKNN(HistoryAdapter):
    """The score of an item is the sum of its similarities to the user's items.

    The similarity is the cosine of two items' vectors over users with `shrinkage` added to its
    denominator; each item keeps its k nearest. No array holds all items x all items; the time grows
    with the pairs of items that share a user, at most items^2.

    With a half-life a user's latest items count most in the sum: see `RecencyAdapter`.
    """

    k: int = 100
    shrinkage: float = 100.0
    weights: Literal["ones", "bm25"] = "bm25"

    search = space(
        HistoryAdapter.search,
        k=whole(5, 1000, log=True),
        shrinkage=number(0, 2000),
        weights=choice("ones", "bm25"),
    )

    def fit(self, train: Interactions, run: Run) -> None:
        self._history = self._weighted(train)  # [U, I]
        by_item = weighted(train.matrix().T.tocsr(), self.weights)  # [I, U]
        self._similarity = nearest(by_item, self.k, self.shrinkage).T.tocsr()  # [I, I], by column

    def scores(self, users: Ids) -> Floats:
        return np.asarray((self._history[users] @ self._similarity).toarray(), dtype=np.float32)

    def state(self) -> State:
        """The similarities of items."""
        return of_sparse(self._similarity)

    def restore(self, state: State, train: Interactions) -> None:
        """Take the similarities of items of another fit; histories are those of train."""
        self._history, self._similarity = self._weighted(train), into_sparse(state)
