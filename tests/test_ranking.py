"""Counting and top lists block by block, against one row at a time."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import ranking
from bench.ranking import NotFinite, Ranker

LENGTH = 10


def by_hand(scores: Any, own: Any, out: Any) -> list[tuple[int, int, list[int]]]:
    """Of each row: how many are higher and equal, and the best, by sorting all that is not out."""
    found = []
    for row, (values, mine) in enumerate(zip(scores.tolist(), own.tolist(), strict=True)):
        kept = [item for item in range(len(values)) if (row, item) not in out]
        best = sorted(kept, key=lambda item, values=values: (-values[item], item))[:LENGTH]
        found.append(
            (
                sum(values[item] > mine for item in kept),
                sum(values[item] == mine for item in kept),
                best + [-1] * (LENGTH - len(best)),
            )
        )
    return found


@given(
    rows=st.integers(1, 7),
    n_items=st.sampled_from([1, 2, 9, 10, 11, 63, 64, 65, 300, 512, 700]),
    levels=st.sampled_from([1, 2, 5, 1000]),
    share_out=st.sampled_from([0.0, 0.1, 0.97, 1.0]),
    seed=st.integers(0, 2**32),
    block_bytes=st.sampled_from([1, 5000, 1 << 19]),
)
def test_ranks_are_those_of_a_slow_reference(
    rows: int, n_items: int, levels: int, share_out: float, seed: int, block_bytes: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(-levels, levels, (rows, n_items)).astype(np.float32)
    kept = scores.copy()
    own = scores[:, 0].copy()
    out_rows, out_items = np.nonzero(rng.random((rows, n_items)) < share_out)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "BLOCK_BYTES", block_bytes)
        ranker = Ranker(n_items, LENGTH)
    for _ in range(2):  # the buffers are used again
        found = ranker.rank(scores, own, out_rows, out_items.astype(np.int32))
        expected = by_hand(
            scores, own, set(zip(out_rows.tolist(), out_items.tolist(), strict=True))
        )
        assert list(zip(found.higher, found.equal, found.best.tolist(), strict=True)) == expected
        assert np.array_equal(scores, kept)
        top = ranker.top(scores[:1], out_items[out_rows == 0].astype(np.int32))
        assert np.array_equal(top, found.best[:1])


def test_many_equal_scores_and_very_large_ones() -> None:
    scores = np.full((3, 1000), 3e38, dtype=np.float32)  # whose sum is infinite
    scores[1, 500:] = -3e38
    scores[2] = np.arange(1000)
    nothing = np.empty(0, dtype=np.int64)
    found = Ranker(1000, LENGTH).rank(scores, scores[:, 7], nothing, nothing.astype(np.int32))
    assert found.equal.tolist() == [1000, 500, 1]
    assert found.higher.tolist() == [0, 0, 992]
    assert found.best.tolist() == [[*range(10)], [*range(10)], [*range(999, 989, -1)]]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("item", [0, 64, 699])
def test_what_is_not_finite_is_refused(value: float, item: int) -> None:
    scores = np.zeros((5, 700), dtype=np.float32)
    scores[4, item] = value
    # Also where the item is left out.
    with pytest.raises(NotFinite):
        Ranker(700, LENGTH).rank(
            scores, scores[:, 1], np.array([4]), np.array([item], dtype=np.int32)
        )
