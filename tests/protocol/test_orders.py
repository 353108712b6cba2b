"""Protocols without times: by the order of the rows, and at random, against slow references."""

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, some_interactions

from bench.interactions import DataSet, Interactions
from bench.protocol.audit import audit_lines
from bench.protocol.orders import arranged
from bench.protocol.task import BadProtocol, Task, prepare
from bench.running.describe import Described, fit_for

Pairs = set[tuple[int, int]]
RANDOM = ("loo-99-random", "loo-99-random-validation")
FILE = ("loo-99-order-file", "loo-99-order-file-validation")
SOMEBODY = [(9, item, 0) for item in range(3)]  # whom every protocol can test


def with_somebody(data: Interactions) -> Interactions:
    """The same, and a user 9 with three items."""
    rows = zip(data.users.tolist(), data.items.tolist(), data.times.tolist(), strict=True)
    return interactions([*rows, *SOMEBODY], n_users=10, n_items=data.n_items)


def held_out(task: Task) -> dict[object, object]:
    """Original id of the held-out item by that of the user."""
    users, items = task.train.user_ids[task.cases.users], task.train.item_ids[task.cases.held_out]
    return dict(zip(users.tolist(), items.tolist(), strict=True))


def train_pairs(task: Task) -> Pairs:
    train = task.train
    return set(zip(train.users.tolist(), train.items.tolist(), strict=True))


def in_rows(data: Interactions) -> dict[int, list[int]]:
    """Each user's items as its rows stand; of a repeated one the last."""
    found: dict[int, list[int]] = defaultdict(list)
    for user, item in zip(data.users.tolist(), data.items.tolist(), strict=True):
        if item in found[user]:
            found[user].remove(item)
        found[user].append(item)
    return found


@given(some_interactions())
def test_by_the_order_of_rows_the_last_row_of_each_user_is_held_out(data: Interactions) -> None:
    data = with_somebody(data)
    expected = {user: items for user, items in in_rows(data).items() if len(items) >= 3}
    test, validation = (prepare(data, protocol) for protocol in FILE)
    assert held_out(test) == {user: items[-1] for user, items in expected.items()}
    assert held_out(validation) == {user: items[-2] for user, items in expected.items()}
    for user, items in in_rows(data).items():
        mine = test.train.users == user
        assert test.train.items[mine].tolist() == (items[:-1] if user in expected else items)
        assert test.train.times[mine].tolist() == list(range(mine.sum()))


@given(some_interactions(), st.randoms())
def test_at_random_neither_rows_nor_times_count(data: Interactions, random: object) -> None:
    data = with_somebody(data)
    order = np.arange(len(data))
    random.shuffle(order)  # type: ignore[attr-defined]
    other = replace(data.take(order), times=np.arange(len(data)))
    for protocol in RANDOM:
        one, two = prepare(data, protocol), prepare(other, protocol)
        assert held_out(one) == held_out(two)
        assert one.split_sha256 == two.split_sha256
        assert not one.train.times.any()


@given(some_interactions(), st.permutations(range(12)), st.permutations(range(10)))
def test_at_random_numbers_of_users_and_items_do_not_count(
    data: Interactions, items: list[int], users: list[int]
) -> None:
    data = with_somebody(data)
    item_of, user_of = np.array(items, dtype=np.int32), np.array(users, dtype=np.int32)
    other = replace(
        data,
        items=item_of[data.items],
        item_ids=np.argsort(item_of),
        users=user_of[data.users],
        user_ids=np.argsort(user_of),
    )
    for protocol in RANDOM:
        assert held_out(prepare(data, protocol)) == held_out(prepare(other, protocol))


@given(some_interactions(), some_interactions())
def test_at_random_other_users_do_not_count(data: Interactions, others: Interactions) -> None:
    alone = with_somebody(data)
    both = replace(
        alone,
        users=np.r_[others.users + 10, alone.users],
        items=np.r_[others.items, alone.items],
        times=np.r_[others.times, alone.times],
        n_users=16,
        user_ids=np.arange(16),
    )
    for protocol in RANDOM:
        expected = held_out(prepare(alone, protocol))
        found = held_out(prepare(both, protocol))
        assert expected == {user: found[user] for user in expected}


@given(some_interactions())
def test_at_random_each_pair_is_in_train_or_held_out(data: Interactions) -> None:
    data = with_somebody(data)
    everything = set(zip(data.users.tolist(), data.items.tolist(), strict=True))
    test, validation = (prepare(data, protocol) for protocol in RANDOM)
    for_test, for_validation = (set(held_out(task).items()) for task in (test, validation))
    assert train_pairs(test) | for_test == everything
    assert not train_pairs(test) & for_test
    assert train_pairs(validation) | for_validation == train_pairs(test)  # no test item is left
    assert not train_pairs(validation) & for_validation
    assert {user for user, _ in for_test} == {user for user, _ in for_validation}


def test_at_random_every_place_is_equally_likely() -> None:
    users, places = 4000, 4
    rows = [(user, 10 * place, place) for user in range(users) for place in range(places)]
    found = Counter(held_out(prepare(interactions(rows), "loo-99-random")).values())
    expected = users / places
    # chi-square with 3 degrees of freedom: above 21 once in ten thousand streams
    assert sum((found[10 * place] - expected) ** 2 / expected for place in range(places)) < 21


def test_another_stream_orders_otherwise() -> None:
    data = interactions([(0, item, 0) for item in range(30)])
    one, two = (arranged(data, "random", stream=stream).items.tolist() for stream in "01")
    assert one != two
    assert sorted(one) == sorted(two)


def test_a_minimum_rating_counts_in_every_order() -> None:
    ratings = np.array([5, 1, 4, 3, 5], dtype=np.float32)
    data = interactions([(0, item, 0) for item in range(5)], ratings=ratings)
    for protocol in (*FILE, *RANDOM):
        task = prepare(data, protocol, min_rating=3)
        assert 1 not in {*task.train.items.tolist(), *task.cases.held_out.tolist()}
        assert task.protocol == f"{protocol}-rated-3"


def test_without_times_the_latest_item_is_refused_and_both_ways_named() -> None:
    data = DataSet(interactions(SOMEBODY), has_times=False)
    for protocol in ("loo-99", "loo-99-validation"):
        with pytest.raises(BadProtocol, match=r"no times; loo-99-order-file .* loo-99-random"):
            prepare(data, protocol)
    for protocol in (*FILE, *RANDOM):
        assert prepare(data, protocol).protocol == protocol


@pytest.mark.parametrize(
    ("protocol", "line"),
    [
        ("loo-99", "1 users (10%) have a tied newest time"),
        ("loo-99-order-file", "no times: a user's last item is the last in the source"),
        ("loo-99-random", "no order: one item of each user is held out at random"),
    ],
)
def test_the_audit_says_what_the_order_is(protocol: str, line: str) -> None:
    task = prepare(interactions(SOMEBODY), protocol)
    assert line in audit_lines("mine", task.protocol, task.audit)


def test_models_that_use_order_are_skipped_where_there_is_none() -> None:
    rows = [Described("ok", {}), Described("ok", {}, needs=("order",))]
    data = interactions(SOMEBODY)
    for protocol in ("loo-99", *FILE):
        assert fit_for(prepare(data, protocol), rows) == rows
    plain, sequential = fit_for(prepare(data, "loo-99-random"), rows)
    assert plain.status == "ok"
    assert sequential.status == "skipped"
    assert "uses the order of a user's items, and loo-99-random has none" in sequential.reason


def test_models_that_need_features_of_items_are_skipped_where_there_are_none() -> None:
    rows = [Described("ok", {}), Described("ok", {}, needs=("order", "item features"))]
    plain, content = fit_for(replace(prepare(interactions(SOMEBODY), "loo-99"), dataset="d"), rows)
    assert plain.status == "ok"
    assert (content.status, content.reason) == (
        "skipped",
        "needs features of items, and d has none",
    )
