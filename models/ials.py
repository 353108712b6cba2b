"""iALS: implicit alternating least squares (Hu, Koren & Volinsky, ICDM 2008).

Loss and regularisation are those of Rendle, Krichene, Zhang & Koren, "Revisiting the performance of
iALS on item recommendation benchmarks", RecSys 2022. implicit's solver has one l2 for all. The
vectors are improved by a few conjugate gradients, not solved exactly: Takacs, Pilaszy & Tikk,
"Applications of the conjugate gradient method for implicit feedback collaborative filtering",
RecSys 2011. irspack 0.5 has both, but it brings ten packages for these few lines.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from bench.adapter import Equations, Run, tolerate
from bench.interactions import Floats, Ids, Interactions
from bench.space import choice, log, number, space, whole

from .shared.factors import LeastSquaresAdapter
from .shared.kernels.squares import add_observed

ROWS_AT_ONCE = 1024  # of vectors, whose products with the rest stay in the cache
TINY = np.finfo(np.float32).tiny

# Shapes: b users, U users, I items, R rows and C columns of a matrix of observed pairs, D factors.


@dataclass(kw_only=True)
class IALS(LeastSquaresAdapter):
    """Scores s_ui = w_u . h_i that make this sum the smallest:

        sum (1 - s_ui)^2 over the observed pairs + unobserved_weight * sum s_ui^2 over all pairs
        + l2 * sum over u of (items of u + unobserved_weight * all items)^exponent |w_u|^2
        + l2 * sum over i of (users of i + unobserved_weight * all users)^exponent |h_i|^2

    An iteration improves the vectors of all users, then of all items: the equations of each are
    solved by `steps` conjugate gradients from its last vector, or exactly by as many as there are
    factors. It runs on one thread. The loss told is this sum by observed pair.
    """

    factors: int = 64
    iterations: int = 8
    steps: int = 3  # of conjugate gradients, for each vector in an iteration
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
    tolerances = tolerate(
        "items", hit_rate=0.03, why="first factors are drawn in order"
    ) | tolerate("users", scores=0.001, why="an item's sums are taken in the order of its users")

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            ValueError: there is no regularisation, so no single solution, or there are no steps.
        """
        if self.steps < 1:
            raise ValueError(f"ials: steps must be at least 1, not {self.steps}")
        if self.l2 <= 0 and self.unobserved_weight <= 0:
            raise ValueError("ials: without l2 there is no single solution: raise l2")
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
                for observed, fixed, l2, vectors in (
                    (by_user, self._items, user_l2, self._users),
                    (by_item, self._users, item_l2, self._items),
                ):
                    loss = solve(observed, fixed, self.unobserved_weight, l2, vectors, self.steps)
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
    observed: Any,
    fixed: Floats,
    unobserved_weight: float,
    l2: NDArray[np.float64],
    vectors: Floats,
    steps: int,
) -> float:
    """Improve the vectors of one side, given those of the other, by conjugate gradients.

    With X the fixed vectors of a row's observed columns, a row's best vector w solves
    (X'X + unobserved_weight * fixed'fixed + l2 I) w = X'1 (Hu et al., equation 4).

    Args:
        observed: CSR [R, C], a one for each observed pair.
        fixed: float32 [C, D], the vectors of the other side.
        l2: [R], the weight of |w|^2 in the loss.
        vectors: float32 [R, D], where the steps start; they are changed in place, and become
            zeros for a row without any pair.
        steps: how many; D of them find the best vectors.

    Returns:
        The loss that they leave, which lacks only the squares of the fixed vectors.
    """
    counts = np.diff(observed.indptr)
    vectors[counts == 0] = 0
    of_all = unobserved_weight * (fixed.T @ fixed)  # [D, D]
    starts, columns = observed.indptr.astype(np.int64), observed.indices.astype(np.int32)
    loss = float(counts.sum())
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        own = vectors[start : start + ROWS_AT_ONCE]  # [b, D]
        own_l2 = l2[start : start + ROWS_AT_ONCE, None].astype(np.float32)  # [b, 1]
        pairs = starts[start : start + len(own) + 1], columns, fixed
        residuals = own @ of_all + own_l2 * own  # becomes (X'X + ...) w - X'1
        scores = add_observed(*pairs, own, np.float32(1), residuals)
        # The loss of a row with n pairs is n - 2 w'X'1 + w'(X'X + ...) w.
        loss += float((own * residuals).sum(dtype=np.float64)) - scores
        np.negative(residuals, out=residuals)
        directions, squares = residuals.copy(), dots(residuals, residuals)
        for _ in range(steps):
            products = directions @ of_all + own_l2 * directions
            add_observed(*pairs, directions, np.float32(0), products)
            # Where nothing is left to improve both are 0.
            lengths = squares / np.maximum(dots(directions, products), TINY)  # [b, 1]
            own += lengths * directions
            loss -= float((lengths * squares).sum(dtype=np.float64))
            residuals -= lengths * products
            before, squares = squares, dots(residuals, residuals)
            directions *= squares / np.maximum(before, TINY)
            directions += residuals
    return loss


def dots(one: Floats, other: Floats) -> Floats:
    """The dot products of rows: [b, D], [b, D] -> [b, 1]."""
    return np.einsum("bd,bd->b", one, other)[:, None]
