"""ALS: weighted matrix factorisation for implicit feedback (Hu, Koren & Volinsky, ICDM 2008).

The solver is implicit's (conjugate gradient, Takacs et al. 2011).
"""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from bench.adapter import Equations, Run, tolerate
from bench.interactions import Ids, Interactions
from bench.space import choice, log, space, whole

from .shared.factors import LeastSquaresAdapter
from .shared.recency import RecencyAdapter, in_time


class Enough(Exception):
    """Ends implicit's loop: its callback has no other way."""


@dataclass(kw_only=True)
class ALS(RecencyAdapter, LeastSquaresAdapter):
    """Scores s_ui = w_u . h_i that make this sum the smallest:

        sum alpha (1 - s_ui)^2 over the observed pairs + sum s_ui^2 over all others
        + l2 * (sum over u of |w_u|^2 + sum over i of |h_i|^2)

    With a half-life users are solved once more, exactly, when all is learned: an observed pair of
    weight w then has w alpha (1 - s_ui)^2 + (1 - w) s_ui^2 in the sum, so that it counts as if it
    were unobserved the more, the longer ago it is. See `RecencyAdapter`.
    """

    factors: int = 32
    alpha: float = 8.0  # weight of an interaction, against 1 of an unobserved pair
    l2: float = 1.0
    iterations: int = 20

    search = space(
        RecencyAdapter.search,
        factors=choice(8, 16, 32, 64, 128, 256),
        alpha=log(1, 100),
        l2=log(0.01, 1000),
        iterations=whole(5, 30),
    )
    tolerances = tolerate("users", "items", hit_rate=0.04, why="first factors are drawn in order")

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            ValueError: half_life is not above 0, or floor is below 0.
        """
        model = AlternatingLeastSquares(
            factors=self.factors,
            alpha=1.0,
            regularization=self.l2,
            iterations=self.iterations,
            num_threads=run.threads,
            random_state=run.seed,
        )

        def after(iteration: int, seconds: float, loss: float | None) -> None:
            self._users, self._items = model.user_factors, model.item_factors
            if run.epoch(samples=len(train)):
                raise Enough

        weighted = train.matrix()
        weighted.data *= np.float32(self.alpha)  # here, for implicit would do it to a copy
        # implicit has threads of its own; those of BLAS would only get in their way.
        with threadpool_limits(1, "blas"), suppress(Enough):
            model.fit(weighted, show_progress=False, callback=after)
        self._users, self._items = model.user_factors, model.item_factors
        if self.half_life is not None:  # looks before were at users for whom all items weigh 1
            with threadpool_limits(1, "blas"):
                self._users = self.welcome(in_time(train))._users

    def equations(self, items: Ids) -> Equations:
        """(Y'Y + (alpha - 1) V'WV + l2 I) u = alpha V'W1, with V the vectors of the chosen items.

        W are their weights, 1 without a half-life; then it is equation 4 of Hu et al., and training
        ends before it is solved to the last digit.
        """
        chosen = self._items[items].astype(np.float64)
        weights = self._decay(np.arange(len(items))[::-1])[:, None]
        left = self._of_all() + (self.alpha - 1) * (chosen.T @ (weights * chosen))
        left[np.diag_indices_from(left)] += self.l2
        return Equations(left, self.alpha * weights * chosen)
