"""Count and list the scores of a tile, some users by some items, compiled by numba.

What was found in the tiles before is carried on: counts are added to, and top lists are filled up.
"""

from typing import Any

import numpy as np
from numba.core import types
from numba.core.types import Array, boolean, float32, int32, int64

from bench.compilation import kernel
from bench.evaluation.kernels.parts import (
    COUNTS,
    DEPTH,
    LANES,
    LOWEST,
    NONE,
    RANKS,
    copy_and_count,
    highest_of_lanes,
    items_that_reach,
    lanes_that_reach,
    reach,
    take_in,
)
from bench.evaluation.rank_arrays import TILE, Pairs

# Shapes: b rows, T items in a tile, L entries of a top list, n pairs.
_ids = Array(int32, 1, "C", readonly=True)
_record: Any = types.NamedTuple  # numba has no types for mypy
_pairs = _record((COUNTS, int32[::1], int32[::1]), Pairs)


@kernel(_pairs(COUNTS, COUNTS, _ids, int64))
def by_tile(first: Any, beyond: Any, items: Any, tiles: Any) -> Any:
    """Pairs of a row and an item of its items[first : beyond]; an item of -1 is none.

    Args:
        first, beyond: of each row, [b].
        items: [n].
        tiles: how many there are.
    """
    starts = np.zeros(tiles + 1, dtype=np.int64)
    for r in range(len(first)):
        for k in range(first[r], beyond[r]):
            if items[k] >= 0:
                starts[items[k] // TILE + 1] += 1
    for t in range(tiles):
        starts[t + 1] += starts[t]
    place = starts[:-1].copy()
    rows = np.empty(starts[tiles], dtype=np.int32)
    columns = np.empty(starts[tiles], dtype=np.int32)
    for r in range(len(first)):
        for k in range(first[r], beyond[r]):
            if items[k] >= 0:
                t = items[k] // TILE
                rows[place[t]], columns[place[t]] = r, items[k] - t * TILE
                place[t] += 1
    return Pairs(starts, rows, columns)


@kernel(
    boolean(
        *(Array(float32, 2, "C", readonly=True), int64, int64, float32[::1], _ids, float32[::1]),
        *(int64, _pairs, _pairs, RANKS, float32[:, ::1]),
    )
)
def rank_tile(
    scores: Any,
    width: Any,
    start: Any,
    own: Any,
    held_out: Any,
    met: Any,
    number: Any,
    out: Any,
    some: Any,
    ranks: Any,
    values: Any,
) -> Any:
    """Add what the scores of a tile tell to ranks.

    Args:
        scores: [b or more, TILE].
        width: T, the first of these columns that are items.
        start: the tile's first item.
        own: [b], the scores that those of a row are compared with.
        held_out: [b], the items that they are of.
        met: [b]; where a held-out item is in the tile, its score is put there.
        number: of the tile.
        out: pairs that are left out.
        some: pairs that are counted apart, also where they are left out.
        ranks: of these rows, as `bench.evaluation.rank_arrays` describes.
        values: [b, L], the scores of the top lists, -infinity for none.

    Returns:
        Whether all scores are finite. Where one is not, the outcome means nothing.
    """
    higher, equal, some_higher, some_equal, best = ranks
    for r in range(len(held_out)):
        column = held_out[r] - start
        if 0 <= column < width:
            met[r] = scores[r, column]
    for k in range(some.starts[number], some.starts[number + 1]):
        r, x = some.rows[k], scores[some.rows[k], some.columns[k]]
        some_higher[r] += x > own[r]
        some_equal[r] += x == own[r]
    tile, cells = np.full((DEPTH, LANES), NONE), np.empty(LANES, dtype=np.float32)
    row = tile.reshape(TILE)
    lanes, found = np.empty(LANES, dtype=np.int32), np.empty(TILE, dtype=np.int32)
    k, beyond = out.starts[number], out.starts[number + 1]
    for r in range(len(held_out)):
        mine = own[r]
        above, level, finite = copy_and_count(scores[r, :width], mine, row)
        if not finite:
            return False
        while k < beyond and out.rows[k] == r:
            x = row[out.columns[k]]
            above -= x > mine
            level -= x == mine
            row[out.columns[k]] = NONE  # so an item that occurs twice is subtracted once
            k += 1
        higher[r] += above
        equal[r] += level
        highest_of_lanes(tile, cells)
        bound = max(values[r, -1], LOWEST)
        if reach(cells, bound):
            near = lanes[: lanes_that_reach(cells, bound, lanes)]
            n = items_that_reach(tile, cells, near, bound, start, found, 0)
            take_in(row, start, found[:n], values[r], best[r])
    return True
