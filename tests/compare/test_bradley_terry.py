"""Bradley-Terry's strengths are those of a logistic regression, and of the odds of two."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.compare.bradley_terry import NoStrengths, log_strengths

Table = NDArray[np.float64]


@st.composite
def wins(draw: st.DrawFn) -> Table:
    k = draw(st.integers(2, 6))
    counts = draw(st.lists(st.integers(1, 40), min_size=k * k, max_size=k * k))
    table = np.array(counts, dtype=float).reshape(k, k)
    np.fill_diagonal(table, 0)
    return table


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:Perfect separation")  # of two models: fitted exactly
@given(table=wins())
def test_as_a_logistic_regression_of_who_beats_whom(table: Table) -> None:
    k = len(table)
    pairs = [(i, j) for i in range(k) for j in range(i)]
    design = np.zeros((len(pairs), k))
    for row, (i, j) in enumerate(pairs):
        design[row, i], design[row, j] = 1, -1
    counts = np.array([[table[i, j], table[j, i]] for i, j in pairs])
    fitted = sm.GLM(counts, design[:, 1:], family=sm.families.Binomial()).fit(tol=1e-12)
    expected = np.r_[0, fitted.params]
    np.testing.assert_allclose(log_strengths(table[None])[0], expected - expected.mean(), atol=1e-5)


@given(table=wins(), factor=st.floats(0.01, 100))
def test_shares_do_as_well_as_counts_and_each_table_is_for_itself(
    table: Table, factor: float
) -> None:
    both = log_strengths(np.stack([table, table.T * factor]))
    np.testing.assert_allclose(both[0], -both[1], atol=1e-5)
    np.testing.assert_allclose(both.mean(axis=1), 0, atol=1e-9)


def test_of_two_it_is_half_the_log_odds() -> None:
    found = log_strengths(np.array([[[0.0, 0.75], [0.25, 0.0]]]))[0]
    np.testing.assert_allclose(found, [np.log(3) / 2, -np.log(3) / 2])


def test_models_that_never_met_are_placed_by_whom_they_beat() -> None:
    # 0 beats 1 on 75 %, 1 beats 2 on 75 %; 0 and 2 are in different data sets.
    table = np.array([[0, 0.75, 0], [0.25, 0, 0.75], [0, 0.25, 0]])
    np.testing.assert_allclose(log_strengths(table[None])[0], [np.log(3), 0, -np.log(3)], atol=1e-6)


@pytest.mark.parametrize(
    "table",
    [
        [[0, 1, 1], [0, 0, 1], [0, 1, 0]],  # nobody beats the first
        [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]],  # two that never met two others
    ],
)
def test_without_bounds_there_are_no_strengths(table: list[list[int]]) -> None:
    with pytest.raises(NoStrengths, match="no bound"):
        log_strengths(np.array([table], dtype=float))
