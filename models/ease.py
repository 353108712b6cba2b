"""EASE: a linear item-item autoencoder with a closed-form solution (Steck, WWW 2019)."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from bench.adapter import Adapter, Run
from bench.interactions import Floats, Ids, Interactions
from bench.space import log, space


@dataclass(kw_only=True)
class EASE(Adapter):
    """B = I - P / diag(P) with P = (X'X + l2 I)^-1 (equation 8); the score is X B.

    It holds an items x items matrix: 4 bytes x items^2.
    """

    l2: float = 500.0

    search = space(l2=log(10, 10_000))

    def fit(self, train: Interactions, run: Run) -> None:
        self._history = train.matrix()  # [U, I]
        gram = (self._history.T @ self._history).toarray()  # [I, I]
        gram[np.diag_indices_from(gram)] += self.l2
        # Symmetric positive definite, so Cholesky: half the work of a general inverse.
        factor, _ = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
        weights, _ = linalg.lapack.spotri(factor, lower=True, overwrite_c=True)
        precision = np.tril(weights) + np.tril(weights, -1).T  # [I, I]
        self._weights = (-precision / np.diag(precision)).astype(np.float32)  # [I, I]
        np.fill_diagonal(self._weights, 0.0)

    def scores(self, users: Ids) -> Floats:
        return np.asarray(self._history[users] @ self._weights, dtype=np.float32)
