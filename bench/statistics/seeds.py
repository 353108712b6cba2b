"""The mean over users and seeds, and its error, which has a part of the users and one of the seeds.

The figure of user u in the fit with seed s is modelled as (two-way layout, both random; Searle,
Casella & McCulloch 1992, section 4.3)

    y[s, u] = mean + user[u] + seed[s] + rest[s, u].

All seeds meet the same users, so more seeds leave the part of the users as it is; where the fits
have little in common (random), it falls with the number of seeds, as it should. The variance of the
mean over S seeds and m users is

    var(user) / m + var(seed) / S + var(rest) / (S m).

The variance of the users' means over seeds, divided by m, estimates the first and the last term
together. The middle one is what the seeds' means vary by, beyond what the rest alone makes them:

    max(0, variance of the seeds' means - mean square of the rest / m) / S.

The sum of both variances without the subtraction would count the rest twice. One seed says nothing
of var(seed): the error is then that of this one fit.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit  # scipy.stats takes half a second to load

from bench.evaluation.metrics import Values

LEVEL = 0.95  # of intervals


class Estimate(NamedTuple):
    """A mean with its error."""

    mean: float
    se: float
    low: float  # 95 % interval
    high: float
    df: float  # degrees of freedom of se


def mean_over_seeds(values: NDArray[np.float64]) -> Estimate:
    """The mean of a figure over users and seeds.

    Args:
        values: [seeds, m], at least 1 and 2; a row is a fit.
    """
    users = values.mean(axis=0)  # [m]
    return estimate(float(users.mean()), error_of_users(users), [seed_part(values)], len(users))


def error_of_users(users: Values) -> float:
    """Variance of the mean of the users' values, [m]."""
    return float(users.var(ddof=1) / len(users))


class SeedPart(NamedTuple):
    """What seeds add to the variance of a mean."""

    variance: float = 0.0
    spread: float = 0.0  # half the variance of that estimate, for the degrees of freedom


def seed_part(values: NDArray[np.float64]) -> SeedPart:
    """The part of the seeds in the variance of the mean of values, [seeds, m]."""
    seeds, m = values.shape
    if seeds < 2:
        return SeedPart()
    of_seeds = values.mean(axis=1)
    rest = values - values.mean(axis=0) - (of_seeds - of_seeds.mean())[:, None]
    rest_square = float((rest**2).sum() / ((seeds - 1) * (m - 1)))
    between = float(of_seeds.var(ddof=1))
    beyond = between - rest_square / m
    if beyond <= 0:
        return SeedPart()
    return SeedPart(beyond / seeds, (between / seeds) ** 2 / (seeds - 1))


def estimate(mean: float, of_users: float, of_seeds: list[SeedPart], m: int) -> Estimate:
    """A mean, or a difference of means, with the parts of its variance put together.

    The degrees of freedom are Welch's and Satterthwaite's (1946) for a sum of variances.

    Args:
        of_users: variance, of m users.
        of_seeds: of each model in it.
    """
    variance = of_users + sum(part.variance for part in of_seeds)
    spread = of_users**2 / (m - 1) + sum(part.spread for part in of_seeds)
    df = variance**2 / spread if spread > 0 else m - 1.0
    se = float(np.sqrt(variance))
    half = float(stdtrit(df, (1 + LEVEL) / 2)) * se
    return Estimate(mean, se, mean - half, mean + half, df)


def p_of(found: Estimate) -> float:
    """Two-sided p of Student's t for a mean of 0; 1 where nothing differs at all."""
    if found.se == 0:
        return 1.0 if found.mean == 0 else 0.0
    return float(2 * stdtr(found.df, -abs(found.mean) / found.se))
