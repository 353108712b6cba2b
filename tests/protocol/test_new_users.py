"""New people: who they are, what is shown of them, and what stays the same whatever is shown."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import interactions

from bench.errors import BadParameter, UnknownName
from bench.interactions import Interactions
from bench.protocol.new_users import NewUsers
from bench.protocol.protocols import protocol_named, protocols_of, with_folds
from bench.protocol.task import BadProtocol, Task, prepare, prepare_all

USERS, ITEMS = 400, 200


def made(seed: int, least: int = 4) -> Interactions:
    """400 users with 4 to 13 of 200 items, or more, in no order, with tied times."""
    rng = np.random.default_rng(seed)
    rows = [
        (user, int(item), int(rng.integers(6)))
        for user in range(USERS)
        for item in rng.choice(ITEMS, int(rng.integers(least, least + 10)), replace=False)
    ]
    rng.shuffle(rows)
    return interactions(rows, USERS, ITEMS)


DATA = made(1)


def pairs(data: Interactions) -> list[tuple[int, int]]:
    return list(zip(data.users.tolist(), data.items.tolist(), strict=True))


def histories(data: Interactions) -> dict[int, list[int]]:
    """Each user's items by time; ties as in the source."""
    order = np.lexsort((np.arange(len(data)), data.times, data.users))
    found: dict[int, list[int]] = {}
    for user, item in pairs(data.take(order)):
        found.setdefault(user, []).append(item)
    return found


def of(task: Task) -> dict[int, list[int]]:
    assert task.shown is not None
    return histories(task.shown)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 100),
    shown=st.integers(1, 4),
    end=st.sampled_from(["", "-validation"]),
    latest=st.sampled_from(["", "-latest"]),
)
def test_what_a_task_consists_of(seed: int, shown: int, end: str, latest: str) -> None:
    data = made(seed)
    task = prepare(data, f"new-users{latest}-{shown}{end}")
    whole, known, cases = histories(data), histories(task.train), task.cases
    assert cases.touched is not None
    people = of(task)
    assert known.keys().isdisjoint(cases.users.tolist())
    assert people.keys() == set(cases.users.tolist())
    assert all(items == whole[user] for user, items in known.items())
    for row, user in enumerate(cases.users.tolist()):
        items = whole[user]
        assert len(items) > shown
        assert cases.held_out[row] == items[-1]
        assert len(people[user]) == shown
        if latest:
            assert people[user] == items[-shown - 1 : -1]
        assert set(people[user]) <= set(items[:-1])
        touched = cases.touched.items[cases.touched.starts[row] : cases.touched.starts[row + 1]]
        assert sorted(touched.tolist()) == sorted(items[:-1])
        assert not set(cases.negatives.items[row].tolist()) & set(items)


@pytest.mark.parametrize("latest", ["", "-latest"])
def test_of_all_items_none_but_the_last_is_hidden(latest: str) -> None:
    whole, task = histories(DATA), prepare(DATA, f"new-users{latest}-all")
    assert of(task).keys() == of(prepare(DATA, "new-users-1")).keys()
    assert {user: sorted(items) for user, items in of(task).items()} == {
        user: sorted(whole[user][:-1]) for user in of(task)
    }
    assert protocols_of("new-users-all-folds-3") == ["new-users-all-folds-3"]


@pytest.mark.parametrize("end", ["", "-validation"])
def test_all_k_have_the_same_train_people_and_candidates(end: str) -> None:
    tasks = [prepare(DATA, f"new-users-{k}{end}") for k in (1, 2, 5)]
    for one, other in pairwise(tasks):
        assert pairs(one.train) == pairs(other.train)
        assert all(set(of(one)[user]) < set(items) for user, items in of(other).items())
        both = np.isin(one.cases.users, other.cases.users)
        assert both.sum() == len(other.cases.users)
        mine, theirs = one.cases.take(both), other.cases
        np.testing.assert_array_equal(mine.held_out, theirs.held_out)
        np.testing.assert_array_equal(mine.negatives.items, theirs.negatives.items)
    assert len({task.split_sha256 for task in tasks}) == 3
    assert len({task.data_sha256 for task in tasks}) == 1


def test_candidates_are_those_of_leave_one_out() -> None:
    new, usual = prepare(DATA, "new-users-2").cases, prepare(DATA, "loo-99").cases
    usual = usual.take(np.isin(usual.users, new.users))
    np.testing.assert_array_equal(new.held_out, usual.held_out)
    np.testing.assert_array_equal(new.negatives.items, usual.negatives.items)


def test_nothing_of_the_test_people_is_left_for_validation() -> None:
    test, validation = prepare(DATA, "new-users-1"), prepare(DATA, "new-users-1-validation")
    people = set(test.cases.users.tolist())
    assert people.isdisjoint(validation.cases.users.tolist())
    assert people.isdisjoint(validation.train.users.tolist())
    assert validation.shown is not None
    assert people.isdisjoint(validation.shown.users.tolist())


def test_about_a_fifth_is_new_and_by_the_ids_alone() -> None:
    people = prepare(DATA, "new-users-1").cases.users
    assert 0.12 * USERS < len(people) < 0.28 * USERS
    order = np.random.default_rng(0).permutation(USERS).astype(np.int32)  # other numbers
    names = np.empty(USERS, dtype=np.int64)
    names[order] = np.arange(USERS)
    other = replace(DATA, users=order[DATA.users], user_ids=names)
    again = prepare(other, "new-users-1")
    assert sorted(names[again.cases.users].tolist()) == people.tolist()
    wanted = {u: items for u, items in of(prepare(DATA, "new-users-3")).items()}
    found = {int(names[u]): items for u, items in of(prepare(other, "new-users-3")).items()}
    assert {u: sorted(i) for u, i in found.items()} == {u: sorted(i) for u, i in wanted.items()}


def test_in_folds_everybody_is_new_once() -> None:
    whole = prepare(DATA, "new-users-1-folds-3")
    assert [len(fold.folds) for fold in whole.folds] == [0, 0, 0]
    people = [fold.cases.users.tolist() for fold in whole.folds]
    assert sorted(user for some in people for user in some) == list(range(USERS))
    assert whole.cases.users.tolist() == list(range(USERS))
    for fold in whole.fits:
        rows = np.isin(whole.cases.users, fold.cases.users)
        part = whole.cases.take(rows)
        for mine, theirs in zip(part.parts(), fold.cases.parts(), strict=True):
            for one, other in zip(mine, theirs, strict=True):
                np.testing.assert_array_equal(one, other)
    assert whole.audit["tested_users"] == whole.audit["new_people"] == USERS


def test_the_first_of_five_folds_is_the_fifth_that_is_new_without_folds() -> None:
    alone, first = prepare(DATA, "new-users-2"), prepare(DATA, "new-users-2-folds-5").folds[0]
    assert alone.split_sha256 == first.split_sha256


def test_a_family_stands_for_its_members() -> None:
    assert protocols_of("new-users-latest-folds-5") == [
        f"new-users-latest-{k}-folds-5" for k in (1, 2, 5, 10, 20)
    ]
    assert protocols_of("new-users-7") == ["new-users-7"]
    assert protocols_of("loo-99") == ["loo-99"]
    with pytest.raises(BadParameter, match=r"stands for new-users-1, new-users-2, .*name one"):
        prepare(DATA, "new-users")
    tasks = prepare_all(made(2, least=23), "new-users")
    assert [task.protocol for task in tasks] == protocols_of("new-users")


@given(
    shown=st.none() | st.integers(1, 999_999),
    latest=st.booleans(),
    end=st.sampled_from([{}, {"validation": True}, {"folds": 2}, {"folds": 10}]),
)
def test_a_name_says_all(shown: int | None, latest: bool, end: dict[str, int]) -> None:
    wanted = NewUsers(shown, latest, **end)  # type: ignore[arg-type]
    assert NewUsers.of(str(wanted)) == wanted


@pytest.mark.parametrize("name", ["loo-99", "new-users-", "new-users--1", "new-users-1.5", "x"])
def test_other_names_are_of_no_such_protocol(name: str) -> None:
    assert NewUsers.of(name) is None


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("new-users-0", BadParameter, "K must be 1 or more, not 0"),
        ("new-users-latest-00", BadParameter, "K must be 1 or more, not 0"),
        ("new-users--1", UnknownName, "Did you mean 'new-users-K'"),
        ("new-user-5", UnknownName, "Did you mean 'new-users-K'"),
        ("new-users-1-folds-1", BadParameter, "folds must be 2 to 10, not 1"),
        ("new-users-1-folds-11", BadParameter, "folds must be 2 to 10, not 11"),
    ],
)
def test_names_that_are_wrong_are_told(name: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        protocol_named(name)


def test_folds_are_of_new_people_alone() -> None:
    assert with_folds("new-users-latest-5", 4) == "new-users-latest-5-folds-4"
    assert with_folds("new-users", 5) == "new-users-folds-5"
    with pytest.raises(BadParameter, match="folds are of new-users, not of protocol loo-99"):
        with_folds("loo-99", 5)
    with pytest.raises(BadParameter, match="none is left for validation"):
        with_folds("new-users-validation", 5)
    with pytest.raises(BadParameter, match="scores everybody"):
        prepare(DATA, "new-users-1-folds-5", eval_users=10)


def test_under_fifty_people_with_enough_items_are_refused_with_the_number() -> None:
    with pytest.raises(BadProtocol, match=r"of \d+ new people 0 have 21 items or more.*must be 50"):
        prepare(DATA, "new-users-20")
    few = DATA.take(DATA.users < 40)
    with pytest.raises(BadProtocol, match="there must be 50"):
        prepare(few, "new-users-1")


def test_a_sample_of_the_new_people_is_shown_the_same() -> None:
    whole, some = prepare(DATA, "new-users-2"), prepare(DATA, "new-users-2", eval_users=20)
    assert some.protocol == "new-users-2-users-20"
    assert len(some.cases.users) == 20
    assert pairs(some.train) == pairs(whole.train)
    assert all(of(some)[user] == of(whole)[user] for user in some.cases.users.tolist())
