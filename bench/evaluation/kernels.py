"""Count and list the scores of a row in one go, compiled by numba.

A row is copied into a buffer that stays in the first cache, where it is gone over a few times with
vector instructions. Only the few scores that can be among the best are looked at one by one.
"""

from typing import Any

import numpy as np
from numba.core import types
from numba.core.types import Array, boolean, float32, int32, int64, void

from bench.compilation import kernel, part
from bench.evaluation.rank_arrays import Ranks

# Shapes: b rows, I items, K lines of LANES scores in the buffer, L entries of a top list.
LANES = 128
GROUPS = 64  # of lanes; the maxima of them bound the scores that can be among the best
LOWEST, HIGHEST = np.finfo(np.float32).min, np.finfo(np.float32).max
NONE = np.float32(-np.inf)  # the score of an item that is left out, and of none


@part
def copy_and_count(scores: Any, own: Any, row: Any) -> Any:
    """Copy scores [I] to the front of row; how many are higher than own, and how many equal it.

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
def count_some(row: Any, items: Any, own: Any) -> Any:
    """How many of the items score higher than own, and how many equal it."""
    higher, equal = 0, 0
    for item in items:
        if item >= 0:
            higher += row[item] > own
            equal += row[item] == own
    return higher, equal


@part
def raise_to(maxima: Any, numbers: Any) -> Any:
    """Raise each of the maxima to the number at its place, where that is higher."""
    for j in range(len(maxima)):
        maxima[j] = numbers[j] if numbers[j] > maxima[j] else maxima[j]


@part
def lower_bound(maxima: Any, groups: Any, ahead: Any, length: Any) -> Any:
    """A score that `length` scores of the row reach, if it has so many that are not left out.

    It is the `length`-th highest of the maxima of the groups; ahead counts those above each.
    """
    if length > GROUPS:
        return LOWEST
    for g in range(GROUPS):
        groups[g], ahead[g] = maxima[g], 0
    for first in range(GROUPS, LANES, GROUPS):
        raise_to(groups, maxima[first : first + GROUPS])
    for g in range(GROUPS):
        for other in range(GROUPS):
            ahead[other] += np.int32(groups[other] < groups[g])
    bound = np.float32(np.inf)
    for g in range(GROUPS):
        if ahead[g] < length and groups[g] < bound:
            bound = groups[g]
    return max(bound, LOWEST)


@part
def list_best(lines: Any, maxima: Any, bound: Any, found: Any, values: Any, best: Any) -> Any:
    """Fill best [L] from the scores that reach the bound.

    They are found without a branch: a processor would guess many of them wrong. found is
    [LANES + K * LANES], values [L].
    """
    lanes = 0
    for j in range(LANES):
        found[lanes] = j
        lanes += maxima[j] >= bound
    end = LANES
    for k in range(len(lines)):  # by ascending item
        for n in range(lanes):
            found[end] = k * LANES + found[n]
            end += lines[k, found[n]] >= bound
    last = len(best) - 1
    for place in range(len(best)):
        values[place], best[place] = NONE, -1
    row = lines.reshape(lines.size)
    for n in range(LANES, end):
        item = found[n]
        x = row[item]
        if x > values[last]:
            place = last
            while place and values[place - 1] < x:  # behind those that score as high
                values[place], best[place] = values[place - 1], best[place - 1]
                place -= 1
            values[place], best[place] = x, item


_floats = Array(float32, 2, "C", readonly=True)
_ids = Array(int32, 1, "C", readonly=True)
_some = Array(int32, 2, "C", readonly=True)
_counts = int64[::1]
_record: Any = types.NamedTuple  # numba has no types for mypy
_ranks = _record((*(_counts,) * 4, int32[:, ::1]), Ranks)


@kernel(boolean(_floats, float32[::1], _counts, _counts, _ids, _some, _ranks))
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
    lines = np.empty((scores.shape[1] // LANES + 1, LANES), dtype=np.float32)  # [K, LANES]
    row = lines.reshape(lines.size)
    for i in range(scores.shape[1], len(row)):
        row[i] = NONE
    maxima, groups = np.empty(LANES, dtype=np.float32), np.empty(GROUPS, dtype=np.float32)
    ahead = np.empty(GROUPS, dtype=np.int32)
    found = np.empty(LANES + len(row), dtype=np.int32)
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
        for j in range(LANES):
            maxima[j] = NONE
        for k in range(len(lines)):
            raise_to(maxima, lines[k])
        bound = lower_bound(maxima, groups, ahead, best.shape[1])
        list_best(lines, maxima, bound, found, values, best[r])
    return True


@kernel(void(_ids, int64[::1]))
def tally(ids: Any, counts: Any) -> None:
    """Add to counts [E] how often each of the ids occurs."""
    for i in range(len(ids)):
        counts[ids[i]] += 1
