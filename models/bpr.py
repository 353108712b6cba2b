"""BPR: matrix factorisation by Bayesian personalised ranking (Rendle et al., UAI 2009).

implicit has one too, but it draws negatives by popularity, where the paper draws them uniformly
(section 4.2), with two threads it gives other factors on each run, and it tells no loss.
"""

from dataclasses import dataclass

import numpy as np

from bench.interactions import Ids

from ._sgd import FactorsBySGD
from ._sgd_kernels import Factors, Untouched, pairwise_epoch


@dataclass(kw_only=True)
class BPR(FactorsBySGD):
    """b_i + p_u . q_i, larger for an observed item than for a negative (BPR-Opt, section 4.1).

    The paper draws observed pairs with replacement; here an epoch has each once.
    """

    epochs: int = 80
    learning_rate: float = 0.05
    l2: float = 0.01

    def _epoch(
        self, users: Ids, items: Ids, untouched: Untouched, factors: Factors, seed: np.uint64
    ) -> tuple[int, float]:
        total = pairwise_epoch(
            users, items, *untouched, *factors, self.learning_rate, self.l2, seed
        )
        return 2 * len(users), total / max(len(users), 1)  # the observed item, and a negative
