"""PureSVD: a truncated SVD of the 0/1 matrix (Cremonesi, Koren & Turrin, RecSys 2010).

Solved by scipy, which is there anyway.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import svds
from threadpoolctl import threadpool_limits

from bench.adapter import Equations, Run
from bench.interactions import Ids, Interactions
from bench.space import space, whole

from .shared.factors import LeastSquaresAdapter
from .shared.unseen import unseen


@dataclass(kw_only=True)
class PureSVD(LeastSquaresAdapter):
    """r_u Q Q' scores all items, with Q the first right singular vectors (section 3.3.2).

    Data with fewer users or items than `factors` + 1 get fewer factors.
    """

    factors: int = 20

    search = space(factors=whole(4, 256, log=True))

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            ValueError: factors is below 1.
        """
        if self.factors < 1:
            raise ValueError(f"puresvd: factors must be at least 1, not {self.factors}")
        history = train.matrix()  # [U, I]
        factors = min(self.factors, min(history.shape) - 1)
        if factors < 1 or not history.nnz:  # ARPACK takes neither a single row nor zeros alone
            counts = np.asarray(history.sum(axis=0)).T  # [I, 1], the vector but for its length
            self._items = (counts / max(1.0, np.linalg.norm(counts))).astype(np.float32)
        else:
            start = np.random.default_rng(run.seed).standard_normal(min(history.shape))
            with threadpool_limits(run.threads, "blas"):
                _, _, right = svds(history.astype(np.float64), factors, v0=start)  # [D, I]
            self._items = np.ascontiguousarray(right.T, dtype=np.float32)  # [I, D]
            self._items[unseen(train.items, train.n_items)] = 0  # but for rounding they are
        self._users = np.asarray(history @ self._items, dtype=np.float32)  # [U, D]

    def equations(self, items: Ids) -> Equations:
        """u = sum of the vectors of the chosen items, whose columns are orthonormal."""
        chosen = self._items[items].astype(np.float64)
        return Equations(np.eye(chosen.shape[1]), chosen)
