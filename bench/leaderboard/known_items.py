"""New people: the figures of each row side by side, by how many of their items are known."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from bench.leaderboard.sections import Section
from bench.protocol.new_users import ALL, FAMILY, NewUsers

FIGURE = "hr_at_10_expected"
MEANING = "exact HR@10 by how many items of a new person are known"


class Family(NamedTuple):
    """Sections of a data set that differ in how many items are known of new people, and in nothing.

    A row that lacks a figure for one of these numbers is none of it.
    """

    dataset: str
    protocol: str  # that stands for all of them, as "new-users-latest"
    latest: bool  # whether a person's latest items are known, or any
    known: tuple[int, ...]  # items, ascending
    lines: dict[str, tuple[float, ...]]  # exact HR@10 for each number, the best mean first


def families(board: Sequence[Section]) -> list[Family]:
    """All of a board. Sections of one number alone are none: there is nothing to compare."""
    found: dict[tuple[str, str, NewUsers], dict[int, Section]] = defaultdict(dict)
    for section in board:
        wanted = NewUsers.of(section.protocol) if section.protocol.startswith(FAMILY) else None
        if wanted is not None and wanted.shown not in (None, ALL):
            data = section.records[-1].data_sha256
            family = section.dataset, data, wanted._replace(shown=None)
            found[family][wanted.shown] = section
    return [
        _family(wanted, dict(sorted(several.items())))
        for (*_, wanted), several in found.items()
        if len(several) > 1
    ]


def _family(wanted: NewUsers, by_known: dict[int, Section]) -> Family:
    figures: dict[str, list[float]] = defaultdict(list)
    for section in by_known.values():
        for row in section.rows:
            if FIGURE in row.figures:
                figures[row.model].append(row.figures[FIGURE])
    whole = [(name, tuple(line)) for name, line in figures.items() if len(line) == len(by_known)]
    return Family(
        dataset=next(iter(by_known.values())).dataset,
        protocol=str(wanted),
        latest=wanted.latest,
        known=tuple(by_known),
        lines=dict(sorted(whole, key=lambda each: -fmean(each[1]))),
    )
