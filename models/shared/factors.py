"""Models that score by the dot product of factors, as numpy arrays.

Shared by als, eals, ials, puresvd, mf and bpr. It loads no torch; `vectors.py` is for torch.
"""

from abc import abstractmethod
from copy import copy
from typing import Self

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from bench.adapter import Adapter, Embeddings, Equations, State
from bench.interactions import Floats, Ids, Interactions

# Shapes: b users, c items of each, n chosen items of one user, p new people, U users, I items,
# D factors.


class FactorAdapter(Adapter):
    """Scores by `_users` and `_items`, which `fit` sets, before each `run.epoch` too."""

    # No dataclass, in which these would be hyper-parameters.
    _users: Floats  # [U, D]
    _items: Floats  # [I, D]

    def scores(self, users: Ids) -> Floats:
        """Score every item: int32 [b] -> float32 [b, I]."""
        return self._users[users] @ self._items.T

    def pair_scores(self, users: Ids, items: Ids) -> Floats:
        """Score items[j] for users[j]: int32 [b], [b, c] -> float32 [b, c]."""
        return np.einsum("bd,bcd->bc", self._users[users], self._items[items])

    def embeddings(self) -> Embeddings:
        """The vectors of users and items."""
        return Embeddings(self._users, self._items)

    def state(self) -> State:
        """The factors."""
        return {"users": self._users, "items": self._items}

    def restore(self, state: State, train: Interactions) -> None:
        """Take the factors of another fit."""
        self._users, self._items = state["users"], state["items"]


class LeastSquaresAdapter(FactorAdapter):
    """Factors of a squared error, where a user's vector solves equations, given the items'."""

    @abstractmethod
    def equations(self, items: Ids) -> Equations:
        """The equations of a user who chose these items: int32 [n] -> [D, D], [n, D]."""

    def welcome(self, people: Interactions) -> Self:
        """A copy whose users are these people, each vector solved as in training: [p, D].

        Who has chosen nothing has a vector of zeros.
        """
        first, beyond = people.rows_of(np.arange(people.n_users, dtype=np.int32))
        found = copy(self)
        found._users = np.zeros((people.n_users, self._items.shape[1]), dtype=np.float32)
        for person in np.flatnonzero(first < beyond):
            left, right = self.equations(people.items[first[person] : beyond[person]])
            found._users[person] = scipy.linalg.solve(left, right.sum(axis=0), assume_a="pos")
        return found

    _multiplied: tuple[Floats, NDArray[np.float64]] | None = None  # the items of the last call, too

    def _of_all(self, weights: NDArray[np.floating] | None = None) -> NDArray[np.float64]:
        """The sum over all items of weight x v v': [D, D], kept until the items change."""
        if self._multiplied is None or self._multiplied[0] is not self._items:
            items = self._items.astype(np.float64)
            weighted = items if weights is None else items * weights[:, None]
            self._multiplied = self._items, weighted.T @ items
        return self._multiplied[1]
