"""The verdict of an audit, against data that have one thing wrong each."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from made import interactions, some_interactions

from bench.interactions import DataSet, Interactions
from bench.protocol.task import prepare
from bench.protocol.verdict import verdict

HEALTHY = [(u, (u * 3 + 7 * i) % 400, u + 1000 * i) for u in range(300) for i in range(5)]


def said(rows: list[tuple[int, int, int]], *, own: bool = True, protocol: str = "loo-99") -> str:
    task = prepare(DataSet(interactions(rows)), protocol)
    return "\n".join(verdict(task.audit, own=own))


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert said(HEALTHY) == (
        "Can it be benchmarked? Yes: 300 test users, which tell a hit rate to ±0.029 or better"
    )


@pytest.mark.parametrize(
    ("rows", "words", "flag"),
    [
        ([(u, i, i) for u in range(20) for i in range(200)], "so few test users", ""),
        (
            HEALTHY + [(300 + u, u, 1) for u in range(300)],
            "50% of users have one item",
            "`--min-user 3` leaves 300 users",
        ),
        (
            HEALTHY + [(300 + u // 2, u, u) for u in range(600)],
            "50% of users have fewer than 3 items",
            "`--min-user 3` leaves 300 users",
        ),
        (
            [(u, i, 7) for u, i, _ in HEALTHY],
            "100% of users have a tied newest time",
            "`--order random`",
        ),
        (HEALTHY + HEALTHY, "50% of the interactions repeat one, a pair occurs 2.0 times", ""),
        (
            HEALTHY + [(u, 400 + u, 10**6) for u in range(30)],
            "10.0% of the held-out items occur nowhere else",
            "`--min-item 5`",
        ),
        (
            [(u, (u + i * 7) % 60, i) for u in range(300) for i in range(5)],
            "300 users have fewer than 99 items that they never touched: with 60 items",
            "",
        ),
        (
            [(u, i, i) for u in range(300) for i in (0, 1)]
            + [(u, 2 + u // 2, 2) for u in range(300)],
            "the most popular 1 % of the items have 67% of the interactions",
            "",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_flag_that_helps(
    rows: list[tuple[int, int, int]], words: str, flag: str
) -> None:
    found = said(rows)
    assert "Can it be benchmarked? With care" in found
    assert words in found and flag in found
    foreign = said(rows, own=False)
    assert words in foreign and "`--" not in foreign


def test_times_are_of_no_account_where_the_order_is_not_theirs() -> None:
    tied = [(u, i, 7) for u, i, _ in HEALTHY]
    for protocol in ("loo-99-order-file", "loo-99-random"):
        assert "tied" not in said(tied, protocol=protocol)


@given(some_interactions())
def test_counts_are_those_of_sets(data: Interactions) -> None:
    rows = [*zip(data.users.tolist(), data.items.tolist(), data.times.tolist(), strict=True)]
    data = interactions([*rows, *((9, item, 0) for item in range(3))], 10, 12)
    found = prepare(data, "loo-99").audit
    pairs = set(zip(data.users.tolist(), data.items.tolist(), strict=True))
    per_user = [sum(user == u for u, _ in pairs) for user in range(10)]
    per_item = sorted((sum(item == i for _, i in pairs) for item in range(12)), reverse=True)
    assert found["users_with_one_item"] == per_user.count(1)
    assert found["top_1_percent_share"] == pytest.approx(per_item[0] / len(pairs))
    assert found["first_time"] == str(np.datetime64(int(data.times.min()), "s"))


def test_moments_are_in_the_unit_of_the_times_and_none_without() -> None:
    data = DataSet(interactions([(0, i, 1_600_000_000_500 + i) for i in range(3)]))
    times = [
        prepare(replace(data, ticks=ticks), "loo-99").audit["first_time"] for ticks in (1000, None)
    ]
    assert times == ["2020-09-13T12:26:40", None]


def test_an_audit_of_before_has_no_verdict() -> None:
    task = prepare(interactions(HEALTHY), "loo-99")
    old = {name: task.audit[name] for name in task.audit if name != "users_with_one_item"}
    assert verdict(old, own=True) == []
