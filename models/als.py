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


class Enough(Exception):
    """Ends implicit's loop: its callback has no other way."""


@dataclass(kw_only=True)
class ALS(LeastSquaresAdapter):
    factors: int = 32
    alpha: float = 8.0  # weight of an interaction, against 1 of an unobserved pair
    l2: float = 1.0
    iterations: int = 20

    search = space(
        factors=choice(8, 16, 32, 64, 128, 256),
        alpha=log(1, 100),
        l2=log(0.01, 1000),
        iterations=whole(5, 30),
    )
    tolerances = tolerate("users", "items", hit_rate=0.04, why="first factors are drawn in order")

    def fit(self, train: Interactions, run: Run) -> None:
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

    def equations(self, items: Ids) -> Equations:
        """(Y'Y + (alpha - 1) V'V + l2 I) u = alpha V'1, with V the vectors of the chosen items.

        Equation 4 of Hu et al.; training ends before it is solved to the last digit.
        """
        chosen = self._items[items].astype(np.float64)
        left = self._of_all() + (self.alpha - 1) * (chosen.T @ chosen)
        left[np.diag_indices_from(left)] += self.l2
        return Equations(left, self.alpha * chosen)
