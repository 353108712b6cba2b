"""User k-nearest-neighbours (Resnick et al., CSCW 1994), as in Ferrari Dacrema et al. 2021."""

from dataclasses import dataclass
from typing import get_args

import numpy as np

from bench.adapter import Adapter, Run, tolerate
from bench.interactions import Floats, Ids, Interactions
from bench.space import choice, number, space, whole

from ._neighbours import Measure, Weights, nearest, weighted


@dataclass(kw_only=True)
class UserKNN(Adapter):
    """The score of an item is the sum of the user's similarities to the neighbours who have it.

    `_neighbours.py` has the measures. `weights` weigh the items that two users share, the rare ones
    more; a neighbour's own items count as ones. No array holds all users x all users.
    """

    k: int = 100
    shrinkage: float = 0.0
    measure: Measure = "jaccard"
    alpha: float = 0.5  # of the asymmetric cosine: 1 scales by the user alone, 0 by the neighbour
    weights: Weights = "ones"
    # Neighbours are those who count the user among their k nearest, as in the code (not the text)
    # of Ferrari Dacrema et al.; alpha then has the two the other way round.
    reverse: bool = False

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
        self._history = train.matrix()  # [U, I]
        by_user = weighted(self._history, self.weights)  # [U, I]
        similarity = nearest(by_user, self.k, self.shrinkage, self.measure, self.alpha)
        self._similarity = similarity.T.tocsr() if self.reverse else similarity  # [U, U]

    def scores(self, users: Ids) -> Floats:
        """Score every item: int32 [b] -> float32 [b, I]."""
        return np.asarray((self._similarity[users] @ self._history).toarray(), dtype=np.float32)
