"""The bootstrap against scipy's, and what it says of first places."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from bench.statistics.bootstrap import bootstrap
from bench.statistics.detectable import detectable_difference
from bench.statistics.seeds import mean_over_seeds


def test_intervals_are_those_of_scipy() -> None:
    values = np.random.default_rng(0).random((1, 300)) ** 3
    low, high = bootstrap([values], draws=4000).intervals()[0]
    peer = stats.bootstrap((values[0],), np.mean, method="percentile", rng=1).confidence_interval
    assert (low, high) == pytest.approx((peer.low, peer.high), abs=0.002)


def test_differences_are_of_the_same_users() -> None:
    rng = np.random.default_rng(0)
    shared = rng.random(300)
    first, second = (shared + rng.normal(0, 0.01, (1, 300)) for _ in range(2))
    low, high = bootstrap([first, second]).interval_of_difference(0, 1)
    peer = stats.bootstrap(((first - second)[0],), np.mean, method="percentile", rng=1)
    assert (low, high) == pytest.approx(tuple(peer.confidence_interval), abs=2e-4)


def test_seeds_widen_it_by_what_they_add() -> None:
    rng = np.random.default_rng(0)
    values = rng.random(500) + np.array([[-0.03], [0.0], [0.03]]) + rng.normal(0, 0.1, (3, 500))
    low, high = bootstrap([values], draws=20_000).intervals()[0]
    found = mean_over_seeds(values)
    assert high - low == pytest.approx(2 * 1.96 * found.se, rel=0.03)
    alone = bootstrap([values.mean(axis=0, keepdims=True)]).intervals()[0]
    assert high - low > 1.5 * (alone[1] - alone[0])


def test_how_often_a_model_is_first() -> None:
    rng = np.random.default_rng(0)
    shared = rng.random((1, 200))
    best, equal, last = shared + 0.1, shared.copy(), shared - 0.1
    found = bootstrap([best, equal, equal.copy(), last], draws=200)
    assert found.among_first(1).tolist() == [1, 0, 0, 0]
    assert found.among_first(3).tolist() == [1, 1, 1, 0]
    assert found.among_first(9).tolist() == [1, 1, 1, 1]
    close = bootstrap([shared + rng.normal(0, 0.2, (1, 200)) for _ in range(5)])
    assert close.among_first(1).sum() == pytest.approx(1)
    assert close.among_first(3).sum() == pytest.approx(3)


def test_the_same_values_give_the_same_draws() -> None:
    values = [np.random.default_rng(0).random((3, 50))]
    assert bootstrap(values).draws.tolist() == bootstrap(values).draws.tolist()


def test_the_detectable_difference_has_the_power() -> None:
    se = 0.3 / np.sqrt(943)
    found = detectable_difference([se / 2, se, 9 * se])
    assert found == pytest.approx(2.8016 * se, rel=1e-4)
    power = TTestPower().power(found / 0.3, nobs=943, alpha=0.05)
    assert power == pytest.approx(0.8, abs=0.002)
    for_all = detectable_difference([se], tests=300)
    assert TTestPower().power(for_all / 0.3, nobs=943, alpha=0.05 / 300) == pytest.approx(
        0.8, abs=0.01
    )
    assert detectable_difference([]) == 0


def test_rounding_in_seeds_that_are_equal_moves_no_draw_of_others() -> None:
    rng = np.random.default_rng(3)
    values = [np.tile(rng.random(50), (3, 1)), rng.random((3, 50))]
    rounded = [values[0] + 1e-16 * rng.random((3, 50)), values[1]]
    before, after = bootstrap(values, draws=20), bootstrap(rounded, draws=20)
    assert np.abs(before.draws - after.draws).max() < 1e-12
