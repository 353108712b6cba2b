"""Cold items: which they are, who is tested on which, and that none of it is in train."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measured_canaries import measured

from bench.hashing import fingerprint
from bench.interactions import DataSet, Interactions
from bench.protocol.audit import audit_lines
from bench.protocol.cold_items import tenths
from bench.protocol.task import BadProtocol, Task, prepare
from bench.protocol.verdict import verdict

STREAM = "0/cold-items"
BOTH = ["cold-items", "cold-items-validation"]


def made(seed: int, users: int = 70, items: int = 330, most: int = 60) -> Interactions:
    """Users of 0 to `most` items, at times of which many are tied, by ids that are no numbers."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, most + 1, users)
    return Interactions(
        users=np.repeat(np.arange(users, dtype=np.int32), counts),
        items=np.concatenate([rng.permutation(items)[:n] for n in counts]).astype(np.int32),
        times=rng.integers(0, 30, counts.sum()),
        n_users=users,
        n_items=items,
        item_ids=np.array(
            [f"film {rng.integers(1 << 30)}-{n}" for n in range(items)], dtype=object
        ),
    )


def by_hand(data: Interactions, protocol: str) -> dict[int, tuple[int, set[int], set[int]]]:
    """Of each tested user the held-out item, what it has in train, and its other cold items."""
    tenth = tenths(data.item_ids, STREAM)
    cold = 1 if protocol.endswith("validation") else 0
    found = {}
    for user in range(data.n_users):
        rows = sorted(np.flatnonzero(data.users == user), key=lambda row: data.times[row])
        items = [int(data.items[row]) for row in rows]
        if cold == 1:
            items = [item for item in items if tenth[item] != 0]
        theirs = [item for item in items if tenth[item] == cold]
        known = {item for item in items if tenth[item] != cold}
        if theirs and len(known) >= 2:
            found[user] = theirs[-1], known, set(theirs[:-1])
    return found


@pytest.mark.parametrize("protocol", BOTH)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=20)
def test_the_latest_cold_item_is_held_out_and_no_cold_one_is_left(protocol: str, seed: int) -> None:
    data = made(seed)
    wanted = by_hand(data, protocol)
    try:
        task = prepare(data, protocol)
    except BadProtocol as error:
        assert "are cold, and 20" in str(error) or len(wanted) < 50
        return
    train, cases, tenth = task.train, task.cases, tenths(data.item_ids, STREAM)
    tuning = protocol.endswith("validation")
    pool = set(np.flatnonzero(tenth == tuning).tolist())
    gone = set(np.flatnonzero(tenth == 0).tolist()) if tuning else set()
    assert cases.pool is not None
    assert set(np.flatnonzero(cases.pool).tolist()) == pool
    assert not set(train.items.tolist()) & (pool | gone)
    assert cases.users.tolist() == sorted(wanted)
    assert train.n_items == data.n_items
    pools = []
    for row, user in enumerate(cases.users.tolist()):
        held_out, known, others = wanted[user]
        assert cases.held_out[row] == held_out
        assert set(train.items[train.users == user].tolist()) == known
        assert cases.touched is not None
        starts, items, of_all = cases.touched
        assert set(items[starts[row] : starts[row + 1]].tolist()) == others
        assert set(of_all.tolist()) == gone
        drawn = cases.negatives.drawn[row]
        rest = pool - others - {held_out}
        negatives = cases.negatives.items[row, :drawn].tolist()
        assert len(set(negatives)) == drawn == min(99, len(rest))
        assert set(negatives) <= rest
        pools.append(len(rest) + 1)
    assert task.audit["cold_items"] == len(pool)
    assert task.audit["interactions_left_out"] == len(data) - len(train)
    assert task.audit["smallest_pool"] == min(pools)
    assert task.tuning == tuning


@given(seed=st.integers(0, 2**32), numbers=st.permutations(range(330)))
@settings(max_examples=10)
def test_numbers_of_items_and_other_interactions_do_not_decide_what_is_cold(
    seed: int, numbers: list[int]
) -> None:
    data, number_of = made(seed), np.array(numbers, dtype=np.int32)
    otherwise = replace(
        data, items=number_of[data.items], item_ids=data.item_ids[np.argsort(number_of)]
    )
    fewer = data.take(data.users % 2 == 0)
    before = dict(zip(data.item_ids, tenths(data.item_ids, STREAM), strict=True))
    for each in (otherwise, fewer):
        assert dict(zip(each.item_ids, tenths(each.item_ids, STREAM), strict=True)) == before
    try:
        tasks = [prepare(each, "cold-items") for each in (data, otherwise)]
    except BadProtocol:
        return
    named = [
        [(each.train.item_ids[row].tolist()) for row in each.cases.negatives.items[:, :9]]
        for each in tasks
    ]
    assert named[0] == named[1]


def test_a_tenth_of_many_items_is_cold() -> None:
    shares = np.bincount(tenths(np.arange(100_000), STREAM), minlength=10) / 100_000
    assert np.abs(shares - 0.1).max() < 0.005  # five standard deviations


@pytest.mark.parametrize("protocol", BOTH)
def test_canaries_keep_within_their_bounds(protocol: str) -> None:
    found = measured(prepare(made(3, users=150), protocol))
    assert found.invalid() == []
    figures = {check.figure for check in found.checks["constant"]}
    assert {"beside_hr_at_10", "cold_share_at_10", "full_hr_at_10", "hr_at_10"} <= figures


def test_what_is_tuned_on_has_nothing_of_the_test_items() -> None:
    data = made(5)
    tenth = tenths(data.item_ids, STREAM)
    without = data.take(tenth[data.items] != 0)
    first, second = (prepare(each, "cold-items-validation") for each in (data, without))
    assert first.split_sha256 == second.split_sha256


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (made(1, items=60), r"^protocol cold-items: \d+ of 60 items are cold, and 20 are needed$"),
        (
            made(1, users=45),
            r"cold-items: \d+ of 45 users have a cold item and 2 others, and 50 are needed$",
        ),
        (DataSet(made(1), has_times=False), "holds out each user's latest item, but the data have"),
    ],
)
def test_data_that_do_not_do_are_refused_in_one_line(data: Any, message: str) -> None:
    with pytest.raises(BadProtocol, match=message) as caught:
        prepare(data, "cold-items")
    assert "\n" not in str(caught.value)


def test_the_audit_tells_of_cold_items_and_is_no_care() -> None:
    task: Task = prepare(made(3, users=250), "cold-items")
    lines = audit_lines("made", "cold-items", task.audit)
    assert f"{task.audit['cold_items']} cold items, without" in lines
    assert "with no cold item or fewer than 2 others not" in lines
    assert not [line for line in verdict(task.audit, own=False) if "occur nowhere else" in line]


def test_a_sample_of_users_keeps_their_cold_items() -> None:
    data = made(3, users=150)
    whole, some = prepare(data, "cold-items"), prepare(data, "cold-items", eval_users=20)
    rows = np.isin(whole.cases.users, some.cases.users)
    assert fingerprint(whole.cases.take(np.flatnonzero(rows)).parts()) == fingerprint(
        some.cases.parts()
    )
