"""MF: matrix factorisation with biases by logistic loss (Rendle et al., RecSys 2020).

From "Neural collaborative filtering vs. matrix factorization revisited", with two differences: no
observed item is drawn as a negative, and the steps of a pair and its negatives follow each other,
with the pairs in random order, where the authors shuffle all steps.
"""

from dataclasses import dataclass

import numpy as np

from bench.interactions import Ids

from ._sgd import FactorsBySGD
from ._sgd_kernels import Factors, Untouched, pointwise_epoch


@dataclass(kw_only=True)
class MF(FactorsBySGD):
    """Logit bias + b_u + b_i + p_u . q_i, towards 1 for observed pairs and 0 for negatives."""

    negatives: int = 8  # for each observed pair

    def _epoch(
        self, users: Ids, items: Ids, untouched: Untouched, factors: Factors, seed: np.uint64
    ) -> tuple[int, float]:
        if self.negatives < 0:
            raise ValueError(f"mf: negatives must be 0 or more, not {self.negatives}")
        total = pointwise_epoch(
            users, items, *untouched, *factors, self.negatives, self.learning_rate, self.l2, seed
        )
        samples = len(users) * (1 + self.negatives)
        return samples, total / max(samples, 1)
