"""The ceiling of putting models together: hits that any of them has, and that two share.

A hit is a test item among the first 10 of all items that the user never touched, in the first fit
of each model. Where ties make it uncertain it counts by its probability.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from bench.evaluation.metrics import Values, hit_rates
from bench.statistics.aligned import Fits

K = 10


class Overlap(NamedTuple):
    """Two models, and the hits that both have as a share of those that either has (Jaccard)."""

    first: str
    second: str
    shared: float


class Ceiling(NamedTuple):
    """What models reach together at most."""

    models: tuple[str, ...]
    together: float  # share of users with a hit of any model
    alone: float  # the largest share of one
    best: str  # whose it is
    least: Overlap  # the pair with the fewest shared hits
    most: Overlap


def ceiling(models: Sequence[Fits]) -> Ceiling | None:
    """The ceiling of two models or more; None for fewer, or where there are no hits."""
    hits = {each.name: hit_rates(each.ledgers[0].full, K) for each in models}
    if len(hits) < 2 or not any(each.any() for each in hits.values()):
        return None
    overlaps = [
        Overlap(first, second, _shared(hits[first], hits[second]))
        for first, second in combinations(hits, 2)
    ]
    best = max(hits, key=lambda name: float(hits[name].mean()))
    return Ceiling(
        models=tuple(hits),
        together=float(np.max(list(hits.values()), axis=0).mean()),
        alone=float(hits[best].mean()),
        best=best,
        least=min(overlaps, key=lambda each: each.shared),
        most=max(overlaps, key=lambda each: each.shared),
    )


def _shared(first: Values, second: Values) -> float:
    either = np.maximum(first, second).sum()
    return float(np.minimum(first, second).sum() / either) if either else 1.0
