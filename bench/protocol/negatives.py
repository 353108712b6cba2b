"""Negatives, and a sample of users, drawn by a counter-based generator: the same for every model.

A user's draws depend on the protocol's seed and the user's original id alone: not on other users,
on the order of the rows or on the number of a user or an item in this run. The n-th draw is
SplitMix64 (Steele, Lea & Flood 2014) at counter n, so any draw can be computed by itself.
"""

from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.interactions import Ids, Interactions
from bench.protocol.split import Split

NEGATIVES = 99
CELLS = 1 << 24  # of the users x items table of touched items that is held at a time: 16 MB

Draws = NDArray[np.int64]


class Negatives(NamedTuple):
    """For each tested user the items its held-out item is ranked against."""

    items: Ids  # [m, 99], -1 for none, where a user has fewer
    drawn: Draws  # [m], how many there are


def sample(split: Split, *, stream: str, count: int = NEGATIVES) -> Negatives:
    """Draw for each tested user `count` distinct items that it never touched in the split.

    Each set of that size is equally likely. A user with fewer untouched items gets all of them.
    Where the split has a pool, they are of the pool.

    Args:
        split: train, held-out items and what else is touched.
        stream: the protocol's seed, as text; another stream gives independent draws.
        count: negatives a user.
    """
    train = split.train
    # Places in the order of the ids, so that the numbers of items do not matter.
    by_id = np.argsort(train.item_ids, kind="stable").astype(np.int32)
    if split.pool is not None:
        by_id = by_id[split.pool[by_id]]
    place_of = np.full(train.n_items, -1, dtype=np.int32)
    place_of[by_id] = np.arange(len(by_id), dtype=np.int32)
    keys = keys_of_ids(train.user_ids[split.users].tolist(), stream)
    negatives = np.full((len(split.users), count), -1, dtype=np.int32)
    drawn = np.zeros(len(split.users), dtype=np.int64)
    step = min(max(1, CELLS // max(1, len(by_id))), max(1, len(split.users)))
    table = np.zeros((step, len(by_id)), dtype=bool)  # of touched places
    for start in range(0, len(split.users), step):
        rows = slice(start, start + step)
        pairs = _touched(split.take(rows), place_of)
        table[pairs] = True
        touched = table[: len(keys[rows])]
        untouched = len(by_id) - np.bincount(pairs[0], minlength=len(touched))
        places = _distinct_untouched(touched, untouched, keys[rows], count)
        negatives[rows] = np.where(places < 0, np.int32(-1), by_id[places])
        drawn[rows] = np.minimum(untouched, count)
        table[pairs] = False  # a new table, or this one cleared whole, would take far longer
    return Negatives(items=negatives, drawn=drawn)


def some_users(split: Split, count: int, *, stream: str) -> Split:
    """Draw `count` of the tested users; train stays as it is. All of them where there are fewer.

    Each user has a number that depends on the stream and the original id alone, and those with the
    smallest are taken: fewer are always some of more, and new users displace, but never reorder.
    """
    keys = keys_of_ids(split.train.user_ids[split.users].tolist(), stream)
    return split.take(np.sort(np.argsort(keys, kind="stable")[:count]))


def _touched(split: Split, place_of: Ids) -> tuple[Draws, Ids]:
    """Pairs of a row of the split's users and a place that they have touched, none twice. [n], [n]

    place_of is [n_items], -1 for an item without a place.
    """
    held_out = np.arange(len(split.users)), split.held_out
    further = [] if split.touched is None else [split.touched.pairs()]
    several = [train_pairs(split.train, split.users), held_out, *further]
    rows, items = (np.concatenate(column) for column in zip(*several, strict=True))
    places = place_of[items]
    return (rows, places) if split.pool is None else (rows[places >= 0], places[places >= 0])


def train_pairs(train: Interactions, users: Ids) -> tuple[Draws, Ids]:
    """The train items of these users: pairs of row in users and item. train is ordered by user."""
    first, beyond = train.rows_of(users)
    lengths = beyond - first
    rows = np.repeat(np.arange(len(users)), lengths)
    if len(users) and beyond[-1] - first[0] == len(rows):  # they stand side by side
        return rows, train.items[first[0] : beyond[-1]]
    skipped = first - (np.cumsum(lengths) - lengths)  # interactions of other users before these
    return rows, train.items[np.arange(len(rows)) + np.repeat(skipped, lengths)]


def keys_of_ids(ids: list[object], stream: str) -> NDArray[np.uint64]:
    """A 64-bit key for each original id, equal for the number 7 and the text "7"."""
    digests = (blake2b(f"{stream}/{each}".encode(), digest_size=8).digest() for each in ids)
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def _distinct_untouched(
    touched: NDArray[np.bool_], untouched: Draws, keys: NDArray[np.uint64], count: int
) -> Draws:
    """The first `count` distinct untouched places of each row's draws: [b, count], -1 for none."""
    places = np.full((len(keys), count), -1, dtype=np.int64)
    for row in np.flatnonzero(untouched <= count):
        places[row, : untouched[row]] = np.flatnonzero(~touched[row])
    pending = np.flatnonzero(untouched > count)
    length = count + count // 4 + 8  # enough for most users
    while len(pending):
        step = max(1, CELLS // length)
        short = []
        for start in range(0, len(pending), step):
            rows = pending[start : start + step]
            draws = _draws(keys[rows], length, touched.shape[1])
            hits = touched.ravel().take(rows[:, None] * touched.shape[1] + draws)
            fresh = ~hits & _first_in_row(draws)
            enough = fresh.sum(axis=1) >= count
            taken = fresh & (np.cumsum(fresh, axis=1) <= count)
            places[rows[enough]] = draws[enough][taken[enough]].reshape(-1, count)
            short.append(rows[~enough])
        pending = np.concatenate(short)
        length *= 2  # the longer sequence begins with the shorter one
    return places


def _draws(keys: NDArray[np.uint64], length: int, n: int) -> Draws:
    """Draws 0..length-1 of each key, uniform on 0..n-1 up to a bias of n / 2^32. [b, length]"""
    counters = np.arange(1, length + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    high = mixed(keys[:, None] + counters) >> np.uint64(32)
    return np.asarray((high * np.uint64(n)) >> np.uint64(32), dtype=np.int64)


def mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The last step of SplitMix64: other numbers, as if drawn, one for each."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _first_in_row(draws: Draws) -> NDArray[np.bool_]:
    """Mark the first occurrence of each value in its row. [b, n] -> [b, n]"""
    bits = draws.shape[1].bit_length()
    packed = draws << bits | np.arange(draws.shape[1])  # sorted far faster than argsorted
    packed.sort(axis=1)
    in_turn = packed >> bits
    is_first = np.ones_like(draws, dtype=bool)
    is_first[:, 1:] = in_turn[:, 1:] != in_turn[:, :-1]
    first = np.empty_like(is_first)
    np.put_along_axis(first, packed & ((1 << bits) - 1), is_first, axis=1)
    return first
