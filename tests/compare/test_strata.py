"""Strata: which group a tested user is in, by hand and by another way of counting."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, published, some_interactions

from bench.compare.strata import (
    COLD,
    GAP,
    HISTORY,
    POPULARITY,
    NoStrata,
    Strata,
    counts_of_test_items,
    measured_on,
    strata,
    strata_of_section,
)
from bench.interactions import DataSet, Interactions
from bench.leaderboard.write import board_of
from bench.protocol.split import in_order
from bench.protocol.task import prepare
from bench.records.folder import Results

RESULTS = Path(__file__).parents[2] / "results"


def of(data: DataSet | Interactions, protocol: str = "loo-99", **more: float) -> Strata:
    given = DataSet.of(data)
    task = prepare(given, protocol, **more)  # type: ignore[arg-type]
    return strata(task, in_order(given.interactions, more.get("min_rating")))


def labels(found: Strata, name: str) -> list[str]:
    return [found[name].labels[group] for group in found[name].groups]


def test_the_time_between_visits_is_told_apart_at_a_second_a_minute_and_a_day() -> None:
    gaps = [0, 1, 60, 61, 86_400, 86_401]
    rows = [
        row
        for user, gap in enumerate(gaps)
        for row in ((user, 0, 5), (user, 1, 100), (user, 2, 100 + gap))
    ]
    assert labels(of(interactions(rows)), GAP) == [
        *("in the same second", "within a minute", "within a minute"),
        *("within a day", "within a day", "after a day"),
    ]


def test_a_published_test_item_that_came_before_others_follows_at_once() -> None:
    # User 0: 9 - 2; user 1: 5 comes before 7.
    assert labels(of(published(), "ncf-files"), GAP) == ["within a minute", "in the same second"]


def test_each_third_of_the_interactions_is_a_stratum_of_items() -> None:
    # In train: item 0 six times, item 1 five times, items 2 to 8 once each: 18.
    train = [(user, 0, 1) for user in range(6)] + [(user, 1, 2) for user in range(5)]
    train += [(user, 2 + user, 3) for user in range(5)] + [(5, 7, 3), (5, 8, 4)]
    held_out = [(4, 7, 9), (5, 1, 9)]  # 5 users are of three items without them
    found = of(interactions(train + held_out))
    by_user = dict(enumerate(labels(found, POPULARITY)))
    assert by_user[5] == "middle"
    assert by_user[4] == "tail"


@given(data=some_interactions(testable=True))
def test_as_counted_user_by_user(data: Interactions) -> None:
    ordered = in_order(data)
    task = prepare(data, "loo-99")
    found = strata(task, ordered)
    in_train = Counter(task.train.items.tolist())
    lengths = Counter(task.train.users.tolist())
    for row, (user, item) in enumerate(zip(task.cases.users, task.cases.held_out, strict=True)):
        own = {name: grouping.labels[grouping.groups[row]] for name, grouping in found.items()}
        assert (own[COLD] == "cold") == (in_train[item] == 0)
        above = sum(count for count in in_train.values() if count > in_train[item])
        third = ("head", "middle", "tail")[3 * above // len(task.train)] if item in in_train else ""
        assert own[POPULARITY] == (third or "tail")
        times = task.train.times[task.train.users == user]
        last = ordered.times[(ordered.users == user) & (ordered.items == item)]
        gap = int(last[0] - times.max())
        assert own[GAP] == ("in the same second" if gap <= 0 else "within a minute")  # 0 to 4 s
        cuts = [int(word) for word in own[HISTORY].split() if word.isdigit()]
        match own[HISTORY].split()[0]:
            case "up":
                assert lengths[user] <= cuts[0]
            case "over":
                assert lengths[user] > cuts[0]
            case "all":
                assert len(found[HISTORY].labels) == 1
            case _:
                assert cuts[0] <= lengths[user] <= cuts[-1]


@given(data=some_interactions(testable=True), seed=st.integers(0, 9))
def test_numbers_of_items_mean_nothing(data: Interactions, seed: int) -> None:
    new = np.random.default_rng(seed).permutation(data.n_items).astype(np.int32)
    other = interactions(
        [*zip(data.users.tolist(), new[data.items].tolist(), data.times.tolist(), strict=True)],
        data.n_users,
        data.n_items,
    )
    ours = of(data)
    theirs = of(other)
    for name, grouping in ours.items():
        assert grouping.labels == theirs[name].labels
        np.testing.assert_array_equal(grouping.groups, theirs[name].groups)


@given(data=some_interactions(testable=True))
def test_every_tested_user_is_in_one_group_of_each(data: Interactions) -> None:
    found = of(data)
    assert list(found) == [POPULARITY, HISTORY, GAP, COLD]
    for grouping in found.values():
        assert len(grouping.labels) == len(grouping.endings) == len(set(grouping.labels))
        assert sum(map(grouping.users, range(len(grouping.labels)))).tolist() == [1] * len(
            grouping.groups
        )
        assert grouping.shares().sum() == pytest.approx(1)


def test_of_a_repeated_pair_the_time_that_counts_is_that_of_the_protocol() -> None:
    rows = [(0, 0, 1), (0, 1, 2), (0, 2, 3), (0, 3, 10), (0, 3, 100_000)]
    data = interactions(rows, ratings=np.array([5, 5, 5, 5, 1], dtype=np.float32))
    assert labels(of(data), GAP) == ["after a day"]
    assert labels(of(data, min_rating=3), GAP) == ["within a minute"]


def test_without_times_there_is_no_time_between_visits() -> None:
    rows = [(0, 0, 5), (0, 1, 5), (0, 2, 5)]
    found = of(DataSet(interactions(rows), has_times=False), "loo-99-order-file")
    assert list(found) == [POPULARITY, HISTORY, COLD]


def test_a_published_board_has_those_of_its_data() -> None:
    section = board_of(Results(RESULTS / "ml-100k-all"))[0]
    found = strata_of_section(section, None)
    assert {name: len(grouping.groups) for name, grouping in found.items()} == dict.fromkeys(
        (POPULARITY, HISTORY, GAP, COLD), 943
    )
    assert int(found[COLD].groups.sum()) == 3  # as `bench data audit` says
    assert int((counts_of_test_items(measured_on(section, None).task) == 0).sum()) == 3
    assert found[HISTORY].labels == (
        *("up to 32 items", "33 to 64 items", "65 to 147 items", "over 147 items"),
    )


def test_where_the_data_are_not_at_hand_it_says_so(tmp_path: Path) -> None:
    section = board_of(Results(RESULTS / "ml-1m"))[0]
    with pytest.raises(NoStrata, match="the data of movielens_1m are not at hand: "):
        strata_of_section(section, tmp_path)


def test_other_data_than_those_measured_on_are_refused() -> None:
    section = board_of(Results(RESULTS / "ml-100k-all"))[0]
    other = type(section)(**vars(section) | {"dataset": "synthetic", "protocol": "loo-99-users-50"})
    with pytest.raises(NoStrata, match="not measured on the data at hand"):
        strata_of_section(other, None)
