"""eALS: element-wise alternating least squares (He, Zhang, Kan & Chua, SIGIR 2016).

None of implicit, irspack, RecBole, LensKit and Cornac has it. With d factors an iteration costs
(users + items) d^2 + 2 interactions d: on data of MovieLens-1M's size 1.5 ns of each at 16 factors,
1.2 at 64 and 0.9 at 256 (tests/perf/test_eals_cost.py).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bench.adapter import Equations, Run, State, tolerate
from bench.interactions import Floats, Ids, Interactions
from bench.space import choice, log, number, space, whole

from .shared.factors import LeastSquaresAdapter
from .shared.kernels.linear import eals_sweep


@dataclass(kw_only=True)
class EALS(LeastSquaresAdapter):
    """Scores s_ui = p_u . q_i that make this sum the smallest (equation 7):

        sum (1 - s_ui)^2 over the observed pairs + sum c_i s_ui^2 over all others
        + sum over u of l2_u |p_u|^2 + sum over i of l2_i |q_i|^2

    with c_i = c0 f_i^alpha / sum_j f_j^alpha, f the users of an item (equation 8). One l2 for all
    is the paper's; with an exponent it grows with the weights of a row's pairs, as in `ials.py`:
    l2_u = l2 (items of u + c0)^exponent and l2_i = l2 (users of i + c_i users)^exponent.

    An iteration improves each number of all users' vectors, then of all items'; it costs
    (users + items) factors^2 + observed pairs x factors (algorithm 1), on one thread. The loss told
    is this sum by observed pair.
    """

    factors: int = 64
    iterations: int = 20
    c0: float = 500.0  # the weights of all items where they are not observed, together
    alpha: float = 0.0  # 0: all items alike; 1: in proportion to their users
    l2: float = 0.01
    exponent: float = 1.0  # 0: the same l2 for all
    init_scale: float = 0.1  # about the length of an initial vector

    search = space(
        factors=choice(16, 32, 64, 96, 128),
        iterations=whole(5, 40),
        c0=log(10, 5000),
        alpha=number(0, 1),
        l2=log(1e-4, 0.1),
    )
    tolerances = tolerate("users", "items", hit_rate=0.01, why="first factors are drawn in order")

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train."""
        by_user = train.matrix()  # [U, I]
        by_item = by_user.T.tocsr()  # [I, U]
        counts = np.diff(by_item.indptr).astype(np.float64)  # [I]
        shares = counts**self.alpha  # 0^0 is 1
        item_weights = (self.c0 * shares / max(shares.sum(), 1e-12)).astype(np.float32)  # [I], c
        self._item_weights = item_weights
        user_weights = np.ones(train.n_users, dtype=np.float32)
        user_l2 = self._l2_of_rows(np.diff(by_user.indptr) + item_weights.sum())
        item_l2 = self._l2_of_rows(counts + item_weights * train.n_users)
        random = np.random.default_rng(run.seed)
        scale = np.float32(self.init_scale / max(1, self.factors) ** 0.5)
        self._users, self._items = (
            scale * random.standard_normal((size, self.factors), dtype=np.float32)
            for size in (train.n_users, train.n_items)
        )
        with threadpool_limits(1, "blas"):
            for _ in range(self.iterations):
                sweep(by_user, self._items, item_weights, user_weights, user_l2, self._users)
                loss = sweep(by_item, self._users, user_weights, item_weights, item_l2, self._items)
                loss += float(user_l2 @ np.square(self._users).sum(axis=1))
                if run.epoch(samples=len(train), loss=loss / max(1, by_user.nnz)):
                    break

    def equations(self, items: Ids) -> Equations:
        """Those of the minimum of a user's part of the sum, which sweeps over a vector come to."""
        weights = self._item_weights.astype(np.float64)  # [I], c
        chosen = self._items[items].astype(np.float64)
        of_chosen = (chosen.T * (1 - weights[items])) @ chosen
        left = self._of_all(weights) + of_chosen
        left[np.diag_indices_from(left)] += self._l2_of_rows(len(items) + weights.sum())
        return Equations(left, chosen)

    def state(self) -> State:
        """The factors, and the weights by which new people's are solved."""
        return super().state() | {"item_weights": self._item_weights}

    def restore(self, state: State, train: Interactions) -> None:
        """Take them of another fit."""
        super().restore(state, train)
        self._item_weights = state["item_weights"]

    def _l2_of_rows(self, weights: Any) -> Floats:
        """The weight of each row's |vector|^2, given the sum of the weights of its pairs. [R]"""
        return np.asarray(self.l2 * weights**self.exponent, dtype=np.float32)


def sweep(
    observed: Any, fixed: Floats, of_column: Floats, of_row: Floats, l2: Floats, rows: Floats
) -> float:
    """Improve each number of the vectors of one side: see eals_sweep. CSR [R, C] -> its loss"""
    cache = (fixed.T * of_column) @ fixed  # [D, D], S^q or S^p
    starts, columns = observed.indptr.astype(np.int64), observed.indices.astype(np.int32)
    return float(eals_sweep(starts, columns, fixed, cache, of_column, of_row, l2, rows))
