"""Count and list the scores of a tile, some users by some items, compiled by numba.

What was found in the tiles before is carried on: counts are added to, and top lists are filled up.
"""

from typing import Any

import numpy as np
from numba.core import types
from numba.core.types import Array, boolean, float32, int32, int64

from bench.compilation import kernel, part
from bench.evaluation.rank_arrays import Pairs, Ranks

# Shapes: b rows, T items in a tile, I items in all, L entries of a top list, n pairs.
LINE = 128  # scores that are looked at one by one where one of them may be among the best
HIGHEST = np.finfo(np.float32).max
NONE = np.float32(-np.inf)  # the score of an item that is left out, and of none

_ids = Array(int32, 1, "C", readonly=True)
_counts = int64[::1]
_record: Any = types.NamedTuple  # numba has no types for mypy
_ranks = _record((*(_counts,) * 4, int32[:, ::1]), Ranks)
_pairs = _record((_counts, int32[::1], int32[::1]), Pairs)


@kernel(_pairs(_counts, _counts, _ids, int64, int64))
def by_tile(first: Any, beyond: Any, items: Any, width: Any, tiles: Any) -> Any:
    """Pairs of a row and an item of its items[first : beyond]; an item of -1 is none.

    Args:
        first, beyond: of each row, [b].
        items: [n].
        width: items of a tile.
        tiles: how many there are.
    """
    starts = np.zeros(tiles + 1, dtype=np.int64)
    for r in range(len(first)):
        for k in range(first[r], beyond[r]):
            if items[k] >= 0:
                starts[items[k] // width + 1] += 1
    for t in range(tiles):
        starts[t + 1] += starts[t]
    place = starts[:-1].copy()
    rows = np.empty(starts[tiles], dtype=np.int32)
    columns = np.empty(starts[tiles], dtype=np.int32)
    for r in range(len(first)):
        for k in range(first[r], beyond[r]):
            if items[k] >= 0:
                t = items[k] // width
                rows[place[t]], columns[place[t]] = r, items[k] - t * width
                place[t] += 1
    return Pairs(starts, rows, columns)


@part
def count(scores: Any, own: Any, bound: Any) -> Any:
    """How many of the scores [T] are higher than own, equal it, exceed the bound, are finite."""
    # Vectors hold twice as many of 32 bits as of 64.
    higher, equal, near, finite = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
    for i in range(len(scores)):
        x = scores[i]
        higher = np.int32(higher + np.int32(x > own))
        equal = np.int32(equal + np.int32(x == own))
        near = np.int32(near + np.int32(x > bound))
        finite = np.int32(finite + np.int32(abs(x) <= HIGHEST))  # no comparison holds for NaN
    return higher, equal, near, finite


@part
def exceed(scores: Any, bound: Any) -> Any:
    """How many of the scores exceed the bound."""
    near = np.int32(0)
    for i in range(len(scores)):
        x = scores[i]
        near = np.int32(near + np.int32(x > bound))
    return near


@part
def take_in(scores: Any, start: Any, values: Any, best: Any) -> Any:
    """Put the scores [T], of items from start on, into the top list of a row. [L], [L]"""
    last = len(best) - 1
    for first in range(0, len(scores), LINE):
        line = scores[first : first + LINE]
        if not exceed(line, values[last]):
            continue
        for j in range(len(line)):
            x = line[j]
            if x > values[last]:
                place = last
                while place and values[place - 1] < x:  # behind those that score as high
                    values[place], best[place] = values[place - 1], best[place - 1]
                    place -= 1
                values[place], best[place] = x, start + first + j


@kernel(
    boolean(
        *(float32[:, ::1], int64, int64, float32[::1], _ids, float32[::1]),
        *(int64, _pairs, _pairs, _ranks, float32[:, ::1]),
    )
)
def rank_tile(
    scores: Any,
    width: Any,
    start: Any,
    own: Any,
    held_out: Any,
    met: Any,
    tile: Any,
    out: Any,
    some: Any,
    ranks: Any,
    values: Any,
) -> Any:
    """Add what the scores of a tile tell to ranks.

    Args:
        scores: [b, T or more]; those of what is left out are overwritten.
        width: T.
        start: the tile's first item.
        own: [b], the scores that those of a row are compared with.
        held_out: [b], the items that they are of.
        met: [b]; where a held-out item is in the tile, its score is put there.
        tile: its number.
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
    for k in range(some.starts[tile], some.starts[tile + 1]):
        r, x = some.rows[k], scores[some.rows[k], some.columns[k]]
        some_higher[r] += x > own[r]
        some_equal[r] += x == own[r]
    k, beyond = out.starts[tile], out.starts[tile + 1]
    for each in range(k, beyond):
        if not abs(scores[out.rows[each], out.columns[each]]) <= HIGHEST:
            return False
    for r in range(len(held_out)):
        left = 0
        while k < beyond and out.rows[k] == r:  # one that occurs twice is left out once
            left += scores[r, out.columns[k]] != NONE
            scores[r, out.columns[k]] = NONE
            k += 1
        row = scores[r, :width]
        above, level, near, finite = count(row, own[r], values[r, -1])
        if finite + left != width:
            return False
        higher[r] += above
        equal[r] += level
        if near:
            take_in(row, start, values[r], best[r])
    return True
