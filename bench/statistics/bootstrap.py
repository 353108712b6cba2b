"""Bootstrap over users, with the seeds inside: intervals, and how often a model is first.

A draw takes as many users as there are, with replacement, the same ones for all models. The seeds
of a model, two or three mostly, are too few to be drawn from: a draw of them counts what single
users do once more (Owen 2007, the pigeonhole bootstrap). Instead each draw moves a model's mean by
a normal variable with the error that its seeds have beyond the users (`bench.statistics.seeds`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.statistics.seeds import LEVEL, seed_part

DRAWS = 2000
AT_ONCE = 100  # draws whose users are in memory
SEED = 1
ROUNDING = 1e-12  # of a mean
PODIUM = 3


@dataclass(frozen=True)
class Bootstrap:
    """Means of K models over B draws of users and seeds."""

    draws: NDArray[np.float64]  # [B, K]

    def intervals(self) -> NDArray[np.float64]:
        """Low and high end of the 95 % interval of each mean. [K, 2]"""
        return np.quantile(self.draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0).T

    def interval_of_difference(self, first: int, second: int) -> tuple[float, float]:
        """The 95 % interval of the first model's mean less the second's."""
        difference = self.draws[:, first] - self.draws[:, second]
        low, high = np.quantile(difference, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return float(low), float(high)

    def among_first(self, places: int) -> NDArray[np.float64]:
        """Share of draws in which fewer than so many models are better. [K]"""
        k = self.draws.shape[1]
        last = np.partition(self.draws, max(0, k - places), axis=1)[:, max(0, k - places)]
        return np.asarray((self.draws >= last[:, None]).mean(axis=0))


def bootstrap(values: Sequence[NDArray[np.float64]], draws: int = DRAWS) -> Bootstrap:
    """Draw users and seeds. The same values give the same draws.

    Args:
        values: of each of K models the figure of each of m users in each fit, [seeds, m].
        draws: how many.
    """
    means = np.array([of_model.mean(axis=0) for of_model in values]).T  # [m, K]
    m, k = means.shape
    rng = np.random.default_rng(SEED)
    found = np.empty((draws, k))
    for start in range(0, draws, AT_ONCE):
        some = min(AT_ONCE, draws - start)
        users = rng.integers(0, m, (some, m)) + m * np.arange(some)[:, None]
        times = np.bincount(users.ravel(), minlength=some * m).reshape(some, m)
        found[start : start + some] = times @ means / m
    for model, of_model in enumerate(values):
        error = np.sqrt(seed_part(of_model).variance)
        if error > ROUNDING:  # or what equal seeds differ by would decide who gets which draws
            found[:, model] += error * rng.standard_normal(draws)
    return Bootstrap(found)
