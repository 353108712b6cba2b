"""Arrays that ranking takes and gives: what a row leaves out, and what is known of it after."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from bench.interactions import Ids

TILE = 1024  # items of a tile

Counts = NDArray[np.int64]


class Ranks(NamedTuple):
    """What is known of b rows of scores. Items left out are not counted and not listed."""

    higher: Counts  # [b], scores higher than the row's own
    equal: Counts  # [b], scores equal to it, itself among them
    some_higher: Counts  # [b], the same of some items, also of those left out
    some_equal: Counts  # [b]
    best: Ids  # [b, length], best first, of equal ones the first in the catalogue; -1 for none


class LeftOut(NamedTuple):
    """The items that each of b rows leaves out: items[first[r] : beyond[r]]."""

    first: Counts  # [b]
    beyond: Counts  # [b]
    items: Ids  # anything outside of these ranges

    @classmethod
    def of_pairs(cls, rows: Counts, items: Ids, b: int) -> Self:
        """From pairs of a row, 0..b-1, and an item, in any order. [n], [n]"""
        order = np.argsort(rows, kind="stable")
        beyond = np.cumsum(np.bincount(rows, minlength=b))
        first = np.concatenate([[0], beyond[:-1]])
        return cls(first, beyond, np.asarray(items[order], dtype=np.int32))

    def pairs(self) -> tuple[Counts, Ids]:
        """What is left out as pairs of a row and an item, by ascending row. [n], [n]"""
        lengths = self.beyond - self.first
        rows = np.repeat(np.arange(len(lengths)), lengths)
        shifts = np.repeat(self.first - (np.cumsum(lengths) - lengths), lengths)
        return rows, self.items[np.arange(len(rows)) + shifts]


class Pairs(NamedTuple):
    """Pairs of a row and an item, by ascending tile of the catalogue, then row.

    Those of tile t are starts[t] : starts[t + 1]; a column counts from the tile's first item.
    """

    starts: Counts  # [tiles + 1]
    rows: Ids  # [n]
    columns: Ids  # [n]
