"""Two models of one board: by how much one is better, how surely, and for whom."""

from dataclasses import dataclass, replace
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.compare.strata import Strata
from bench.errors import UsageError
from bench.evaluation.metrics import Standing, Values
from bench.statistics.aligned import Aligned, Fits
from bench.statistics.detectable import detectable_difference
from bench.statistics.holm import holm
from bench.statistics.paired import PairedDifference, paired_difference
from bench.statistics.seeds import LEVEL, error_of_users, seed_part

FEWEST = 10  # users in a stratum that is tested, and beside it
EXAMPLES = 3  # users shown on each side


class SameModel(UsageError, ValueError):
    """A model is compared with itself."""


@dataclass(frozen=True)
class StratumDifference:
    """The difference among the users of one stratum."""

    grouping: str
    label: str
    stem: str  # of a sentence
    ending: str
    users: int
    share: float  # of all tested users
    difference: PairedDifference | None  # None where too few users are in it, or beside it
    p: float | None  # adjusted by Holm over all strata that are tested

    @property
    def significant(self) -> bool:
        return self.p is not None and self.p <= 1 - LEVEL


@dataclass(frozen=True)
class Example:
    """A user for whom the two differ much."""

    user: Any  # original ids
    item: Any
    first_place: float  # of the test item among all untouched items, 1 is first; mean over seeds
    second_place: float
    candidates: int
    difference: float  # of the figure


@dataclass(frozen=True)
class Pair:
    """Two models on the same users."""

    first: str
    second: str
    figure: str
    means: tuple[float, float]
    users: int
    seeds: tuple[int, int]
    difference: PairedDifference
    detectable: float  # the true difference that these users and seeds find in 80 % of cases
    seeds_needed: int | None  # of each, to find this difference; None: no number of seeds will
    users_needed: int  # the same in users like these, with endless seeds
    strata: tuple[StratumDifference, ...]
    examples: tuple[Example, ...]

    @property
    def significant(self) -> bool:
        return self.difference.p <= 1 - LEVEL


def pair(aligned: Aligned, figure: str, strata: Strata | None = None) -> Pair:
    """The first two models of what is aligned, with their difference in each stratum.

    Args:
        aligned: two models.
        figure: of `bench.statistics.user_figures.FIGURES`.
        strata: of the same users; none where the data are not at hand.

    Raises:
        SameModel: both are the same.
        NotComparable: there are fewer than two users.
    """
    one, other = aligned.fits[0], aligned.fits[-1]
    check_two(one.name, other.name)
    first, second = one.values(figure), other.values(figure)
    difference = paired_difference(first, second)
    return Pair(
        first=one.name,
        second=other.name,
        figure=figure,
        means=(float(first.mean()), float(second.mean())),
        users=len(aligned),
        seeds=(len(first), len(second)),
        difference=difference,
        detectable=detectable_difference([difference.se]),
        seeds_needed=_seeds_needed(first, second, difference.mean),
        users_needed=_users_needed(first, second, difference.mean),
        strata=tuple(_by_stratum(first, second, strata or {})),
        examples=tuple(_examples(aligned, one, other, first.mean(axis=0) - second.mean(axis=0))),
    )


def check_two(first: str, second: str) -> None:
    """Raise SameModel where two names are one."""
    if first == second:
        raise SameModel(f"{first} is compared with itself; name two models")


def _seeds_needed(first: Values, second: Values, mean: float) -> int | None:
    """The seeds of each that make this difference one that is found in 80 % of cases.

    More seeds make the part of the seeds smaller, and leave the part of the users as it is.
    """
    of_users = error_of_users(first.mean(axis=0) - second.mean(axis=0))
    of_a_seed = seed_part(first).variance * len(first) + seed_part(second).variance * len(second)
    left_to_seeds = (mean / detectable_difference([1.0])) ** 2 - of_users
    return max(1, ceil(of_a_seed / left_to_seeds)) if left_to_seeds > 0 else None


def _users_needed(first: Values, second: Values, mean: float) -> int:
    """How many users like these make this difference one that is found; 0 where there is none."""
    of_users = error_of_users(first.mean(axis=0) - second.mean(axis=0))
    if not mean:
        return 0
    shown = detectable_difference([sqrt(of_users)])
    users = first.shape[1] * (shown / mean) ** 2
    return max(2, ceil(float(users)))


def _by_stratum(first: Values, second: Values, strata: Strata) -> list[StratumDifference]:
    found: list[StratumDifference] = []
    for grouping in strata.values():
        for group, label in enumerate(grouping.labels):
            users = grouping.users(group)
            count = int(users.sum())
            tested = FEWEST <= count <= len(users) - FEWEST
            found.append(
                StratumDifference(
                    grouping=grouping.name,
                    label=label,
                    stem=grouping.stem,
                    ending=grouping.endings[group],
                    users=count,
                    share=count / len(users),
                    difference=(
                        paired_difference(first[:, users], second[:, users]) if tested else None
                    ),
                    p=None,
                )
            )
    return _corrected(found)


def _corrected(found: list[StratumDifference]) -> list[StratumDifference]:
    """The same with p values for all strata together."""
    p = iter(holm([each.difference.p for each in found if each.difference]))
    return [replace(each, p=float(next(p))) if each.difference else each for each in found]


def _examples(aligned: Aligned, one: Fits, other: Fits, users: Values) -> list[Example]:
    """Those for whom the first is most better, then those for whom the second is."""
    mine, theirs = _places(one), _places(other)
    # Of equal differences of the figure, the farther apart in places.
    farther = np.log(theirs) - np.log(mine)
    order = np.lexsort((-farther, -users))
    ends = [
        *[row for row in order[:EXAMPLES] if users[row] > 0],
        *[row for row in order[::-1][:EXAMPLES] if users[row] < 0],
    ]
    candidates = one.ledgers[0].full.candidates
    users_named, items_named = aligned.user_ids.tolist(), aligned.item_ids.tolist()
    return [
        Example(
            user=users_named[row],
            item=items_named[row],
            first_place=float(mine[row]),
            second_place=float(theirs[row]),
            candidates=int(candidates[row]),
            difference=float(users[row]),
        )
        for row in ends
    ]


def _places(fits: Fits) -> Values:
    """Place of each test item among all untouched items, ties by half, mean over seeds. [m]"""
    return np.asarray(np.mean([_place(each.full) for each in fits.ledgers], axis=0))


def _place(full: Standing) -> NDArray[np.float64]:
    return 1 + full.better + full.equal / 2
