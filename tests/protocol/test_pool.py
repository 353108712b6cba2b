"""Negatives of a pool, and items that users touched beside train."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from made import interactions

from bench.interactions import Interactions
from bench.protocol.negatives import sample, some_users
from bench.protocol.split import Split, Touched

USERS, ITEMS = 6, 24


@st.composite
def splits(draw: st.DrawFn) -> Split:
    """Each user has some items in train, one held out and some touched beside, all distinct.

    The last three items may be gone for all users, who have none of them otherwise.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows, held_out, touched = [], [], []
    for user in range(USERS):
        items = rng.permutation(ITEMS - 3)[: rng.integers(1, ITEMS - 2)].tolist()
        held_out.append(items.pop())
        cut = int(rng.integers(0, len(items) + 1))
        rows += [(user, item, 0) for item in items[:cut]]
        touched += [(user, item) for item in items[cut:]]
    pool = rng.random(ITEMS) < draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))
    pool[held_out] = True
    gone = np.arange(ITEMS) >= ITEMS - draw(st.sampled_from([0, 3]))
    further = np.array(touched, dtype=np.int64).reshape(-1, 2)
    return Split(
        train=interactions(rows, USERS, ITEMS),
        users=np.arange(USERS, dtype=np.int32),
        held_out=np.array(held_out, dtype=np.int32),
        pool=draw(st.sampled_from([pool, None])),
        touched=draw(
            st.sampled_from(
                [
                    Touched.of_rows(further[:, 0], further[:, 1].astype(np.int32), USERS, gone),
                    None,
                ]
            )
        ),
    )


def untouched_of(split: Split, row: int) -> set[int]:
    """By sets, one user alone."""
    train: Interactions = split.train
    found = set(range(ITEMS) if split.pool is None else np.flatnonzero(split.pool).tolist())
    found -= set(train.items[train.users == split.users[row]].tolist())
    if split.touched is not None:
        starts, items, of_all = split.touched
        found -= set(items[starts[row] : starts[row + 1]].tolist()) | set(of_all.tolist())
    return found - {int(split.held_out[row])}


@given(splits(), st.integers(1, 30))
def test_negatives_are_of_the_pool_and_untouched_and_as_many_as_there_are(
    split: Split, count: int
) -> None:
    found = sample(split, stream="0/test", count=count)
    for row, drawn in enumerate(found.drawn.tolist()):
        wanted, items = untouched_of(split, row), found.items[row, :drawn].tolist()
        assert drawn == len(set(items)) == min(count, len(wanted))
        assert set(items) <= wanted
        assert (found.items[row, drawn:] == -1).all()


@given(splits(), st.integers(1, USERS))
def test_of_some_users_each_keeps_what_it_touched_and_its_draws(split: Split, count: int) -> None:
    some = some_users(split, count, stream="0/users")
    all_of_them, theirs = (sample(each, stream="0/test", count=9) for each in (split, some))
    assert len(some.users) == count
    np.testing.assert_array_equal(theirs.items, all_of_them.items[some.users])
    for row, user in enumerate(some.users.tolist()):
        assert untouched_of(some, row) == untouched_of(split, user)


@given(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=1, max_size=6), st.data())
def test_what_is_touched_can_be_taken_in_any_rows(
    lists: list[list[int]], data: st.DataObject
) -> None:
    rows = np.repeat(np.arange(len(lists)), [len(each) for each in lists])
    items = np.array([item for each in lists for item in each], dtype=np.int32)
    touched = Touched.of_rows(rows, items, len(lists))
    wanted = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=8))
    rows, items = touched.take(np.array(wanted, dtype=np.int64)).pairs()
    found = [items[rows == row].tolist() for row in range(len(wanted))]
    assert found == [lists[row] for row in wanted]
