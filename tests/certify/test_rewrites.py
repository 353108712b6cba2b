"""The same data written down in other ways."""

from dataclasses import replace

import numpy as np
from cheats import DATA
from hypothesis import given
from made import some_interactions

from bench.certify.rewrites import with_items, with_last_swapped, with_rows, with_users
from bench.hashing import fingerprint
from bench.interactions import Interactions
from bench.protocol.split import hold_out_last, in_order


def rated(data: Interactions) -> Interactions:
    """With ids, and a rating of each row by which it is known again."""
    ids = {"user_ids": np.arange(data.n_users) + 70, "item_ids": np.arange(data.n_items) + 500}
    return replace(data, ratings=np.arange(len(data), dtype=np.float32), **ids)


def meaning(data: Interactions) -> set[tuple[int, ...]]:
    columns = (data.user_ids[data.users], data.item_ids[data.items], data.times, data.ratings)
    return set(zip(*(map(int, column) for column in columns), strict=True))


@given(some_interactions())
def test_another_numbering_means_the_same(data: Interactions) -> None:
    data = rated(data)
    rng = np.random.default_rng(len(data))
    users, items = rng.permutation(data.n_users), rng.permutation(data.n_items)
    assert meaning(with_users(data, users)) == meaning(data)
    assert meaning(with_items(data, items)) == meaning(data)
    assert with_users(data, users).user_ids.tolist() == (users + 70).tolist()
    back = with_items(with_items(data, items), np.argsort(items))
    assert fingerprint(back) == fingerprint(data)


def test_features_go_with_their_users_and_items() -> None:
    order = np.random.default_rng(0).permutation(25)
    moved = with_users(DATA, order)
    assert moved.user_features is not None and DATA.user_features is not None
    np.testing.assert_array_equal(moved.user_features.dense, DATA.user_features.dense[order])
    order = np.random.default_rng(0).permutation(18)
    moved = with_items(DATA, order)
    assert moved.item_features is not None
    assert moved.item_features.labels == tuple(f"Item {item}" for item in order)


@given(some_interactions())
def test_rows_at_the_same_time_keep_their_order(data: Interactions) -> None:
    data = rated(data)
    moved = with_rows(data, np.random.default_rng(len(data)))
    assert meaning(moved) == meaning(data)
    assert fingerprint(in_order(moved).items) == fingerprint(in_order(data).items)


@given(some_interactions())
def test_only_last_items_are_swapped_and_never_into_known_ones(data: Interactions) -> None:
    before = in_order(data)
    everyone = np.bincount(before.users, minlength=before.n_users) > 0
    users = np.flatnonzero(everyone)
    swapped = with_last_swapped(data, users, np.random.default_rng(len(data)))
    train, other = (hold_out_last(each, everyone) for each in (before, swapped))
    assert fingerprint(train.train) == fingerprint(other.train)
    assert sorted(train.held_out) == sorted(other.held_out)
    assert in_order(swapped) is swapped or len(in_order(swapped)) == len(swapped)
    assert swapped.matrix().nnz == before.matrix().nnz  # no pair twice
