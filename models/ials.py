"""iALS: implicit alternating least squares, solved exactly (Hu, Koren & Volinsky, ICDM 2008).

Loss and regularisation are those of Rendle, Krichene, Zhang & Koren, "Revisiting the performance of
iALS on item recommendation benchmarks", RecSys 2022. implicit's solver has one l2 for all. irspack
0.5 has this loss, the same HR@10 to .002 on MovieLens-1M's validation items, and was faster there
(64 factors, one thread: 9 s by Cholesky, 3 s by conjugate gradients, 13 s here); but it brings ten
packages for these few lines.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, lapack
from threadpoolctl import threadpool_limits

from bench.adapter import Equations, Run, tolerate
from bench.interactions import Floats, Ids, Interactions
from bench.space import choice, log, number, space, whole

from .shared.factors import LeastSquaresAdapter

# Shapes: b users, U users, I items, R rows and C columns of a matrix of observed pairs, D factors.


@dataclass(kw_only=True)
class IALS(LeastSquaresAdapter):
    """Scores s_ui = w_u . h_i that make this sum the smallest:

        sum (1 - s_ui)^2 over the observed pairs + unobserved_weight * sum s_ui^2 over all pairs
        + l2 * sum over u of (items of u + unobserved_weight * all items)^exponent |w_u|^2
        + l2 * sum over i of (users of i + unobserved_weight * all users)^exponent |h_i|^2

    An iteration solves for all users, then for all items. It runs on one thread: the systems of
    equations are too small to share out. The loss told is this sum by observed pair.
    """

    factors: int = 64
    iterations: int = 8
    l2: float = 0.01
    unobserved_weight: float = 0.3
    exponent: float = 1.0  # 0: the same l2 for all; 1: as often as a vector takes part in the loss
    init_scale: float = 0.1  # about the length of an initial vector

    search = space(
        factors=choice(16, 32, 64, 96, 128, 256),
        iterations=whole(3, 16),
        l2=log(1e-4, 0.1),
        unobserved_weight=log(0.01, 3),
        exponent=number(0, 1),
    )
    tolerances = tolerate("items", hit_rate=0.03, why="first factors are drawn in order")

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            ValueError: there is too little regularisation for a single solution.
        """
        by_user = train.matrix()  # [U, I]
        by_item = by_user.T.tocsr()  # [I, U]
        user_l2, item_l2 = (
            self._l2_of(np.diff(observed.indptr), observed.shape[1])
            for observed in (by_user, by_item)
        )
        random = np.random.default_rng(run.seed)
        drawn = random.standard_normal((train.n_items, self.factors), dtype=np.float32)
        self._items = drawn * np.float32(self.init_scale / max(1, self.factors) ** 0.5)
        self._users = np.zeros((train.n_users, self.factors), dtype=np.float32)
        with threadpool_limits(1, "blas"):
            for _ in range(self.iterations):
                self._users, _ = solve(by_user, self._items, self.unobserved_weight, user_l2)
                self._items, loss = solve(by_item, self._users, self.unobserved_weight, item_l2)
                loss += float(user_l2 @ np.square(self._users).sum(axis=1))
                if run.epoch(samples=len(train), loss=loss / max(1, by_user.nnz)):
                    break

    def _l2_of(self, counts: Any, columns: int) -> NDArray[np.float64]:
        """The weight of |vector|^2 in the loss of rows with so many pairs: [R] -> [R]."""
        terms = counts + self.unobserved_weight * columns
        return np.asarray(self.l2 * terms**self.exponent)

    def equations(self, items: Ids) -> Equations:
        """Those that `solve` solves for a user who chose these items."""
        chosen = self._items[items].astype(np.float64)
        left = chosen.T @ chosen + self.unobserved_weight * self._of_all()
        left[np.diag_indices_from(left)] += self._l2_of(len(items), len(self._items))
        return Equations(left, chosen)


def solve(
    observed: Any, fixed: Floats, unobserved_weight: float, l2: NDArray[np.float64]
) -> tuple[Floats, float]:
    """The best vectors of one side, given those of the other.

    With X the fixed vectors of a row's observed columns, a row's best vector w solves
    (X'X + unobserved_weight * fixed'fixed + l2 I) w = X'1 (Hu et al., equation 4).

    Args:
        observed: CSR [R, C], a one for each observed pair.
        fixed: float32 [C, D], the vectors of the other side.
        l2: [R], the weight of |w|^2 in the loss.

    Returns:
        float32 [R, D], zeros for a row without any pair; and the loss that they leave, which lacks
        only the squares of the fixed vectors.

    Raises:
        ValueError: the system of a row has no single solution.
    """
    counts = np.diff(observed.indptr)
    of_all = np.asfortranarray(unobserved_weight * (fixed.T @ fixed))  # [D, D]
    right = observed @ fixed  # [R, D]
    solved = np.zeros_like(right)
    diagonal = np.diag_indices(fixed.shape[1])
    for row in np.flatnonzero(counts):
        columns = observed.indices[observed.indptr[row] : observed.indptr[row + 1]]
        # BLAS and LAPACK touch the lower half only, which halves the work.
        left = blas.ssyrk(1.0, fixed[columns].T, beta=1.0, c=of_all, lower=1)
        left[diagonal] += l2[row]
        _, solved[row], failed = lapack.sposv(left, right[row], lower=1, overwrite_a=1)
        if failed:
            raise ValueError(f"ials: the system of row {row} has no single solution: raise l2")
    # What a quadratic with the minimum w leaves there: the pairs of the row - w'X'1.
    return solved, float(counts.sum() - (right * solved).sum(dtype=np.float64))
