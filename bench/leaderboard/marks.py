"""Marks behind the name of a row whose figures need a word of caution."""

from collections.abc import Callable
from typing import NamedTuple

from bench.leaderboard.rows import DRIFT_BOUND, BoardRow


class Mark(NamedTuple):
    """A sign, the rows that have it, and what it says below the table."""

    sign: str
    on: Callable[[BoardRow], bool]
    meaning: str


MARKS = (
    Mark(
        "¹",
        lambda row: row.fewer_seeds,
        "one fit: one seed alone, so error and tier are of this fit and not of the model",
    ),
    Mark(
        "°",
        lambda row: row.uses_order,
        "uses the order of a user's items; the other rows see a set of them",
    ),
    Mark(
        "†",
        lambda row: row.tie_sensitive,
        "many equal scores: another order of ties would move HR@10 or NDCG@10 by over 0.001",
    ),
    Mark(
        "‡",
        lambda row: row.busy,
        "CPU time and wall time of training disagree: other work was running, "
        "or more threads than were asked for",
    ),
    Mark(
        "§",
        lambda row: row.drifted,
        "the speed of the machine changed: the reference kernel took over "
        f"{DRIFT_BOUND:.0%} longer on one side of the cell than on the other, "
        "or was not timed on both",
    ),
)


def signs(row: BoardRow) -> str:
    """The signs of a row, as "†§"; "" for most rows."""
    return "".join(mark.sign for mark in MARKS if mark.on(row))
