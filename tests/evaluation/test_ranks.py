"""Counting and top lists, against one row at a time and a sort."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.evaluation.rank_arrays import LeftOut
from bench.evaluation.ranks import NotFinite, Ranker

LENGTH = 10
SIZES = [1, 2, 9, 10, 11, 63, 64, 65, 127, 128, 129, 1000]
HUGE = np.float32(3e38)  # the sum of two is infinite


def by_hand(scores: Any, own: Any, out: Any, length: int) -> list[tuple[int, int, list[int]]]:
    """Of each row: how many are higher and equal, and the best, by sorting all that is not out."""
    found = []
    for row, (values, mine) in enumerate(zip(scores.tolist(), own.tolist(), strict=True)):
        kept = [item for item in range(len(values)) if item not in out[row]]
        best = sorted(kept, key=lambda item, values=values: (-values[item], item))[:length]
        found.append(
            (
                sum(values[item] > mine for item in kept),
                sum(values[item] == mine for item in kept),
                best + [-1] * (length - len(best)),
            )
        )
    return found


def left_out(out: list[Any]) -> LeftOut:
    """The items of each row one after the other, with an item between them that no row has."""
    lengths = np.array([len(items) for items in out])
    first = np.cumsum(lengths + 1) - lengths
    items = np.concatenate([[0, *items] for items in out])
    return LeftOut(first, first + lengths, items.astype(np.int32))


def none(rows: int) -> Any:
    return np.empty((rows, 0), dtype=np.int32)


@given(
    rows=st.integers(1, 5),
    n_items=st.sampled_from(SIZES),
    length=st.sampled_from([1, LENGTH, 64, 65, 100]),
    values=st.sampled_from(["one", "two", "ten", "many", "huge", "rising", "falling"]),
    share_out=st.sampled_from([0.0, 0.1, 0.97, 1.0]),
    seed=st.integers(0, 2**32),
)
def test_ranks_are_those_of_a_slow_reference(
    rows: int, n_items: int, length: int, values: str, share_out: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    shape = (rows, n_items)
    scores = {
        "one": lambda: np.full(shape, 0.5),
        "two": lambda: rng.choice([-0.0, 0.0, 1.0], shape),
        "ten": lambda: rng.integers(-5, 5, shape),
        "many": lambda: rng.standard_normal(shape),
        "huge": lambda: rng.choice([HUGE, -HUGE, np.finfo(np.float32).min, 1e-45], shape),
        "rising": lambda: np.tile(np.arange(n_items), (rows, 1)),
        "falling": lambda: np.tile(-np.arange(n_items), (rows, 1)),
    }[values]().astype(np.float32)
    own = scores[np.arange(rows), rng.integers(0, n_items, rows)]
    out = [np.flatnonzero(rng.random(n_items) < share_out).tolist() for _ in range(rows)]
    expected = by_hand(scores, own, out, length)
    ranker = Ranker(length)
    for given_scores in (scores, np.asfortranarray(scores)):
        given_scores.flags.writeable = False
        found = ranker.rank(given_scores, own, left_out(out), none(rows))
        assert list(zip(found.higher, found.equal, found.best.tolist(), strict=True)) == expected
        top = ranker.top(given_scores[:1], np.array(out[0], dtype=np.int32))
        assert top.tolist() == [expected[0][2]]


def test_an_item_that_is_left_out_twice_is_left_out_once() -> None:
    scores = np.array([[3, 2, 2, 1]], dtype=np.float32)
    found = Ranker(LENGTH).rank(scores, scores[:, 1].copy(), left_out([[0, 0, 2, 2]]), none(1))
    assert (found.higher[0], found.equal[0], found.best[0, :3].tolist()) == (0, 1, [1, 3, -1])


@given(st.integers(1, 40), st.integers(0, 12), st.integers(1, 4), st.integers(0, 2**32))
def test_counts_among_some_items_are_those_of_a_slow_reference(
    n_items: int, width: int, levels: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels, (3, n_items)).astype(np.float32)
    own = scores[:, 0].copy()
    items = rng.integers(-1, n_items, (3, width)).astype(np.int32)
    out = left_out([range(n_items), [0], []])
    found = Ranker(LENGTH).rank(scores, own, out, items)
    for row in range(3):
        theirs = [scores[row, item] for item in items[row] if item >= 0]
        assert found.some_higher[row] == sum(score > own[row] for score in theirs)
        assert found.some_equal[row] == sum(score == own[row] for score in theirs)


@given(
    n_items=st.sampled_from(SIZES),
    value=st.sampled_from([np.nan, np.inf, -np.inf, -np.nan]),
    huge=st.booleans(),
    is_out=st.booleans(),
    data=st.data(),
)
def test_what_is_not_finite_is_refused_wherever_it_is(
    n_items: int, value: float, huge: bool, is_out: bool, data: st.DataObject
) -> None:
    scores = np.full((3, n_items), HUGE if huge else 0, dtype=np.float32)
    own = scores[:, 0].copy()
    row, item = data.draw(st.integers(0, 2)), data.draw(st.integers(0, n_items - 1))
    out: list[Any] = [[], [], []]
    if is_out:
        out[row] = [item]
    Ranker(LENGTH).rank(scores, own, left_out(out), none(3))
    scores[row, item] = value
    with pytest.raises(NotFinite):
        Ranker(LENGTH).rank(scores, own, left_out(out), none(3))


def test_infinities_of_both_signs_do_not_hide_each_other() -> None:
    scores = np.zeros((1, 300), dtype=np.float32)
    scores[0, [3, 200]] = np.inf, -np.inf
    with pytest.raises(NotFinite):
        Ranker(LENGTH).rank(scores, scores[:, 0].copy(), left_out([[]]), none(1))


def test_the_parent_of_the_cells_loads_no_numba() -> None:
    script = "import sys, bench.running.cell; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-P", "-c", script], check=True)
