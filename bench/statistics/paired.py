"""Two models on the same users: the paired difference. Call `paired_difference(first, second)`."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.errors import UsageError
from bench.statistics.seeds import error_of_users, estimate, p_of, seed_part

SAME = 1e-12  # figures this near are equal: sums of the same numbers in another order


class NotComparable(UsageError, ValueError):
    """Models, or their ledgers, that no test can compare."""


class PairedDifference(NamedTuple):
    """The first model less the second, over users and seeds."""

    mean: float
    se: float  # over users, and over seeds of both where there are two or more
    low: float  # 95 % interval
    high: float
    p: float  # two-sided, of this pair alone: where many pairs are looked at, see `tiers`
    first_better: int  # users
    second_better: int
    ties: int
    one_fit: bool  # one of them has one seed: the difference is of this fit


def paired_difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> PairedDifference:
    """The difference of two models' figures over the same m users.

    With one seed each it is Student's paired t test. The seeds of the two are independent of each
    other, also where they have the same numbers; see `bench.statistics.seeds` for the error.

    Args:
        first: figure of each user in each fit, [seeds, m]; a row is a seed.
        second: likewise, [its seeds, m], the users in the same order.

    Raises:
        NotComparable: they are not of the same users, or of fewer than two.
    """
    for values in (first, second):
        if values.ndim != 2 or not len(values):
            raise NotComparable(f"figures must be [seeds, users], not {values.shape}")
    m = first.shape[1]
    if second.shape[1] != m:
        raise NotComparable(f"{m} users cannot be compared with {second.shape[1]}")
    if m < 2:
        raise NotComparable("a comparison needs two shared users or more")
    users = first.mean(axis=0) - second.mean(axis=0)  # [m]
    parts = [seed_part(first), seed_part(second)]
    found = estimate(float(users.mean()), error_of_users(users), parts, m)
    first_better, second_better = int((users > SAME).sum()), int((users < -SAME).sum())
    return PairedDifference(
        mean=found.mean,
        se=found.se,
        low=found.low,
        high=found.high,
        p=p_of(found),
        first_better=first_better,
        second_better=second_better,
        ties=m - first_better - second_better,
        one_fit=min(len(first), len(second)) < 2,
    )
