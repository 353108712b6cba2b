"""Made interactions of any size, with a planted structure of known strength."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from bench.interactions import Features, Ids, Interactions, Times

TITLE = "Synthetic groups"
DESCRIPTION = "users and items in groups, made from a seed; for tests, demonstrations and scaling"
SOURCE = "made by this file"
LICENCE = "none needed: it is made, not collected"
CITATION = "none"
SHA256: dict[str, str] = {}
COUNTS = {"users": 300, "items": 200, "interactions": 5_896}  # of load() without arguments

BLOCK = 2_000_000  # interactions made at a time, so that memory stays near that of the result
ROUNDS = 60
FIRST_TIME = 1_000_000_000  # seconds since 1970: September 2001
START_WITHIN = 2 * 365 * 86_400  # users begin at some time within two years
MEAN_GAP = 3_600.0  # seconds between two interactions of a user


def load(
    data_dir: Path | None = None,
    *,
    n_users: int = 300,
    n_items: int = 200,
    n_groups: int = 8,
    interactions_per_user: float = 20.0,
    min_per_user: int = 5,
    strength: float = 0.7,
    popularity_exponent: float = 0.8,
    features: bool = True,
    seed: int = 0,
) -> Interactions:
    """Draw interactions from this model, sorted by user and time, without ratings.

    Every user and every item belongs to one of `n_groups` groups. The item of popularity rank
    r = 1, 2, ... has weight (r + 10) ** -popularity_exponent; ranks are dealt to items at random.
    A user draws items one after the other, and draws again where the item is a repeated one: with
    probability `strength` among the items of the own group, else among all, each time in
    proportion to the weights. The items are then put into random order, one time each, so that
    the last item of a user is drawn like the others.

    Strength 0 is pure popularity: nothing can be known of a user. Strength 1 is taste alone: a
    model that finds the groups leaves 1 / n_groups of the items as candidates. A user who wants
    more items than the groups hold, or nearly, gets the rest from all items alike.

    The number of items per user is `min_per_user` plus a log-normal number (sigma 1, as skewed as
    in MovieLens), at most half of the items; its distribution is the same for every seed.

    Features carry the group with noise. Users: "segment", the group in 70 % of the cases, else a
    random one; "region", which says nothing; "age", 20 + 5 x group with standard deviation 5.
    Items: a genre per group, the own one in 90 % of the cases and each other one in 10 %; "year",
    1950 + 6 x group with standard deviation 10; labels.

    Args:
        data_dir: not used; nothing is read.
        interactions_per_user: their mean, before the largest are cut.
        seed: the same seed and sizes give the same interactions.

    Raises:
        ValueError: sizes or probabilities that make no sense.
    """
    del data_dir
    if n_users < 1 or not 1 <= n_groups <= n_items:
        raise ValueError("n_users must be at least 1, and n_groups lie in 1..n_items")
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must lie in 0..1, not {strength}")
    if not 1 <= min_per_user <= min(interactions_per_user, n_items):
        raise ValueError("min_per_user must lie in 1..interactions_per_user, and in 1..n_items")

    # Each thing has a generator of its own: features do not change the interactions.
    for_groups, for_counts, for_items, for_times, for_features = (
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(5)
    )
    user_groups = for_groups.integers(n_groups, size=n_users)
    # Dealt like cards, so that no group is empty.
    item_groups = for_groups.permutation(np.arange(n_items) % n_groups)
    ranks = 1.0 + for_groups.permutation(n_items)
    weights = (ranks + 10.0) ** -popularity_exponent

    counts = _counts(n_users, n_items, interactions_per_user, min_per_user)
    counts = for_counts.permutation(counts)
    starts = np.concatenate([[0], np.cumsum(counts)])
    users = np.repeat(np.arange(n_users, dtype=np.int32), counts)
    items = np.empty(starts[-1], dtype=np.int32)
    sampler = _Sampler(weights, item_groups, n_groups, strength)
    first = 0
    while first < n_users:
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + BLOCK, side="right")) - 1)
        items[starts[first] : starts[last]] = sampler.draw(
            user_groups[first:last], counts[first:last], for_items
        )
        first = last
    return Interactions(
        users=users,
        items=items,
        times=_times(counts, starts, for_times),
        n_users=n_users,
        n_items=n_items,
        user_features=_user_features(user_groups, n_groups, for_features) if features else None,
        item_features=_item_features(item_groups, n_groups, for_features) if features else None,
        source=f"synthetic, seed {seed}, {n_groups} groups, strength {strength:g}",
    )


def _counts(n_users: int, n_items: int, mean: float, minimum: int) -> NDArray[np.int64]:
    """Interactions per user [n_users]: quantiles of the distribution, so that no seed enters."""
    skewed = np.exp(ndtri((np.arange(n_users) + 0.5) / n_users))
    counts = minimum + np.rint((mean - minimum) * skewed / skewed.mean()).astype(np.int64)
    limited: NDArray[np.int64] = np.minimum(counts, max(minimum, n_items // 2))
    return limited


class _Sampler:
    """Draws distinct items for many users at once."""

    def __init__(
        self,
        weights: NDArray[np.floating],
        groups: NDArray[np.int64],
        n_groups: int,
        strength: float,
    ) -> None:
        # Items side by side by group: a group is then a stretch of the cumulated weights.
        self._items = np.argsort(groups, kind="stable")
        self._cumulated = np.concatenate([[0.0], np.cumsum(weights[self._items])])
        self._bounds = np.searchsorted(groups[self._items], np.arange(n_groups + 1))
        self._strength = strength

    def draw(
        self, groups: NDArray[np.int64], wanted: NDArray[np.int64], rng: np.random.Generator
    ) -> Ids:
        """wanted[j] distinct items for the user j of group groups[j], one user after the other.

        A user's items are the first distinct ones of a stream of independent draws. Each round
        continues the streams of all users who still lack items.
        """
        n_items = len(self._items)
        users, items = [], []  # of those who have all their items
        open_users = np.arange(len(groups))
        pairs = np.empty(0, dtype=np.int64)  # user x n_items + item, in the order drawn
        for round_number in range(10**6):
            have = np.bincount(pairs // n_items, minlength=len(groups))[open_users]
            lacking = wanted[open_users] - have
            # More than lack, because the last ones to come are often repeated ones.
            drawing = np.repeat(open_users, lacking if round_number == 0 else 2 * lacking + 4)
            if round_number < ROUNDS:
                drawn = self._from_mixture(groups[drawing], rng)
            else:  # what is left has next to no weight in the mixture
                drawn = rng.integers(n_items, size=len(drawing))
            pairs = np.concatenate([pairs, drawing * n_items + drawn])
            pairs = pairs[np.sort(np.unique(pairs, return_index=True)[1])]  # the first of each
            pairs = pairs[np.argsort(pairs // n_items, kind="stable")]
            owners = pairs // n_items
            position = np.arange(len(pairs)) - np.searchsorted(owners, owners)
            pairs = pairs[position < wanted[owners]]
            owners = pairs // n_items
            done = np.bincount(owners, minlength=len(groups)) == wanted
            users.append(owners[done[owners]])
            items.append(pairs[done[owners]] % n_items)
            pairs = pairs[~done[owners]]
            open_users = open_users[~done[open_users]]
            if not len(open_users):
                break
        all_users, all_items = np.concatenate(users), np.concatenate(items)
        order = np.lexsort((rng.random(len(all_users)), all_users))
        return all_items[order].astype(np.int32)

    def _from_mixture(
        self, groups: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        own = rng.random(len(groups)) < self._strength
        low = np.where(own, self._cumulated[self._bounds[groups]], 0.0)
        high = np.where(own, self._cumulated[self._bounds[groups + 1]], self._cumulated[-1])
        at = low + (high - low) * rng.random(len(groups))
        place = np.searchsorted(self._cumulated, at, side="right") - 1
        # Rounding may carry a draw just beyond the last item.
        return self._items[np.minimum(place, len(self._items) - 1)]


def _times(counts: NDArray[np.int64], starts: NDArray[np.int64], rng: np.random.Generator) -> Times:
    """Increasing distinct seconds per user."""
    gaps = 1 + rng.exponential(MEAN_GAP, size=starts[-1]).astype(np.int64)
    gaps[starts[:-1]] = 0
    elapsed = np.cumsum(gaps)
    begins = FIRST_TIME + rng.integers(START_WITHIN, size=len(counts))
    times: Times = elapsed + np.repeat(begins - elapsed[starts[:-1]], counts)
    return times


def _user_features(groups: NDArray[np.int64], n_groups: int, rng: np.random.Generator) -> Features:
    n_users = len(groups)
    known = rng.random(n_users) < 0.7
    segment = np.where(known, groups, rng.integers(n_groups, size=n_users))
    region = rng.integers(10, size=n_users)
    age = 20.0 + 5.0 * groups + 5.0 * rng.standard_normal(n_users)
    return Features(
        categorical=np.stack([segment, region], axis=1).astype(np.int32),
        categorical_names=("segment", "region"),
        categorical_sizes=(n_groups, 10),
        multi_hot=np.zeros((n_users, 0), dtype=np.bool_),
        multi_hot_names=(),
        dense=age[:, None].astype(np.float32),
        dense_names=("age",),
    )


def _item_features(groups: NDArray[np.int64], n_groups: int, rng: np.random.Generator) -> Features:
    n_items = len(groups)
    own = groups[:, None] == np.arange(n_groups)
    genres = rng.random((n_items, n_groups)) < np.where(own, 0.9, 0.1)
    year = 1950.0 + 6.0 * groups + 10.0 * rng.standard_normal(n_items)
    return Features(
        categorical=np.zeros((n_items, 0), dtype=np.int32),
        categorical_names=(),
        categorical_sizes=(),
        multi_hot=genres,
        multi_hot_names=tuple(f"genre {group}" for group in range(n_groups)),
        dense=np.rint(year)[:, None].astype(np.float32),
        dense_names=("year",),
        labels=tuple(f"Item {item}" for item in range(n_items)),
    )
