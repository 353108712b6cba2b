"""Where a model is weak: in each stratum of users, beside the best of others there."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bench.compare.choice import Candidate
from bench.compare.pair import FEWEST
from bench.compare.strata import Strata


class Spot(NamedTuple):
    """A stratum, with the figure of the model and of the best there."""

    grouping: str
    label: str
    share: float  # of the users
    own: float
    best: str  # of all that are compared, perhaps the model itself
    its: float


def spots(taken: Candidate, others: Sequence[Candidate], strata: Strata) -> list[Spot]:
    """Every stratum with enough users, and as many beside it.

    Args:
        taken: the model.
        others: those that it is compared with; it may be among them.
        strata: of the same users.
    """
    found = []
    for grouping in strata.values():
        for group, label in enumerate(grouping.labels):
            users = grouping.users(group)
            if not FEWEST <= users.sum() <= len(users) - FEWEST:
                continue
            means = {each.name: float(each.users[users].mean()) for each in (taken, *others)}
            best = max(means, key=means.__getitem__)
            share = float(np.mean(users))
            spot = Spot(grouping.name, label, share, means[taken.name], best, means[best])
            found.append(spot)
    return found
