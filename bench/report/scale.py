"""The part of an axis that is shown, so that a few far values do not squeeze all others."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

FAR, NEAR = 3.0, 1.5  # interquartile ranges beyond the quartiles (Tukey 1977, section 2D)
MARGIN = 0.04  # of the range that is shown


class Scale(NamedTuple):
    """The ends of an axis."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """Where a value stands on it, in [0, 1]; what is beyond an end stands at it."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


class Views(NamedTuple):
    """Three sections of the axis."""

    competing: Scale  # all but what is far below the others
    crowded: Scale  # where most models are
    everything: Scale


def views(values: Iterable[float]) -> Views:
    """What to show of some values, at least one."""
    found = np.sort(np.array(list(values), dtype=np.float64))
    first, third = np.quantile(found, [0.25, 0.75])
    spread = third - first
    near = found[(found >= first - NEAR * spread) & (found <= third + NEAR * spread)]
    competing, whole = _around(found[found >= first - FAR * spread]), _around(found)
    # Around equal values there is more room than around some that are nearly so.
    everything = Scale(min(whole.low, competing.low), max(whole.high, competing.high))
    return Views(competing=competing, crowded=_around(near), everything=everything)


def _around(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Scale:
    low, high = float(values.min()), float(values.max())
    margin = MARGIN * (high - low) or 0.01
    return Scale(low - margin, high + margin)
