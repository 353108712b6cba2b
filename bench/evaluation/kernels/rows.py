"""Count and list the scores of whole rows, compiled by numba."""

from typing import Any

import numpy as np
from numba.core.types import Array, boolean, float32, int32

from bench.compilation import kernel, part
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
    take_in,
)
from bench.evaluation.rank_arrays import TILE

# Shapes: b rows, I items, t tiles of a row, L entries of a top list.
GROUPS = 64  # of lanes; the maxima of them bound the scores that can be among the best


@part
def count_some(row: Any, items: Any, own: Any) -> Any:
    """How many of the items score higher than own, and how many equal it."""
    higher, equal = 0, 0
    for item in items:
        if item >= 0:
            higher += row[item] > own
            equal += row[item] == own
    return higher, equal


@part
def raise_to(maxima: Any, numbers: Any) -> None:
    """Raise each of the maxima [LANES] to the number at its place, where that is higher."""
    for j in range(LANES):
        maxima[j] = numbers[j] if numbers[j] > maxima[j] else maxima[j]


@part
def lower_bound(maxima: Any, groups: Any, ahead: Any, length: Any) -> Any:
    """A score that `length` scores of the row reach, if it has so many that are not left out.

    It is the `length`-th highest of the maxima of the groups; ahead counts those above each.
    """
    if length > GROUPS:
        return LOWEST
    for g in range(GROUPS):
        one, other = maxima[g], maxima[GROUPS + g]
        groups[g], ahead[g] = one if one > other else other, 0
    for g in range(GROUPS):
        for other in range(GROUPS):
            ahead[other] += np.int32(groups[other] < groups[g])
    bound = np.float32(np.inf)
    for g in range(GROUPS):
        if ahead[g] < length and groups[g] < bound:
            bound = groups[g]
    return max(bound, LOWEST)


_floats = Array(float32, 2, "C", readonly=True)
_ids = Array(int32, 1, "C", readonly=True)
_some = Array(int32, 2, "C", readonly=True)


@kernel(boolean(_floats, float32[::1], COUNTS, COUNTS, _ids, _some, RANKS))
def rank(scores: Any, own: Any, first: Any, beyond: Any, out: Any, some: Any, ranks: Any) -> Any:
    """Fill ranks, which `bench.evaluation.ranks` describes.

    Args:
        scores: [b, I].
        own: [b], the score that those of a row are compared with.
        first, beyond, out: the items that each row leaves out, see `LeftOut`; they are no tuple
            here, in which numba would not take an array of ids that may be written to.
        some: [b, c], items that some counts are of; -1 for none.

    Returns:
        Whether all scores are finite. Where one is not, the outcome means nothing.
    """
    higher, equal, some_higher, some_equal, best = ranks
    many = (scores.shape[1] + TILE - 1) // TILE
    tiles = np.empty((many, DEPTH, LANES), dtype=np.float32)  # [t, DEPTH, LANES]
    row = tiles.reshape(tiles.size)
    for i in range(scores.shape[1], len(row)):
        row[i] = NONE
    cells, maxima = np.empty((many, LANES), dtype=np.float32), np.empty(LANES, dtype=np.float32)
    groups, ahead = np.empty(GROUPS, dtype=np.float32), np.empty(GROUPS, dtype=np.int32)
    lanes, found = np.empty(LANES, dtype=np.int32), np.empty(len(row), dtype=np.int32)
    values = np.empty(best.shape[1], dtype=np.float32)
    for r in range(len(scores)):
        mine = own[r]
        above, level, finite = copy_and_count(scores[r], mine, row)
        if not finite:
            return False
        some_higher[r], some_equal[r] = count_some(row, some[r], mine)
        for k in range(first[r], beyond[r]):
            x = row[out[k]]
            above -= x > mine
            level -= x == mine
            row[out[k]] = NONE  # so an item that occurs twice is subtracted once
        higher[r], equal[r] = above, level
        maxima[:], values[:], best[r] = NONE, NONE, -1
        for t in range(many):
            highest_of_lanes(tiles[t], cells[t])
            raise_to(maxima, cells[t])
        bound = lower_bound(maxima, groups, ahead, len(values))
        near = lanes[: lanes_that_reach(maxima, bound, lanes)]
        n = 0
        for t in range(many):
            n = items_that_reach(tiles[t], cells[t], near, bound, t * TILE, found, n)
        take_in(row, 0, found[:n], values, best[r])
    return True
