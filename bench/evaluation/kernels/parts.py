"""Parts of what ranks: count scores, and find the best of them.

A row is copied into tiles, of 8 lines of 128 scores each, which stay in the cache. All is gone over
with vector instructions; of 8 scores that stand below one another only the highest is kept, a cell,
and only where one can be among the best are the scores looked at one by one.
"""

from typing import Any

import numpy as np
from numba.core import types
from numba.core.types import int32, int64

from bench.compilation import part
from bench.evaluation.rank_arrays import TILE, Ranks

# Shapes: T scores of a row, L entries of a top list.
LANES = 128
DEPTH = TILE // LANES
LOWEST, HIGHEST = np.finfo(np.float32).min, np.finfo(np.float32).max
NONE = np.float32(-np.inf)  # the score of an item that is left out, and of none

COUNTS = int64[::1]
_record: Any = types.NamedTuple  # numba has no types for mypy
RANKS = _record((*(COUNTS,) * 4, int32[:, ::1]), Ranks)


@part
def copy_and_count(scores: Any, own: Any, row: Any) -> Any:
    """Copy scores [T] to the front of row; how many are higher than own, and how many equal it.

    Returns these and whether all scores are finite.
    """
    # Vectors hold twice as many of 32 bits as of 64.
    higher, equal, finite = np.int32(0), np.int32(0), np.int32(0)
    for i in range(len(scores)):
        x = scores[i]
        row[i] = x
        higher = np.int32(higher + np.int32(x > own))
        equal = np.int32(equal + np.int32(x == own))
        finite = np.int32(finite + np.int32(abs(x) <= HIGHEST))  # no comparison holds for NaN
    return higher, equal, finite == len(scores)


@part
def highest_of_lanes(tile: Any, cells: Any) -> None:
    """Fill cells [LANES] with the highest score of each lane of a tile, [DEPTH, LANES]."""
    for j in range(LANES):
        highest = tile[0, j]
        for d in range(1, DEPTH):
            highest = tile[d, j] if tile[d, j] > highest else highest
        cells[j] = highest


@part
def reach(cells: Any, bound: Any) -> Any:
    """How many of the cells [LANES] reach the bound."""
    many = np.int32(0)
    for j in range(LANES):
        many = np.int32(many + np.int32(cells[j] >= bound))
    return many


@part
def lanes_that_reach(cells: Any, bound: Any, lanes: Any) -> Any:
    """Put the lanes whose cells [LANES] reach the bound to the front of lanes [LANES]: how many."""
    many = 0
    for j in range(LANES):  # without a branch, which a processor would guess wrong
        lanes[many] = j
        many += cells[j] >= bound
    return many


@part
def items_that_reach(
    tile: Any, cells: Any, lanes: Any, bound: Any, start: Any, found: Any, many: Any
) -> Any:
    """Put the items of a tile whose scores reach the bound behind the first many of found.

    Args:
        tile: [DEPTH, LANES].
        cells: its highest of each lane, [LANES].
        lanes: in which one may reach it.
        bound: more than -infinity.
        start: the tile's first item.
        found: with room for all items of all lanes.
        many: how many have been found before.

    Returns:
        How many are found.
    """
    for j in lanes:
        if cells[j] >= bound:
            for d in range(DEPTH):
                found[many] = start + d * LANES + j
                many += tile[d, j] >= bound
    return many


@part
def take_in(row: Any, start: Any, items: Any, values: Any, best: Any) -> None:
    """Put items, in any order, into a top list: best first, of equal ones the first item.

    Args:
        row: scores, of items from start on.
        start: the number of its first item.
        items: [n].
        values: of the top list, [L], -infinity for none.
        best: its items, [L].
    """
    last = len(best) - 1
    for item in items:
        x = row[item - start]
        if x > values[last] or (x == values[last] and item < best[last]):
            place = last
            while place and (
                values[place - 1] < x or (values[place - 1] == x and best[place - 1] > item)
            ):
                values[place], best[place] = values[place - 1], best[place - 1]
                place -= 1
            values[place], best[place] = x, item
