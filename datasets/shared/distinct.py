"""Distinct items drawn for many users at once, from a mixture of two distributions."""

import numpy as np
from numpy.typing import NDArray

from bench.interactions import Ids

MOST_DRAWS = 12  # for an item wanted; users who need more get their last items in another way
ROUNDS = 3  # of drawing, after which they do, too


class DistinctDraws:
    """Draws distinct items of a group, with probability `strength`, or of all, by their weights.

    Single items are drawn by the alias method (Walker 1977; tables as Vose 1991): one table for
    each group and one for all items, side by side.
    """

    def __init__(
        self,
        weights: NDArray[np.floating],
        groups: NDArray[np.int64],
        n_groups: int,
        strength: float,
    ) -> None:
        """weights and groups are those of the items, [n_items]; no group is empty."""
        members = [np.flatnonzero(groups == group) for group in range(n_groups)]
        members.append(np.arange(len(groups)))
        self._sizes = np.array([len(items) for items in members])
        self._firsts = np.cumsum(self._sizes) - self._sizes
        tables = [_alias_table(weights[items]) for items in members]
        self._keep = np.concatenate([keep for keep, _ in tables])
        self._items = np.concatenate(members).astype(np.int32)
        others = [items[other] for items, (_, other) in zip(members, tables, strict=True)]
        self._others = np.concatenate(others).astype(np.int32)
        self._weights, self._groups, self._strength = weights, groups, strength
        # How many draws give how many distinct items, on average and for a user of the first group.
        self._draws = np.geomspace(1, 1e9, 100)
        rates = self._rates(0)
        self._distinct = np.array([-np.expm1(-n * rates).sum() for n in self._draws])

    def draw(
        self, groups: NDArray[np.int64], wanted: NDArray[np.int64], rng: np.random.Generator
    ) -> Ids:
        """wanted[j] distinct items for the user j of group groups[j], one user after the other.

        A user's items are the first distinct ones of a stream of independent draws.
        """
        item_bits = len(self._weights).bit_length()
        done = []
        pairs = np.empty(0, dtype=np.int64)  # user << item_bits | item, of those who lack some
        expected = np.interp(wanted, self._distinct, self._draws)
        needed = np.minimum(1.1 * expected, MOST_DRAWS * wanted).astype(np.int64) + 4
        lacking = wanted
        for _ in range(ROUNDS):
            drawing = np.repeat(np.arange(len(groups)), np.where(lacking > 0, needed, 0))
            drawn = self._from_mixture(groups[drawing], rng)
            pairs = np.concatenate([pairs, drawing << item_bits | drawn])
            pairs = _first_of_each(pairs, item_bits)
            owners = pairs >> item_bits
            have = np.bincount(owners, minlength=len(groups))
            place = np.arange(len(pairs)) - np.repeat(np.cumsum(have) - have, have)
            finished = (have >= wanted)[owners]
            done.append(pairs[finished & (place < wanted[owners])])
            pairs = pairs[~finished]
            lacking = np.where(lacking > 0, wanted - have, 0).clip(min=0)
            if not lacking.any():
                break
        bounds = np.searchsorted(pairs, np.arange(len(groups) + 1) << item_bits)
        for user in np.flatnonzero(lacking > 0):
            of_user = pairs[bounds[user] : bounds[user + 1]]
            own = of_user & ((1 << item_bits) - 1)
            rest = self._from_the_rest(groups[user], own, lacking[user], rng)
            done += [of_user, user << item_bits | rest]
        return _in_random_order(np.concatenate(done), item_bits, len(groups), rng)

    def _from_mixture(self, groups: NDArray[np.int64], rng: np.random.Generator) -> Ids:
        """One item each, of the own group or of all. [n] -> [n]"""
        table = np.where(rng.random(len(groups)) < self._strength, groups, len(self._sizes) - 1)
        at = rng.random(len(groups)) * self._sizes[table]
        slot = at.astype(np.int64)
        at -= slot  # what is left is uniform again
        slot += self._firsts[table]
        drawn: Ids = np.where(at < self._keep[slot], self._items[slot], self._others[slot])
        return drawn

    def _from_the_rest(
        self, group: int, own: NDArray[np.int64], count: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """The next `count` distinct items of a user who has some, in one go.

        Items in the order of exponential times at the rate of their probabilities come as if drawn
        one after the other (Efraimidis & Spirakis 2006). Those without any come last, alike.
        """
        rates = self._rates(group)
        times = rng.exponential(size=len(rates))
        with np.errstate(divide="ignore"):
            times = np.where(rates > 0, times / rates, 1e300 * (1 + times))
        times[own] = np.inf
        return np.argpartition(times, count - 1)[:count]

    def _rates(self, group: int) -> NDArray[np.float64]:
        """With what probability a user of a group draws each item. [n_items]"""
        inside = self._weights * (self._groups == group)
        of_all = self._weights / self._weights.sum()
        rates: NDArray[np.float64] = (
            self._strength * inside / inside.sum() + (1 - self._strength) * of_all
        )
        return rates


def _first_of_each(pairs: NDArray[np.int64], item_bits: int) -> NDArray[np.int64]:
    """The distinct ones of pairs (user << item_bits | item), by user, then as they first came."""
    bits, item_mask = len(pairs).bit_length(), (1 << item_bits) - 1
    packed = pairs << bits | np.arange(len(pairs))
    packed.sort()
    in_turn = packed >> bits
    packed = packed[np.r_[True, in_turn[1:] != in_turn[:-1]]]
    users, items = packed >> (bits + item_bits), packed >> bits & item_mask
    packed = (users << bits | packed & ((1 << bits) - 1)) << item_bits | items
    packed.sort()
    return packed >> (bits + item_bits) << item_bits | packed & item_mask


def _alias_table(weights: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """With what probability slot j keeps its own item, and the other item that it holds. [n]"""
    keep = weights * (len(weights) / weights.sum())
    other = np.arange(len(weights))
    values = keep.tolist()
    small = [j for j, value in enumerate(values) if value < 1]
    large = [j for j, value in enumerate(values) if value >= 1]
    while small and large:
        poor, rich = small.pop(), large[-1]
        keep[poor], other[poor] = values[poor], rich
        values[rich] -= 1 - values[poor]
        if values[rich] < 1:
            small.append(large.pop())
    keep[small + large] = 1  # but for rounding they are
    return keep, other


def _in_random_order(
    pairs: NDArray[np.int64], item_bits: int, n_users: int, rng: np.random.Generator
) -> Ids:
    """The items of pairs (user << item_bits | item), by user, each user's in random order."""
    random_bits = 63 - item_bits - n_users.bit_length()
    items = pairs & ((1 << item_bits) - 1)
    pairs >>= item_bits
    pairs <<= random_bits
    pairs |= rng.integers(1 << random_bits, size=len(pairs))
    pairs <<= item_bits
    pairs |= items
    pairs.sort()
    pairs &= (1 << item_bits) - 1
    return pairs.astype(np.int32)
