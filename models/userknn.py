"""User k-nearest-neighbours (Resnick et al., CSCW 1994), as in Ferrari Dacrema et al. 2021."""

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from bench.adapter import Adapter, Run, State, tolerate
from bench.interactions import Floats, Ids, Interactions
from bench.space import choice, number, space, whole

from .shared.neighbours import Measure, Weights, nearest, weighted
from .shared.states import into_sparse, of_sparse


@dataclass(kw_only=True)
class UserKNN(Adapter):
    """The score of an item is the sum of the user's similarities to the neighbours who have it.

    `neighbours.py` has the measures. `weights` take items for documents and users for their words,
    as the code of Ferrari Dacrema et al. does: the fewer items a user has, the more each says, also
    in the sum of a score. No array holds all users x all users; the time grows with the pairs of
    users that share an item, at most users^2.
    """

    k: int = 100
    shrinkage: float = 0.0
    measure: Measure = "asymmetric"
    alpha: float = 0.2  # of the asymmetric cosine: 1 scales by the user alone, 0 by the neighbour
    weights: Weights = "tf-idf"
    # Neighbours are those who count the user among their k nearest, as in the code (not the text)
    # of Ferrari Dacrema et al.; alpha then has the two the other way round.
    reverse: bool = True

    search = space(
        k=whole(5, 1000, log=True),
        shrinkage=number(0, 500),
        measure=choice(*get_args(Measure)),
        alpha=number(0, 1),
        weights=choice(*get_args(Weights)),
        reverse=choice(False, True),
    )
    tolerances = tolerate("users", scores=0.03, why="of equally near users the first are taken")

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            ValueError: measure, weights or k is none of those that there are.
        """
        self._history = self._histories(train)
        similarity = nearest(self._history, self.k, self.shrinkage, self.measure, self.alpha)
        self._similarity = similarity.T.tocsr() if self.reverse else similarity  # [U, U]

    def _histories(self, train: Interactions) -> Any:
        """The items of each user, by their weights: CSR [U, I]."""
        return weighted(train.matrix().T.tocsr(), self.weights).T.tocsr()

    def scores(self, users: Ids) -> Floats:
        """Score every item: int32 [b] -> float32 [b, I]."""
        return np.asarray((self._similarity[users] @ self._history).toarray(), dtype=np.float32)

    def state(self) -> State:
        """The similarities of users."""
        return of_sparse(self._similarity)

    def restore(self, state: State, train: Interactions) -> None:
        """Take the similarities of another fit; histories are those of train."""
        self._history, self._similarity = self._histories(train), into_sparse(state)
