"""Tiers and letters say the same of which models are told apart, each in its way."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.statistics.letters import letters
from bench.statistics.tiers import tiers


@st.composite
def boards(draw: st.DrawFn) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Means of some models, and any set of pairs that are told apart."""
    k = draw(st.integers(1, 9))
    means = np.array(draw(st.permutations(range(k)))) / 10
    apart = np.zeros((k, k), dtype=bool)
    for i in range(k):
        for j in range(i):
            apart[i, j] = apart[j, i] = draw(st.booleans())
    return means, apart


@given(boards())
def test_each_tier_is_its_best_and_all_that_are_not_told_apart_from_it(
    board: tuple[NDArray[np.float64], NDArray[np.bool_]],
) -> None:
    means, apart = board
    found = tiers(means, apart)
    assert sorted(set(found)) == list(range(1, found.max() + 1))
    assert found[means.argmax()] == 1
    for tier in range(1, found.max() + 1):
        left = np.flatnonzero(found >= tier)
        best = left[means[left].argmax()]
        assert found[best] == tier
        for model in left:
            assert (found[model] == tier) == (not apart[best, model])


@given(boards())
def test_two_models_share_a_letter_exactly_where_they_are_not_told_apart(
    board: tuple[NDArray[np.float64], NDArray[np.bool_]],
) -> None:
    means, apart = board
    found = [set(each) for each in letters(means, apart)]
    for i in range(len(means)):
        assert found[i]
        for j in range(len(means)):
            assert bool(found[i] & found[j]) == (not apart[i, j])
    assert "a" in found[means.argmax()]
    groups = {letter: {i for i, own in enumerate(found) if letter in own} for own in found
              for letter in own}  # fmt: skip
    for letter, members in groups.items():
        assert not any(members < other for other in groups.values()), letter


def test_the_example_of_a_chain() -> None:
    # Neighbours are not told apart, the ends are.
    apart = np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=bool)
    means = np.array([0.3, 0.2, 0.1])
    assert letters(means, apart) == ["a", "ab", "b"]
    assert tiers(means, apart).tolist() == [1, 1, 2]


def test_a_lower_tier_may_have_the_higher_mean() -> None:
    apart = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)
    assert tiers(np.array([0.3, 0.2, 0.1]), apart).tolist() == [1, 2, 1]


def test_many_letters_stay_apart() -> None:
    apart = ~np.eye(60, dtype=bool)
    found = letters(np.arange(60) / 60, apart)
    assert len(set(found)) == 60
    assert found[59] == "a"
    assert found[0] == "h2"
