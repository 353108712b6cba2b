"""Negatives: distinct, untouched, uniform, and a function of seed and user alone."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, some_interactions

from bench.interactions import Interactions
from bench.protocol import negatives as drawing
from bench.protocol.negatives import sample
from bench.protocol.split import in_order, leave_one_out


def rows_of(data: Interactions, count: int = 99, stream: str = "0/test") -> dict[object, list[int]]:
    """Negatives by original user id, as original item ids."""
    split = leave_one_out(in_order(data))
    negatives = sample(split, stream=stream, count=count)
    return {
        user: [data.item_ids[item].item() for item in items[:drawn]]
        for user, items, drawn in zip(
            data.user_ids[split.users].tolist(), negatives.items, negatives.drawn, strict=True
        )
    }


@given(some_interactions(users=5, items=30), st.integers(1, 40))
def test_they_are_distinct_and_untouched_and_as_many_as_there_are(
    data: Interactions, count: int
) -> None:
    for user, items in rows_of(data, count).items():
        touched = set(data.items[data.users == user].tolist())
        assert len(set(items)) == len(items) == min(count, data.n_items - len(touched))
        assert not touched & set(items)


@given(some_interactions(), some_interactions())
def test_other_users_change_nothing(data: Interactions, others: Interactions) -> None:
    both = Interactions(
        users=np.r_[others.users, data.users + others.n_users],
        items=np.r_[others.items, data.items],
        times=np.r_[others.times, data.times],
        n_users=others.n_users + data.n_users,
        n_items=data.n_items,
        user_ids=np.r_[np.arange(others.n_users) + 1000, np.arange(data.n_users)],
    )
    alone, together = rows_of(data, 5), rows_of(both, 5)
    assert alone == {user: together[user] for user in alone}


@given(some_interactions(), st.permutations(range(12)))
def test_numbering_the_items_otherwise_changes_nothing(
    data: Interactions, numbers: list[int]
) -> None:
    number_of = np.array(numbers, dtype=np.int32)  # item i becomes number_of[i]
    renumbered = replace(data, items=number_of[data.items], item_ids=np.argsort(number_of))
    assert rows_of(data, 5) == rows_of(renumbered, 5)


def test_however_many_users_are_drawn_for_at_a_time_changes_nothing() -> None:
    data = interactions([(u, u // 4 * 30 + i, i) for u in range(8) for i in range(30)], n_items=120)
    at_once = rows_of(data, 40)
    with patch.object(drawing, "CELLS", 4 * 120):  # the first four users, and the others
        assert rows_of(data, 40) == at_once


def test_another_stream_draws_others() -> None:
    data = interactions([(u, i, i) for u in range(20) for i in range(3)], n_items=500)
    first, second = rows_of(data), rows_of(data, stream="1/test")
    assert all(set(first[user]) != set(second[user]) for user in first)


def test_text_and_number_name_the_same_user() -> None:
    data = interactions([(0, i, i) for i in range(3)], n_items=300)
    named = replace(data, user_ids=np.array(["0"]))
    assert list(rows_of(data).values()) == list(rows_of(named).values())


def test_they_are_uniform() -> None:
    users, n_items = 4000, 60
    data = interactions([(u, i, i) for u in range(users) for i in range(3)], n_items=n_items)
    counts = np.bincount([i for items in rows_of(data, 10).values() for i in items])
    expected = users * 10 / (n_items - 3)
    assert not counts[:3].any()
    # Drawn without replacement, a count varies by less than a binomial one.
    spread = np.sqrt(expected * (1 - 10 / (n_items - 3)))
    chi_squared = (((counts[3:] - expected) / spread) ** 2).sum()
    assert 25 < chi_squared < 105  # 56 degrees of freedom: beyond 1 in 10,000 on either side


def test_a_user_with_nearly_all_items_still_gets_them_all() -> None:
    data = interactions([(0, i, i) for i in range(950)], n_items=1050)
    items = rows_of(data)[0]
    assert len(items) == 99
    assert set(items) <= set(range(950, 1050))
