"""Made interactions of any size (synthetic:scale=10), with a planted structure of any strength."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from bench.interactions import Features, Interactions, Times

from .shared.distinct import DistinctDraws

TITLE = "Synthetic groups"
DESCRIPTION = "users and items in groups, made from a seed; for tests, demonstrations and scaling"
SOURCE = "made by this file"
LICENCE = "none needed: it is made, not collected"
CITATION = "none"
SHA256: dict[str, str] = {}
COUNTS = {"users": 300, "items": 200, "interactions": 5_896}  # of load() without arguments

# Sizes in millions of interactions. Users, items and interactions are as many as in ML-1M, ML-10M
# and ML-25M; 100 goes on from there. Popularity is as skewed: its Gini coefficient over the items
# is .636, .803, .940 and .951 here; it is .634, .805 and .942 in those, and .952 in ML-32M, by
# https://codex.lenskit.org/movielens. The most popular 1 % of the items have 8.6, 22, 58 and 69 %
# of the interactions; in ML-1M 8.7 %.
Scale = Literal[0, 1, 10, 25, 100]
SCALES: dict[int, dict[str, Any]] = {
    1: {
        "n_users": 6_040,
        "n_items": 3_706,
        "interactions_per_user": 166.4,
        "popularity_exponent": 2.3,
        "popularity_shift": 240.0,
    },
    10: {
        "n_users": 69_878,
        "n_items": 10_677,
        "interactions_per_user": 143.1,
        "popularity_exponent": 2.0,
        "popularity_shift": 150.0,
    },
    25: {
        "n_users": 162_541,
        "n_items": 59_047,
        "interactions_per_user": 153.8,
        "popularity_exponent": 2.0,
        "popularity_shift": 150.0,
    },
    100: {
        "n_users": 600_000,
        "n_items": 150_000,
        "interactions_per_user": 166.7,
        "popularity_exponent": 1.8,
        "popularity_shift": 150.0,
    },
}

BLOCK = 250_000  # interactions made at a time, so that memory stays near that of the result
# At most, so that user, item and number of the draw fit into one number of 64 bits:
BLOCK_USERS, MOST_ITEMS = 1 << 16, 1 << 24
MOST_INTERACTIONS = 10**9
FIRST_TIME = 1_000_000_000  # seconds since 1970: September 2001
START_WITHIN = 2 * 365 * 86_400  # users begin at some time within two years
MEAN_GAP = 3_600.0  # seconds between two interactions of a user


def load(
    data_dir: Path | None = None,
    *,
    scale: Scale = 0,
    n_users: int = 300,
    n_items: int = 200,
    n_groups: int = 8,
    interactions_per_user: float = 20.0,
    min_per_user: int = 5,
    strength: float = 0.7,
    popularity_exponent: float = 0.8,
    popularity_shift: float = 10.0,
    features: bool = True,
    seed: int = 0,
) -> Interactions:
    """Draw interactions from this model, sorted by user and time, without ratings.

    Every user and every item belongs to one of `n_groups` groups. The item of popularity rank
    r = 1, 2, ... has weight (r + popularity_shift) ** -popularity_exponent; ranks are dealt to
    items at random.
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
        scale: a size of SCALES, which then sets what it names there, with 20 groups and at least 20
            interactions of a user; 0 leaves it to the other arguments.
        interactions_per_user: their mean, before the largest are cut.
        seed: the same seed and sizes give the same interactions.

    Raises:
        ValueError: sizes or probabilities that make no sense.
    """
    del data_dir
    if scale:
        sizes = {"n_groups": 20, "min_per_user": 20, **SCALES[scale]}
        return load(**sizes, strength=strength, features=features, seed=seed)
    if n_users < 1 or not 1 <= n_groups <= n_items <= MOST_ITEMS:
        raise ValueError(
            f"n_users must be at least 1, and n_groups lie in 1..n_items, up to {MOST_ITEMS:,}"
        )
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must lie in 0..1, not {strength}")
    if not 1 <= min_per_user <= min(interactions_per_user, n_items):
        raise ValueError("min_per_user must lie in 1..interactions_per_user, and in 1..n_items")

    if n_users * interactions_per_user > MOST_INTERACTIONS:
        raise ValueError(f"n_users x interactions_per_user may be {MOST_INTERACTIONS:,} at most")

    # Each thing has a generator of its own: features do not change the interactions.
    for_groups, for_counts, for_items, for_times, for_features = (
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(5)
    )
    user_groups = for_groups.integers(n_groups, size=n_users)
    # Dealt like cards, so that no group is empty.
    item_groups = for_groups.permutation(np.arange(n_items) % n_groups)
    ranks = 1.0 + for_groups.permutation(n_items)
    with np.errstate(all="ignore"):
        weights = (ranks + popularity_shift) ** -popularity_exponent
        if not (weights.min() > 0 and np.isfinite(weights.sum())):
            raise ValueError(
                f"popularity_exponent {popularity_exponent:g} and popularity_shift"
                f" {popularity_shift:g} give no weights"
            )

    counts = _counts(n_users, n_items, interactions_per_user, min_per_user)
    counts = for_counts.permutation(counts)
    starts = np.concatenate([[0], np.cumsum(counts)])
    users = np.repeat(np.arange(n_users, dtype=np.int32), counts)
    items = np.empty(starts[-1], dtype=np.int32)
    times = np.empty(starts[-1], dtype=np.int64)
    sampler = DistinctDraws(weights, item_groups, n_groups, strength)
    first = 0
    while first < n_users:
        last = int(np.searchsorted(starts, starts[first] + BLOCK, side="right")) - 1
        last = min(max(first + 1, last), first + BLOCK_USERS)
        rows, wanted = slice(starts[first], starts[last]), counts[first:last]
        items[rows] = sampler.draw(user_groups[first:last], wanted, for_items)
        times[rows] = _times(wanted, for_times)
        first = last
    return Interactions(
        users=users,
        items=items,
        times=times,
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


def _times(counts: NDArray[np.int64], rng: np.random.Generator) -> Times:
    """Increasing distinct seconds for each user, one user after the other."""
    starts = np.cumsum(counts) - counts
    gaps = 1 + rng.exponential(MEAN_GAP, size=counts.sum()).astype(np.int64)
    gaps[starts] = 0
    elapsed = np.cumsum(gaps)
    begins = FIRST_TIME + rng.integers(START_WITHIN, size=len(counts))
    times: Times = elapsed + np.repeat(begins - elapsed[starts], counts)
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
