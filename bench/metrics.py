"""Metrics for one held-out item per user, from how many candidates score better, and as well.

Nothing here sorts. A held-out item with `better` candidates above it and `equal` tied with it
stands, over a random order of the ties, at each of the places better, ..., better + equal
(0 is first) with the same probability. Every metric is its expected value over that order, so a
constant model gets exactly k / candidates at HR@k. `pessimistic` and `optimistic` give the bounds.
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

CUTOFFS = (1, 5, 10, 20, 50, 100)

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


def summary(standing: Standing, prefix: str = "") -> dict[str, float]:
    """The means over users: hr_at_k, ndcg_at_k and mrr_at_k for every cutoff, and mrr.

    At 10 there are also the standard error over users (`_se`) and, for the worst and the best
    order of the ties, `_low` and `_high`.
    """
    found: dict[str, float] = {}
    for k in CUTOFFS:
        found[f"{prefix}hr_at_{k}"] = float(hit_rates(standing, k).mean())
        found[f"{prefix}ndcg_at_{k}"] = float(ndcgs(standing, k).mean())
        found[f"{prefix}mrr_at_{k}"] = float(reciprocal_ranks(standing, k).mean())
    found[f"{prefix}mrr"] = float(reciprocal_ranks(standing).mean())
    for name, metric in (("hr_at_10", hit_rates), ("ndcg_at_10", ndcgs)):
        found[f"{prefix}{name}_se"] = standard_error(metric(standing, 10))
        found[f"{prefix}{name}_low"] = float(metric(standing.pessimistic(), 10).mean())
        found[f"{prefix}{name}_high"] = float(metric(standing.optimistic(), 10).mean())
    return found
