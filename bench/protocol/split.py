"""Leave one out: each user's last interaction is held out (He et al. 2017, section 4.1)."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from bench.interactions import PART, DataSet, Ids, Interactions, occurrences

LEAST_ITEMS = 3  # a user with fewer distinct items stays in train, untested


class Touched(NamedTuple):
    """Items of m users that are not in train: user j has items[starts[j] : starts[j + 1]].

    None of them is held out, nor twice a user's. Some further items are as if all users had them.
    """

    starts: NDArray[np.int64]  # [m + 1]
    items: Ids  # [starts[m]]
    of_all: Ids = np.empty(0, dtype=np.int32)  # [k], none of them among the others

    @classmethod
    def of_rows(
        cls,
        rows: NDArray[np.int64],
        items: Ids,
        m: int,
        of_all: NDArray[np.bool_] | None = None,
    ) -> Self:
        """From pairs of a row and an item, by ascending row, [n], [n], and a mark on further items.

        of_all is [n_items]; None for none.
        """
        further = np.flatnonzero([] if of_all is None else of_all)
        return cls(np.searchsorted(rows, np.arange(m + 1)), items, further.astype(np.int32))

    def take(self, rows: slice | NDArray[np.int64]) -> "Touched":
        """Those of some of the users."""
        chosen = np.arange(len(self.starts) - 1)[rows]
        first, lengths = self.starts[chosen], np.diff(self.starts)[chosen]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        shifts = np.repeat(first - starts[:-1], lengths)
        return Touched(starts, self.items[np.arange(starts[-1]) + shifts], self.of_all)

    def pairs(self) -> tuple[NDArray[np.int64], Ids]:
        """All of them as pairs of a row and an item. [n], [n]"""
        every = np.arange(len(self.starts) - 1)
        rows = np.repeat(every, np.diff(self.starts)), np.repeat(every, len(self.of_all))
        return np.concatenate(rows), np.concatenate([self.items, np.tile(self.of_all, len(every))])


@dataclass(frozen=True, kw_only=True)
class Split:
    """What a model learns from, and one held-out item for each tested user."""

    train: Interactions  # ordered by user, then time
    users: Ids  # [m], ascending
    held_out: Ids  # [m], the item held out for users[j]
    # What held-out items are of, and negatives are drawn from, [n_items]; None for all items.
    pool: NDArray[np.bool_] | None = None
    touched: Touched | None = None  # no candidates either, beside what users have in train
    # What a fitted model is shown of the tested users, where train has nothing of them.
    shown: Interactions | None = None
    new_people: int = 0  # of whom those tested are a part

    def take(self, rows: slice | NDArray[np.int64]) -> Self:
        """The same with only these of the tested users."""
        touched = None if self.touched is None else self.touched.take(rows)
        return replace(self, users=self.users[rows], held_out=self.held_out[rows], touched=touched)


def in_order(data: Interactions, min_rating: float | None = None) -> Interactions:
    """The interactions by user, then time, then position in the source, without repeats.

    Of a repeated (user, item) the latest stays, so a held-out pair is never in train. With
    min_rating only interactions rated at least that high count.

    Raises:
        ValueError: min_rating is given, but the data has no ratings.
    """
    if min_rating is not None:
        if data.ratings is None:
            raise ValueError("a minimum rating needs data with ratings; this data set has none")
        data = data.take(data.ratings >= min_rating)
    if not is_in_order(data):
        # By time, then by user: each sort keeps what the one before did, and the source's order.
        order = stable_order(data.times)
        order = order[stable_order(data.users[order])]
        data = data.take(order)
    last = is_last_of_pair(data)
    return data if last.all() else data.take(last)


def is_in_order(data: Interactions) -> bool:
    """Whether the interactions are by user, then time."""
    same_user = data.users[1:] == data.users[:-1]
    ascends = (data.users[1:] > data.users[:-1]) | same_user & (data.times[1:] >= data.times[:-1])
    return bool(ascends.all())


def stable_order(values: NDArray[np.integer]) -> NDArray[np.int64]:
    """What np.argsort(values, kind="stable") gives, in a fraction of the time. [n] -> [n]

    Value and position are packed into one number, and sorted as one; where they do not fit into
    64 bits, it is left to numpy.
    """
    low = int(values.min(initial=0))
    bits = len(values).bit_length()
    if (int(values.max(initial=0)) - low).bit_length() + bits > 63:
        return np.argsort(values, kind="stable")
    packed = values.astype(np.int64)
    packed -= low
    packed <<= bits
    for start in range(0, len(packed), PART):
        part = packed[start : start + PART]
        part |= np.arange(start, start + len(part))
    packed.sort()
    packed &= (1 << bits) - 1
    return packed


def is_last_of_pair(ordered: Interactions) -> NDArray[np.bool_]:
    """Mark the last occurrence of each (user, item), in interactions by user. [n]"""
    last = np.ones(len(ordered), dtype=bool)
    start = 0
    while start < len(ordered):
        # All of some users at a time, so that little memory is needed beside the interactions.
        beyond = start + PART
        if beyond < len(ordered):
            user = max(ordered.users[beyond], ordered.users[start] + 1)
            beyond = int(np.searchsorted(ordered.users, user))
        users, items = ordered.users[start:beyond], ordered.items[start:beyond]
        pairs = (users - users[0]).astype(np.int64) * ordered.n_items + items
        by_pair = stable_order(pairs)
        in_turn = pairs[by_pair]
        last[start + by_pair[:-1][in_turn[1:] == in_turn[:-1]]] = False
        start = beyond
    return last


def leave_one_out(ordered: Interactions) -> Split:
    """Hold out the test items: the last of every user with at least three distinct items.

    ordered comes from `in_order`.
    """
    return hold_out_last(ordered, _tested(ordered))


def leave_two_out(ordered: Interactions) -> Split:
    """For tuning: the test items are gone for good, and the items before them are held out.

    The users are those that `leave_one_out` tests. Nothing of a test item is left in the split,
    so nothing that is chosen on it can have seen one.
    """
    return hold_out_last(leave_one_out(ordered).train, _tested(ordered))


def _tested(ordered: Interactions) -> NDArray[np.bool_]:
    return occurrences(ordered.users, ordered.n_users) >= LEAST_ITEMS


def hold_out_last(ordered: Interactions, tested: NDArray[np.bool_]) -> Split:
    """Hold out the last item of every tested user. tested is [n_users]."""
    last = np.cumsum(occurrences(ordered.users, ordered.n_users)) - 1
    users = np.flatnonzero(tested).astype(np.int32)
    in_train = np.ones(len(ordered), dtype=bool)
    in_train[last[users]] = False
    return Split(train=ordered.take(in_train), users=users, held_out=ordered.items[last[users]])


def as_published(data: DataSet) -> Split:
    """The split that the publisher of the data fixed.

    data's interactions come from `in_order`.

    Raises:
        ValueError: the data set has no published split.
    """
    if data.published is None:
        raise ValueError("this data set has no published split")
    ordered = data.interactions
    users, held_out = data.published.users, data.published.held_out
    pairs = ordered.users.astype(np.int64) * ordered.n_items + ordered.items
    held_out_pairs = users.astype(np.int64) * ordered.n_items + held_out
    return Split(
        train=ordered.take(~np.isin(pairs, held_out_pairs)), users=users, held_out=held_out
    )
