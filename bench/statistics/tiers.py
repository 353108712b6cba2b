"""Tiers: the best model and all that are not told apart from it; then the same among the rest.

Whether two models are told apart is decided for all pairs of the board together
(`bench.statistics.randomisation`). Tests against the best model alone, with Holm's correction, put
more into lower tiers, but the best one is chosen by the same figures: among 22 equal models on 943
users some would be told apart from it on 20 % of boards, and not on 5 %.
"""

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.metrics import Values


def tiers(means: Values, told_apart: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The tier of each of K models, from 1. [K]

    A model of a lower tier may have the higher mean: its difference from the best one of the tier
    above is steadier over users.

    Args:
        means: [K], of the figure that the tests are about.
        told_apart: [K, K], see `PairTests.told_apart`.
    """
    found = np.zeros(len(means), dtype=np.int64)
    tier = 0
    while not found.all():
        tier += 1
        rest = np.flatnonzero(found == 0)
        best = rest[np.argmax(means[rest])]
        found[rest[~told_apart[best, rest]]] = tier
    return found
