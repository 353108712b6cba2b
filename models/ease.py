"""EASE: a linear item-item autoencoder with a closed-form solution (Steck, WWW 2019)."""

from dataclasses import dataclass

import numpy as np

from bench.adapter import Run, State
from bench.interactions import Floats, Ids, Interactions
from bench.space import log, space

from .shared.closed_form import BLOCK_BYTES, products, weights_without_self
from .shared.recency import HistoryAdapter


@dataclass(kw_only=True)
class EASE(HistoryAdapter):
    """B = I - P / diag(P) with P = (X'X + l2 I)^-1 (equation 8); the score is X B.

    With a half-life, X in the score weighs a user's latest items most: see `RecencyAdapter`.

    It holds one items x items matrix, 4 bytes x items^2, and takes time as items^3.
    """

    l2: float = 500.0

    search = space(HistoryAdapter.search, l2=log(10, 10_000))

    def memory_needed(self, n_users: int, n_items: int, n_interactions: int) -> int:
        """The matrix, in bytes, and a block beside it."""
        return 4 * n_items**2 + 2 * BLOCK_BYTES

    def fit(self, train: Interactions, run: Run) -> None:
        self._history = self._weighted(train)  # [U, I]
        self._weights = weights_without_self(products(train.matrix()), self.l2)  # [I, I]

    def scores(self, users: Ids) -> Floats:
        return np.asarray(self._history[users] @ self._weights, dtype=np.float32)

    def state(self) -> State:
        """The weights."""
        return {"weights": self._weights}

    def restore(self, state: State, train: Interactions) -> None:
        """Take the weights of another fit; histories are those of train."""
        self._history, self._weights = self._weighted(train), state["weights"]
