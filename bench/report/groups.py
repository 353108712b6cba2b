"""The main figure of each model in each stratum of the tested users, as a table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bench.compare.strata import COLD, Grouping, Strata
from bench.report.scale import views
from bench.statistics.aligned import Aligned

FEWEST = 20  # users: a mean over fewer is not shown

TITLES = {
    "popularity": "test item in the",
    "history": "history of",
    "gap": "test item follows",
}


@dataclass(frozen=True)
class GroupCell:
    """A model in a stratum."""

    value: float
    strength: float  # in [0, 1], among the models of the stratum
    best: bool


@dataclass(frozen=True)
class Group:
    """A stratum, a column of the table."""

    title: str
    label: str
    users: int
    cells: dict[str, GroupCell]  # by the name on the board


def groups(aligned: Aligned, strata: Strata) -> list[Group]:
    """The columns of the table, of strata that have enough users."""
    means = {fits.name: fits.values().mean(axis=0) for fits in aligned.fits}  # [m] each
    found = []
    for grouping, place in _places(strata.values()):
        users = grouping.users(place)
        if int(users.sum()) < FEWEST:
            continue
        values = {name: float(figures[users].mean()) for name, figures in means.items()}
        axis, best = views(values.values()).competing, max(values.values())
        cells = {
            name: GroupCell(value, axis.share(value), value == best)
            for name, value in values.items()
        }
        title = TITLES.get(grouping.name, grouping.name)
        found.append(Group(title, grouping.labels[place], int(users.sum()), cells))
    return found


def _places(strata: Iterable[Grouping]) -> Iterator[tuple[Grouping, int]]:
    for grouping in strata:
        if grouping.name != COLD:  # a handful of users, where there are any
            yield from ((grouping, place) for place in range(len(grouping.labels)))
