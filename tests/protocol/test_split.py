"""The split against a slow reference, and its promises."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, published, some_interactions

from bench.interactions import Interactions
from bench.protocol.split import in_order, leave_one_out, leave_two_out, stable_order
from bench.protocol.task import BadProtocol, prepare


def histories(data: Interactions) -> dict[int, list[int]]:
    """Each user's items, oldest first; of a repeated item only the latest, by a slow way."""
    rows: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for position, (user, item, time) in enumerate(
        zip(data.users.tolist(), data.items.tolist(), data.times.tolist(), strict=True)
    ):
        rows[user].append((time, position, item))
    found = {}
    for user, entries in rows.items():
        latest = {item: (time, position) for time, position, item in sorted(entries)}
        found[user] = sorted(latest, key=lambda item, latest=latest: latest[item])
    return found


@given(some_interactions())
def test_the_last_distinct_item_of_each_user_is_held_out(data: Interactions) -> None:
    expected = {u: items for u, items in histories(data).items() if len(items) >= 3}
    split = leave_one_out(in_order(data))
    assert dict(zip(split.users.tolist(), split.held_out.tolist(), strict=True)) == {
        user: items[-1] for user, items in expected.items()
    }
    for user, items in histories(data).items():
        kept = items[:-1] if user in expected else items
        assert split.train.items[split.train.users == user].tolist() == kept


@given(some_interactions())
def test_tuning_holds_out_the_item_before_and_knows_nothing_of_the_last(data: Interactions) -> None:
    expected = {u: items for u, items in histories(data).items() if len(items) >= 3}
    split = leave_two_out(in_order(data))
    assert dict(zip(split.users.tolist(), split.held_out.tolist(), strict=True)) == {
        user: items[-2] for user, items in expected.items()
    }
    for user, items in expected.items():
        assert split.train.items[split.train.users == user].tolist() == items[:-2]


@given(some_interactions(), st.sampled_from([1, 2, 3, 7, 100]))
def test_the_size_of_the_parts_changes_nothing(data: Interactions, part: int) -> None:
    expected = in_order(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.protocol.split.PART", part)
        found = in_order(data)
    assert found.items.tolist() == expected.items.tolist()
    assert found.times.tolist() == expected.times.tolist()


@given(some_interactions())
def test_what_is_in_order_is_not_copied(data: Interactions) -> None:
    ordered = in_order(data)
    assert in_order(ordered) is ordered


@given(
    st.lists(st.integers(-5, 5) | st.sampled_from([-(2**63), 2**63 - 1, 2**40, 2**62]), max_size=40)
)
def test_the_order_is_that_of_a_stable_argsort(values: list[int]) -> None:
    array = np.array(values, dtype=np.int64)
    assert stable_order(array).tolist() == np.argsort(array, kind="stable").tolist()


@given(some_interactions(), st.randoms())
def test_the_order_of_other_users_rows_changes_nothing(data: Interactions, random: object) -> None:
    by_user = [np.flatnonzero(data.users == user).tolist() for user in range(data.n_users)]
    order = []
    while any(by_user):  # interleave the users at random, each one's rows in their order
        rows = random.choice([rows for rows in by_user if rows])  # type: ignore[attr-defined]
        order.append(rows.pop(0))
    shuffled = data.take(np.array(order, dtype=np.int64))
    a, b = leave_one_out(in_order(data)), leave_one_out(in_order(shuffled))
    assert a.held_out.tolist() == b.held_out.tolist()
    assert a.train.items.tolist() == b.train.items.tolist()


@given(some_interactions())
def test_no_held_out_pair_is_in_train(data: Interactions) -> None:
    for split in (leave_one_out(in_order(data)), leave_two_out(in_order(data))):
        train = set(zip(split.train.users.tolist(), split.train.items.tolist(), strict=True))
        held_out = set(zip(split.users.tolist(), split.held_out.tolist(), strict=True))
        assert not train & held_out


def test_of_tied_times_the_last_in_the_source_counts() -> None:
    split = leave_one_out(in_order(interactions([(0, 2, 5), (0, 0, 5), (0, 1, 5)])))
    assert split.held_out.tolist() == [1]


def test_a_minimum_rating_leaves_the_others_out() -> None:
    ratings = np.array([5, 1, 4, 3], dtype=np.float32)
    data = interactions([(0, 0, 1), (0, 1, 2), (0, 2, 3), (0, 3, 4)], ratings=ratings)
    assert in_order(data, min_rating=3).items.tolist() == [0, 2, 3]
    with pytest.raises(ValueError, match="needs data with ratings"):
        in_order(interactions([(0, 0, 1)]), min_rating=3)


def test_a_published_split_is_kept() -> None:
    task = prepare(published(), "ncf-files")
    assert task.cases.held_out.tolist() == [0, 2]
    assert task.cases.negatives.items.tolist() == [[1, 3], [-1, 0]]  # no item is its own rival
    assert task.cases.negatives.drawn.tolist() == [2, 1]
    assert task.train.items.tolist() == [2, 1, 0, 3]
    assert type(task.train) is Interactions  # without the split, or a model could read it
    assert task.audit["users_with_held_out_item_among_negatives"] == 1


def test_tuning_on_a_published_split_knows_nothing_of_its_test_items() -> None:
    task = prepare(published(), "ncf-files-validation")
    assert task.cases.held_out.tolist() == [1, 3]
    assert task.train.items.tolist() == [2, 0]
    assert type(task.train) is Interactions


def test_a_published_split_cannot_be_made_up() -> None:
    with pytest.raises(BadProtocol, match="has no published split"):
        prepare(interactions([(0, i, i) for i in range(4)]), "ncf-files")


def test_the_arrays_are_read_only() -> None:
    split = leave_one_out(in_order(interactions([(0, 0, 1), (0, 1, 2), (0, 2, 3)])))
    with pytest.raises(ValueError, match="read-only"):
        split.train.items[0] = 1


def test_a_missing_rating_is_below_any_minimum() -> None:
    rows = [(0, item, item) for item in range(5)]
    ratings = np.array([5, np.nan, 4, 1, 5], dtype=np.float32)
    found = prepare(interactions(rows, ratings=ratings), "loo-99", min_rating=3).audit
    assert (found["below_min_rating"], found["repeated"], found["interactions"]) == (2, 0, 3)
