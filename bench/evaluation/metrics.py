"""Metrics for one held-out item per user, from how many candidates score better, and as well.

Nothing here sorts. A held-out item with `better` candidates above it and `equal` tied with it
stands, over a random order of the ties, at each of the places better, ..., better + equal
(0 is first) with the same probability. Every metric is its expected value over that order, so a
constant model gets exactly k / candidates at HR@k. `pessimistic` and `optimistic` give the bounds.
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Values = NDArray[np.float64]


class Standing(NamedTuple):
    """Where the held-out items stand among their candidates. Arrays of one entry a user, [m]."""

    better: Counts  # candidates that score strictly higher
    equal: Counts  # other candidates with the same score
    candidates: Counts  # all of them, the held-out item included

    def pessimistic(self) -> Self:
        """Every tie goes against the model."""
        return self._replace(better=self.better + self.equal, equal=np.zeros_like(self.equal))

    def optimistic(self) -> Self:
        """Every tie goes for the model."""
        return self._replace(equal=np.zeros_like(self.equal))


def hit_rates(standing: Standing, k: int) -> Values:
    """For each user, the probability that the held-out item is among the top k. [m]"""
    places = standing.equal + 1
    return np.clip(k - standing.better, 0, places) / places


def ndcgs(standing: Standing, k: int) -> Values:
    """For each user, the expected 1 / log2(place + 2) within the top k, 0 beyond. [m]

    With one relevant item the ideal DCG is 1 (Jarvelin & Kekalainen 2002).
    """
    return _expected_gain(standing, k, 1 / np.log2(np.arange(k) + 2))


def reciprocal_ranks(standing: Standing, k: int | None = None) -> Values:
    """For each user, the expected 1 / (place + 1) within the top k, or anywhere. [m]"""
    if k is None:
        k = int(standing.candidates.max(initial=0))
    return _expected_gain(standing, k, 1 / (np.arange(k) + 1))


def _expected_gain(standing: Standing, k: int, gains: Values) -> Values:
    """The mean of gains over the tied places; gains is [k], places from k on gain nothing."""
    up_to = np.r_[0.0, np.cumsum(gains)]  # up_to[p] = gains of the places before p
    first = np.minimum(standing.better, k)
    beyond = np.minimum(standing.better + standing.equal + 1, k)
    return np.asarray((up_to[beyond] - up_to[first]) / (standing.equal + 1))


def standard_error(values: Values) -> float:
    """Standard error of the mean of values over users; 0 for a single user."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def gini(counts: NDArray[np.int64]) -> float:
    """Gini coefficient: 0 when all items are recommended equally often, near 1 when one is."""
    total = counts.sum()
    if total == 0:
        return 0.0
    ascending = np.sort(counts)
    n = len(counts)
    weights = 2 * np.arange(1, n + 1) - n - 1
    return float((weights * ascending).sum() / (n * total))
