"""The paired difference against scipy and statsmodels; the part of the seeds by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from bench.statistics.paired import NotComparable, paired_difference
from bench.statistics.seeds import mean_over_seeds


def figures_of(seeds: int, users: int, seed: int = 0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return np.clip(rng.random(users) + rng.normal(0, 0.2, (seeds, users)), 0, 1)


@given(st.integers(2, 60), st.integers(0, 99))
def test_one_seed_each_is_the_paired_t_test(users: int, seed: int) -> None:
    first, second = figures_of(2, users, seed)[:, None]
    found = paired_difference(first, second)
    test = stats.ttest_rel(first[0], second[0])
    peer = DescrStatsW(first[0] - second[0])
    assert found.p == pytest.approx(test.pvalue, rel=1e-9, abs=1e-12)
    assert found.mean == pytest.approx(peer.mean)
    assert found.se == pytest.approx(peer.std_mean)
    assert (found.low, found.high) == pytest.approx(peer.tconfint_mean(0.05))
    assert found.one_fit
    assert found.first_better == (first > second).sum()
    assert found.second_better == (first < second).sum()
    assert found.ties == (first == second).sum()


@given(st.integers(1, 4), st.integers(1, 4), st.integers(2, 40))
def test_exchanging_the_two_turns_the_sign(ours: int, theirs: int, users: int) -> None:
    first, second = figures_of(ours, users), figures_of(theirs, users, 1)
    there, back = paired_difference(first, second), paired_difference(second, first)
    assert there.mean == -back.mean
    assert (there.se, there.p) == pytest.approx((back.se, back.p))
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert (there.first_better, there.second_better) == (back.second_better, back.first_better)
    assert there.one_fit == (min(ours, theirs) == 1)
    assert there.first_better + there.second_better + there.ties == users


def test_a_model_with_itself_differs_nowhere() -> None:
    values = figures_of(3, 20)
    found = paired_difference(values, values[[2, 0, 1]])
    assert (found.ties, found.first_better, found.second_better) == (20, 0, 0)
    assert found.mean == pytest.approx(0, abs=1e-15)
    constant = paired_difference(values[:1], values[:1])
    assert (constant.p, constant.se, constant.low, constant.high) == (1, 0, 0, 0)


def test_what_all_users_have_more_of_is_sure() -> None:
    more = paired_difference(np.full((1, 9), 0.75), np.full((1, 9), 0.5))
    assert (more.mean, more.se, more.p) == (0.25, 0, 0)


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ((1, 5), (1, 4), "5 users cannot be compared with 4"),
        ((1, 1), (1, 1), "two shared users"),
        ((5,), (1, 5), r"must be \[seeds, users\]"),
        ((0, 5), (1, 5), r"must be \[seeds, users\]"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    ours: tuple[int, ...], theirs: tuple[int, ...], said: str
) -> None:
    with pytest.raises(NotComparable, match=said):
        paired_difference(np.zeros(ours), np.zeros(theirs))


def test_fits_with_nothing_in_common_share_the_error_of_the_users() -> None:
    # As random does it: three seeds of 943 users are as good as 2,829 users.
    rng = np.random.default_rng(0)
    hits = (rng.random((400, 3, 943)) < 0.1).astype(float)
    errors = np.array([mean_over_seeds(values).se for values in hits])
    assert np.median(errors) == pytest.approx(np.sqrt(0.09 / 2829), rel=0.05)
    assert hits.mean(axis=(1, 2)).std() == pytest.approx(np.sqrt(0.09 / 2829), rel=0.1)


def test_equal_fits_have_the_error_of_one() -> None:
    values = figures_of(1, 30)
    assert mean_over_seeds(np.repeat(values, 3, axis=0)).se == pytest.approx(stats.sem(values[0]))
    assert mean_over_seeds(np.repeat(values, 3, axis=0)).df == pytest.approx(29)


# The spread of users, of what fits differ in, and of seeds, is about that of ml-100k.
@pytest.mark.parametrize("of_seeds", [0.0, 0.006, 0.012])
def test_the_error_is_that_of_repeated_studies(of_seeds: float) -> None:
    # Other users and other seeds each time: what a reader wants to generalise to.
    rng = np.random.default_rng(1)
    estimates = []
    for _ in range(1500):
        users, seeds = rng.normal(0, 0.32, 943), rng.normal(0, of_seeds, (3, 1))
        estimates.append(mean_over_seeds(users + seeds + rng.normal(0, 0.1, (3, 943))))
    means = np.array([each.mean for each in estimates])
    variance = np.mean([each.se**2 for each in estimates])
    assert np.sqrt(variance) == pytest.approx(means.std(), rel=0.06)
    covered = np.mean([each.low <= 0 <= each.high for each in estimates])
    assert 0.94 <= covered <= 0.96
