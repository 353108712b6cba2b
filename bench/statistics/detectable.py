"""The smallest difference that a board can show."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from bench.evaluation.metrics import Values
from bench.statistics.seeds import LEVEL

POWER = 0.8


def detectable_difference(errors: Sequence[float] | Values, *, tests: int = 1) -> float:
    """The true difference of two models that a board of these users finds in 80 % of cases.

    It is (z of the test + z of the power) standard errors of a difference: 2.8 of them for two
    models that were named beforehand. For all pairs the test is Holm's first step.

    Args:
        errors: standard errors of paired differences; their median counts. Without any it is 0.
        tests: how many pairs are tested together.
    """
    if not len(errors):
        return 0.0
    z = ndtri([1 - (1 - LEVEL) / 2 / tests, POWER]).sum()
    return float(z * np.median(errors))
