"""ALS: weighted matrix factorisation for implicit feedback (Hu, Koren & Volinsky, ICDM 2008).

The solver is implicit's (conjugate gradient, Takacs et al. 2011).
"""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from bench.adapter import Adapter, Embeddings, Run, tolerate
from bench.interactions import Floats, Ids, Interactions
from bench.space import choice, log, space, whole


class Enough(Exception):
    """Ends implicit's loop: its callback has no other way."""


@dataclass(kw_only=True)
class ALS(Adapter):
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
        self._model = AlternatingLeastSquares(
            factors=self.factors,
            alpha=1.0,
            regularization=self.l2,
            iterations=self.iterations,
            num_threads=run.threads,
            random_state=run.seed,
        )

        def after(iteration: int, seconds: float, loss: float | None) -> None:
            if run.epoch(samples=len(train)):
                raise Enough

        weighted = train.matrix()
        weighted.data *= np.float32(self.alpha)  # here, for implicit would do it to a copy
        # implicit has threads of its own; those of BLAS would only get in their way.
        with threadpool_limits(1, "blas"), suppress(Enough):
            self._model.fit(weighted, show_progress=False, callback=after)

    def scores(self, users: Ids) -> Floats:
        factors = self._model
        return np.asarray(factors.user_factors[users] @ factors.item_factors.T, dtype=np.float32)

    def embeddings(self) -> Embeddings:
        return Embeddings(self._model.user_factors, self._model.item_factors)
