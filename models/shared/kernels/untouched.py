"""Random items that a user left untouched, compiled by numba."""

import math
from typing import NamedTuple, Self

import numpy as np
from numba.core.types import Array, int32, int64, uint8, uint64, void
from numba.core.types import NamedTuple as Record
from numpy.typing import NDArray

from bench.compilation import kernel, uncounted
from bench.interactions import Ids, Interactions

# A map of all pairs finds negatives in half the time, but takes a bit for each user and item.
MAP_BYTES = 64 * 2**20
GOLDEN = np.uint64(0x9E3779B97F4A7C15)

# Shapes: N observed pairs, K distinct ones, U users, I items.

ids_type = Array(int32, 1, "C", readonly=True)


@kernel(int64(ids_type, ids_type, int64[::1], int32[::1]))
def sort_by_user(users, items, starts, ordered):
    """Sort the distinct items of each user.

    Args:
        users, items: [N], the observed pairs.
        starts: [U + 1], all 0; becomes where each user starts in ordered.
        ordered: [N], becomes the items, as many as are returned.
    """
    n_users = len(starts) - 1
    for n in range(len(users)):
        starts[users[n] + 1] += 1
    for user in range(n_users):
        starts[user + 1] += starts[user]
    ends = starts[:-1].copy()
    for n in range(len(users)):
        ordered[ends[users[n]]] = items[n]
        ends[users[n]] += 1
    count = 0
    for user in range(n_users):
        some = np.sort(ordered[starts[user] : ends[user]])
        starts[user] = count
        for k in range(len(some)):
            if k == 0 or some[k] != some[k - 1]:
                ordered[count] = some[k]
                count += 1
    starts[n_users] = count
    return count


@kernel(void(int64[::1], int32[::1], uint8[:, ::1]))
def count_untouched_before(starts, items, observed):
    """Set a bit in observed for each pair, and replace each item by `before`: see Untouched."""
    for user in range(len(starts) - 1):
        for k in range(starts[user], starts[user + 1]):
            item = items[k]
            if len(observed):
                observed[user, item >> 3] |= np.uint8(1 << (item & 7))
            items[k] = item - (k - starts[user])


class Untouched(NamedTuple):
    """Which items each user has left untouched, in the form that the kernels draw them from.

    Items that nobody has in train are none of them: they are new, and not disliked.
    """

    starts: NDArray[np.int64]  # [U + 1], where each user starts in before
    before: Ids  # [K], for each observed item, sorted: how many untouched ones come before it
    observed: NDArray[np.uint8]  # [U, I / 8], a bit for each pair; [0, 0] where that is too much
    n_items: int  # I, items that occur in train
    numbers: Ids  # [I], of these in the catalogue; [0] where all of it occurs

    @classmethod
    def by(cls, train: Interactions, map_bytes: int = MAP_BYTES) -> Self:
        """The untouched items of each user of train, with a map of at most so many bytes."""
        starts = np.zeros(train.n_users + 1, dtype=np.int64)
        items = np.empty(len(train), dtype=np.int32)
        occurs = np.bincount(train.items, minlength=train.n_items) > 0
        numbers = np.flatnonzero(occurs).astype(np.int32)
        n_items, places = len(numbers), train.items
        if n_items == train.n_items:
            numbers = numbers[:0]
        else:
            places = (np.cumsum(occurs) - 1).astype(np.int32)[train.items]
        count = sort_by_user(train.users, places, starts, items)
        shape = (train.n_users, -(-n_items // 8))
        observed = np.zeros(shape if math.prod(shape) <= map_bytes else (0, 0), dtype=np.uint8)
        before = items[:count]
        count_untouched_before(starts, before, observed)
        return cls(starts, before, observed, n_items, numbers)

    def usable(self, train: Interactions) -> Ids | None:
        """Which observed pairs have a user with an untouched item: [n], or None for all."""
        full = np.diff(self.starts) == self.n_items
        return np.flatnonzero(~full[train.users]).astype(np.int32) if full.any() else None


class Samples(NamedTuple):
    """Observed pairs, and what else a model learns from."""

    users: Ids  # [N], of the observed pairs
    items: Ids  # [N]
    untouched: Untouched  # what negatives are drawn from
    negatives: int  # for each pair


untouched_type = Record((int64[::1], int32[::1], uint8[:, ::1], int64, int32[::1]), Untouched)
samples_type = Record((ids_type, ids_type, untouched_type, int64), Samples)


@uncounted
def below(state, n):
    """A random integer in 0..n-1, from a state that grows by GOLDEN each time.

    This is splitmix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators",
    OOPSLA 2014). Its 32 high bits are scaled to n: a chance is off by 1 / 2^32 at most.
    """
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = (z ^ (z >> np.uint64(31))) >> np.uint64(32)
    return np.int64((z * np.uint64(n)) >> np.uint64(32))


@uncounted
def name(drawn, numbers):
    """Put the number in the catalogue in place of each item drawn, [n] or [n, c]."""
    if len(numbers):
        for place in np.ndindex(drawn.shape):
            drawn[place] = numbers[drawn[place]]


@uncounted
def draw(user, untouched, state, drawn):
    """Fill drawn with untouched items of the user, uniformly; returns the next state.

    The user must have an untouched item.
    """
    state = draw_places(user, untouched, state, drawn)
    name(drawn, untouched.numbers)
    return state


@uncounted
def draw_places(user, untouched, state, drawn):
    """The same, of the items that occur in train, by their places among these."""
    starts, before, observed, n_items, _ = untouched
    first, last = starts[user], starts[user + 1]
    left = n_items - (last - first)
    if len(observed) and 2 * left >= n_items:
        filled = 0
        while filled < len(drawn):  # two tries for each at most, on average
            state += GOLDEN
            item = below(state, n_items)
            drawn[filled] = item
            # Without a branch: a processor would guess one wrong about as often as it is taken.
            filled += 1 - ((observed[user, item >> 3] >> (item & 7)) & 1)
    else:
        for k in range(len(drawn)):
            state += GOLDEN
            rank = below(state, left)  # the rank-th untouched item is drawn
            drawn[k] = rank + np.searchsorted(before[first:last], rank, side="right")
    return state


@uncounted
def observed_bit(observed, user, item):
    """1 if the map has the pair, else 0."""
    return (observed[user, item >> 3] >> (item & 7)) & 1


@uncounted
def draw_for_all(users, untouched, state, drawn, first, again):
    """Fill drawn[:, first:] with untouched items of each of the users; returns the next state.

    It goes over all of them a few times, so that reading the map for one draw need not wait for
    another, and nothing depends on a guess of the processor.

    Args:
        users: [n], each with an untouched item.
        drawn: [n, first + count].
        again: [n count], room for the places that are drawn again.
    """
    starts, _, observed, n_items, numbers = untouched
    count = drawn.shape[1] - first
    for n in range(len(users)):
        user = users[n]
        if len(observed) and 2 * (n_items - (starts[user + 1] - starts[user])) >= n_items:
            for k in range(count):
                state += GOLDEN
                drawn[n, first + k] = below(state, n_items)
        else:
            state = draw_places(user, untouched, state, drawn[n, first:])
    waiting = 0
    for n in range(len(users) if len(observed) else 0):
        for k in range(count):
            again[waiting] = n * count + k
            waiting += observed_bit(observed, users[n], drawn[n, first + k])
    while waiting:
        still = 0
        for w in range(waiting):
            place = again[w]
            n, k = place // count, first + place % count
            state += GOLDEN
            drawn[n, k] = below(state, n_items)
            again[still] = place
            still += observed_bit(observed, users[n], drawn[n, k])
        waiting = still
    name(drawn[:, first:], numbers)
    return state


@kernel(uint64(int32[::1], untouched_type, uint64, int32[:, ::1]))
def draw_for_each(users, untouched, state, drawn):
    """Fill drawn [n, count] with untouched items of each of the users [n]: see draw_for_all."""
    again = np.empty(drawn.size, np.int32)
    return draw_for_all(users, untouched, state, drawn, 0, again)
