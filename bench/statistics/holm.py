"""Holm's correction, for a few tests that share no draws: `holm(p)`."""

from collections.abc import Sequence

import numpy as np

from bench.evaluation.metrics import Values


def holm(p: Sequence[float]) -> Values:
    """Adjusted p values, of which those up to 5 % are significant together (Holm 1979). [t] -> [t]

    The probability that anything is found where nothing is is then at most 5 %, however the tests
    depend on each other.
    """
    given = np.asarray(p, dtype=float)
    order = np.argsort(given, kind="stable")
    steps = given[order] * np.arange(len(given), 0, -1)
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
