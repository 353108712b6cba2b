"""EASE: a linear item-item autoencoder with a closed-form solution (Steck, WWW 2019)."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from bench.adapter import Run
from bench.interactions import Floats, Ids, Interactions
from bench.space import log, space

from .shared.recency import RecencyAdapter

BLOCK_BYTES = 32 << 20  # of rows that are worked on at a time


@dataclass(kw_only=True)
class EASE(RecencyAdapter):
    """B = I - P / diag(P) with P = (X'X + l2 I)^-1 (equation 8); the score is X B.

    With a half-life, X in the score weighs a user's latest items most: see `RecencyAdapter`.

    It holds one items x items matrix, 4 bytes x items^2, and takes time as items^3.
    """

    l2: float = 500.0

    search = space(RecencyAdapter.search, l2=log(10, 10_000))

    def memory_needed(self, n_users: int, n_items: int, n_interactions: int) -> int:
        """The matrix, in bytes, and a block beside it."""
        return 4 * n_items**2 + 2 * BLOCK_BYTES

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train; each step works in the memory of the one before."""
        history = train.matrix()  # [U, I]
        self._history = self._weighted(train)  # [U, I]
        n_items = train.n_items
        blocks = in_blocks(n_items, max(1, BLOCK_BYTES // (4 * max(1, n_items))))
        by_item = history.T.tocsr()  # [I, U]
        gram = np.empty((n_items, n_items), dtype=np.float32)
        for rows in blocks:
            gram[rows] = (by_item[rows] @ history).toarray()
        gram[np.diag_indices_from(gram)] += self.l2
        # Symmetric positive definite, so Cholesky: half the work of a general inverse. LAPACK wants
        # matrices by column, as the transpose of this one, which is the same, has it.
        factor, _ = linalg.cho_factor(gram.T, lower=True, overwrite_a=True, check_finite=False)
        precision, _ = linalg.lapack.spotri(factor, lower=True, overwrite_c=True)  # [I, I], half
        for rows in blocks:
            beyond = slice(rows.stop, n_items)
            precision[rows, beyond] = precision[beyond, rows].T
            square = precision[rows, rows]
            precision[rows, rows] = np.tril(square) + np.tril(square, -1).T
        self._weights = precision.T  # [I, I], by row
        diagonal = np.diag(precision).copy()  # [I]
        np.divide(self._weights, -diagonal, out=self._weights)
        np.fill_diagonal(self._weights, 0.0)

    def scores(self, users: Ids) -> Floats:
        return np.asarray(self._history[users] @ self._weights, dtype=np.float32)


def in_blocks(n: int, size: int) -> list[slice]:
    """Rows 0..n-1, so many at a time."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]
