"""MF: matrix factorisation with biases by logistic loss (Rendle et al., RecSys 2020).

From "Neural collaborative filtering vs. matrix factorization revisited", with two differences: no
observed item is drawn as a negative, and the steps of a pair and its negatives follow each other,
with the pairs in random order, where the authors shuffle all steps.
"""

from dataclasses import dataclass

import numpy as np

from bench.adapter import tolerate
from bench.interactions import Ids, Interactions
from bench.space import choice, log, space, whole

from .shared.kernels.sgd import Factors, pointwise_epoch
from .shared.kernels.untouched import Samples, Untouched
from .shared.sgd import FactorsBySGD


@dataclass(kw_only=True)
class MF(FactorsBySGD):
    """Logit bias + b_u + b_i + p_u . q_i, towards 1 for observed pairs and 0 for negatives."""

    negatives: int = 8  # for each observed pair

    search = space(
        factors=choice(16, 32, 64, 96, 128),
        negatives=whole(2, 16),
        epochs=whole(10, 300, log=True),
        learning_rate=log(1e-3, 0.05),
        l2=log(1e-3, 0.05),
    )
    tolerances = tolerate("users", "items", "rows", hit_rate=0.03, why="it draws in their order")

    def _epoch(
        self,
        order: Ids,
        train: Interactions,
        untouched: Untouched,
        factors: Factors,
        seed: np.uint64,
    ) -> tuple[int, float]:
        if self.negatives < 0:
            raise ValueError(f"mf: negatives must be 0 or more, not {self.negatives}")
        samples = Samples(train.users, train.items, untouched, self.negatives)
        total = pointwise_epoch(order, samples, factors, self.learning_rate, self.l2, seed)
        count = len(order) * (1 + self.negatives)
        return count, total / max(count, 1)
