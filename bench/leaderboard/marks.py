"""Marks behind the name of a row whose figures need a word of caution."""

from collections.abc import Callable
from typing import NamedTuple

from bench.leaderboard.rows import DRIFT_BOUND, NEARLY_ALL, BoardRow


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
        "easy",
        lambda row: row.few_candidates,
        "so few items that many users have fewer than 99 that they never touched: HR@10 and "
        "NDCG@10 are high whatever the model, 1.0000 ±0.0000 is no merit, and full HR@10 tells",
    ),
    Mark(
        "cannot",
        lambda row: row.cannot,
        f"tell cold items apart: {NEARLY_ALL:.0%} of the ranks or more are ties, HR@10 is chance",
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
    Mark(
        "¶",
        lambda row: row.other_machine,
        "other machine than most rows, for some seed or all (CPU, cores, instruction set or BLAS "
        "kernel): its times do not compare, and sums in another order can give other ranks",
    ),
    Mark(
        "≤",
        lambda row: row.side_by_side,
        "measured while other cells ran on the same machine (--jobs), which share its caches and "
        "memory: its times are upper bounds",
    ),
)


def signs(row: BoardRow) -> str:
    """The signs of a row, as "†§" or "† cannot"; "" for most rows."""
    found = [mark.sign for mark in MARKS if mark.on(row)]
    words = [sign for sign in found if sign.isalpha()]
    return " ".join(["".join(sign for sign in found if sign not in words), *words]).strip()
