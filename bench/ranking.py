"""Count and sort scores, block by block in buffers that stay in the processor's cache.

To go over all scores a few times costs as much as it did to compute them, where they are dot
products. So a block of rows is copied, then read from the cache only, and nothing is sorted but the
few scores that can be among the best.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.interactions import Floats, Ids

BLOCK_BYTES = 1 << 19  # of scores: half of a usual second-level cache
LINE = 64  # rows are padded to a multiple of this, so that each begins at a line of the cache
GROUPS = 256  # of columns; the maxima of them bound the scores that can be among the best
FEW = 64  # candidates for the top list of a row, on average, that are sorted all at once
LOWEST = np.finfo(np.float32).min

Counts = NDArray[np.int64]


class NotFinite(ValueError):
    """A score is NaN or infinite."""


class Ranks(NamedTuple):
    """What is known of b rows of scores. Items left out are not counted and not listed."""

    higher: Counts  # [b], scores higher than the row's own
    equal: Counts  # [b], scores equal to it, itself among them
    best: Ids  # [b, length], best first, of equal ones the first in the catalogue; -1 for none


class Ranker:
    """Ranks scores of n_items items, in buffers of 0.6 MB or of one row that it uses again."""

    def __init__(self, n_items: int, length: int) -> None:
        self._n_items, self._length = n_items, length
        # Always wider than n_items: numpy is slow to compare where rows join without a gap.
        self._width = (n_items // LINE + 1) * LINE
        rows = max(1, BLOCK_BYTES // (4 * self._width))
        self._scores = _aligned(rows, self._width, np.float32)
        self._flags = _aligned(rows, self._width, np.bool_)
        self._ones = np.ones(n_items, dtype=np.float32)
        self._words = np.arange(0, self._width // 8, 255)

    def rank(self, scores: Floats, own: Floats, out_rows: Counts, out_items: Ids) -> Ranks:
        """Rank b rows of scores; they are left as they are.

        Args:
            scores: [b, n_items].
            own: the score in each row that the others are compared with, [b].
            out_rows: with out_items the pairs of row and item to leave out, by ascending row.

        Raises:
            NotFinite: a score is.
        """
        step = len(self._scores)
        starts = np.arange(0, len(scores), step)
        parts = np.searchsorted(out_rows, [*starts, len(scores)])
        out = out_rows * self._width
        out += out_items
        higher, equal = np.empty((2, len(scores)), dtype=np.int64)
        found, values = [], []
        for start, first, beyond in zip(starts, parts, parts[1:], strict=False):
            rows = slice(start, start + step)
            block = self._filled(scores[rows], out[first:beyond] - start * self._width)
            higher[rows] = self._count(np.greater, block, own[rows])
            equal[rows] = self._count(np.equal, block, own[rows])
            candidates = self._candidates(block)
            found.append(candidates + start * self._width)
            values.append(self._scores.ravel().take(candidates))
        best = self._best(len(scores), np.concatenate(found), np.concatenate(values))
        return Ranks(higher, equal, best)

    def top(self, scores: Floats, out_items: Ids) -> Ids:
        """The best items of one row of scores, [1, n_items], in which these are left out."""
        found = self._candidates(self._filled(scores, out_items))
        return self._best(1, found, self._scores.ravel()[found])

    def _filled(self, scores: Floats, out: NDArray[np.integer]) -> Floats:
        """The rows in a block, [r, n_items], those at `out` at -infinity: below everything."""
        block = self._scores[: len(scores), : self._n_items]
        block[:] = scores
        with np.errstate(all="ignore"):
            # What is not finite shows in the sum. So may an overflow: only then look closely.
            sums = block @ self._ones
        if not (np.isfinite(sums).all() or np.isfinite(scores).all()):
            raise NotFinite
        self._scores.ravel()[out] = -np.inf
        return block

    def _count(self, compare: np.ufunc, block: Floats, other: Floats) -> Counts:
        """How many scores of each row compare with that of `other`. [r] -> [r]"""
        flags = self._compared(compare, block, other)
        # Eight flags are added at a time, each in a byte of a word; 255 words cannot overflow.
        sums = np.add.reduceat(flags.view(np.uint64), self._words, axis=1)
        return np.asarray(sums.view(np.uint8).sum(axis=1, dtype=np.int64))

    def _compared(self, compare: np.ufunc, block: Floats, other: Floats) -> NDArray[np.bool_]:
        """Which scores of each row compare with that of `other`, [r, width]."""
        flags = self._flags[: len(block)]
        compare(block, other[:, None], out=flags[:, : self._n_items])
        return flags

    def _candidates(self, block: Floats) -> Counts:
        """Where in the buffer, ravelled, the best of each row stand, and some more; ascending."""
        depth = self._n_items // GROUPS
        maxima = block
        if depth > 1:
            groups = block[:, : depth * GROUPS].reshape(len(block), depth, GROUPS)
            maxima = groups.max(axis=1)
        # At least `length` scores of the row reach this, if it has so many above -infinity.
        bound = np.sort(maxima, axis=1)[:, -self._length :][:, 0]
        flags = self._compared(np.greater_equal, block, np.maximum(bound, LOWEST))
        # Few flags are set: it is faster to find the words of eight that hold any.
        words = np.flatnonzero(flags.view(np.uint64).ravel() != 0)
        within = np.flatnonzero(flags.reshape(-1, 8)[words])
        found = 8 * words[within >> 3] + (within & 7)
        if len(found) <= FEW * len(block):
            return np.asarray(found)
        many = [row * self._width + top_of(each, self._length) for row, each in enumerate(block)]
        return np.concatenate(many)

    def _best(self, b: int, found: Counts, values: Floats) -> Ids:
        """The best of each row, from candidates [c] and their scores."""
        rows, items = np.divmod(found, self._width)
        counts = np.bincount(rows, minlength=b)
        places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        side_by_side = np.full((b, max(self._length, counts.max())), -np.inf, dtype=np.float32)
        theirs = np.full(side_by_side.shape, -1, dtype=np.int32)
        side_by_side[rows, places], theirs[rows, places] = values, items
        order = np.argsort(-side_by_side, axis=1, kind="stable")[:, : self._length]
        return np.take_along_axis(theirs, order, axis=1)


def _aligned(rows: int, width: int, dtype: Any) -> NDArray[Any]:
    """An array that begins at a line of the cache: comparing is then up to twice as fast."""
    size = rows * width * np.dtype(dtype).itemsize
    memory = np.zeros(size + LINE, dtype=np.uint8)
    first = -memory.ctypes.data % LINE
    return np.asarray(memory[first : first + size].view(dtype).reshape(rows, width))


def top_of(scores: Floats, length: int) -> Counts:
    """Where the best of one row stand, in ascending order; -infinity does not count.

    Of equal ones the first in the row are taken.
    """
    length = min(length, len(scores))
    last = max(np.partition(scores, -length)[-length], LOWEST)
    higher = np.flatnonzero(scores > last)
    tied = np.flatnonzero(scores == last)[: length - len(higher)]
    return np.sort(np.concatenate([higher, tied]))
