"""Rank users by dot products, a tile of them by a tile of the catalogue at a time.

All products have one shape, whatever the numbers of users, items and threads: BLAS rounds the
score of a pair by the place that it has in its product. A held-out item is compared by the score
that it has in its own tile.
"""

from time import perf_counter
from typing import NamedTuple

import numpy as np

from bench.adapter import Embeddings
from bench.evaluation.rank_arrays import TILE, LeftOut, Pairs, Ranks
from bench.evaluation.ranks import NotFinite
from bench.interactions import Floats, Ids

# Shapes: b users of a block, I items, D numbers of a vector, L entries of a top list.
USERS, ITEMS = 256, TILE  # of a tile: 1 MB of scores


class Block(NamedTuple):
    """Some users, up to 256, and what is asked of them."""

    users: Ids  # [b]
    held_out: Ids  # [b]
    left_out: LeftOut
    some: Ids  # items that are counted apart, [b, c]; -1 for none


class TileRanker:
    """Ranks by the products of vectors, with top lists of a length. Threads may share it.

    numba is loaded when the first is made.
    """

    def __init__(self, vectors: Embeddings, length: int) -> None:
        from bench.evaluation.kernels import tiles

        self._kernels, self._length = tiles, length
        self._users, self._items = vectors.users, vectors.items
        n_items, width = vectors.items.shape
        self._whole = n_items // ITEMS * ITEMS
        self._tiles = -(-n_items // ITEMS)
        self._rest = np.zeros((ITEMS, width), dtype=np.float32)  # of items, in the last tile
        self._rest[: n_items - self._whole] = vectors.items[self._whole :]

    def rank(self, block: Block) -> tuple[Ranks, float]:
        """What is known of a block, and the seconds that the products took.

        Raises:
            NotFinite: a score is.
        """
        vectors = np.zeros((USERS, self._users.shape[1]), dtype=np.float32)
        vectors[: len(block.users)] = self._users[block.users]
        with np.errstate(all="ignore"):  # of scores that are not finite the caller is told
            return self._rank(vectors, block)

    def _rank(self, vectors: Floats, block: Block) -> tuple[Ranks, float]:
        started = perf_counter()
        own = self._own(vectors, block.held_out)
        seconds = perf_counter() - started
        ranks, met, taken = self._once(vectors, own, block)
        seconds += taken
        if not np.array_equal(met, own):  # it was rounded otherwise in the tile
            ranks, _, taken = self._once(vectors, met, block)
            seconds += taken
        return ranks, seconds

    def _own(self, vectors: Floats, held_out: Ids) -> Floats:
        """The scores of the held-out items, most likely as their tiles have them. [b]"""
        columns = np.zeros((ITEMS, vectors.shape[1]), dtype=np.float32)
        columns[: len(held_out)] = self._items[held_out]
        return np.diagonal(vectors @ columns.T)[: len(held_out)].copy()

    def _once(self, vectors: Floats, own: Floats, block: Block) -> tuple[Ranks, Floats, float]:
        """Ranks against these own scores, those that the tiles have, [b], and seconds."""
        b, c = block.some.shape
        starts = np.arange(b, dtype=np.int64) * c
        out = self._by_tile(block.left_out)
        some = self._by_tile(LeftOut(starts, starts + c, block.some.ravel()))
        higher, equal, some_higher, some_equal = np.zeros((4, b), dtype=np.int64)
        best = np.full((b, self._length), -1, dtype=np.int32)
        ranks = Ranks(higher, equal, some_higher, some_equal, best)
        values = np.full((b, self._length), -np.inf, dtype=np.float32)
        scores, met = np.empty((USERS, ITEMS), dtype=np.float32), own.copy()
        seconds = 0.0
        for tile in range(self._tiles):
            start = tile * ITEMS
            items = self._rest if start == self._whole else self._items[start : start + ITEMS]
            began = perf_counter()
            np.matmul(vectors, items.T, out=scores)
            seconds += perf_counter() - began
            finite = self._kernels.rank_tile(
                *(scores, min(ITEMS, len(self._items) - start), start, own, block.held_out, met),
                *(tile, out, some, ranks, values),
            )
            if not finite:
                raise NotFinite
        return ranks, met, seconds

    def _by_tile(self, pairs: LeftOut) -> Pairs:
        found: Pairs = self._kernels.by_tile(*pairs, self._tiles)
        return found
