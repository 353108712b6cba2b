"""Step-down sign flips against scipy and against a loop over all flips."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from bench.statistics import randomisation
from bench.statistics.randomisation import pair_tests


def figures_of(models: int, users: int, *, seeds: int = 1, seed: int = 0) -> list[NDArray[float]]:
    rng = np.random.default_rng(seed)
    shared = rng.random(users)
    better = 0.1 * np.arange(models)
    return [
        np.clip(shared + better[n] + rng.normal(0, 0.3, (seeds, users)), 0, 1)
        for n in range(models)
    ]


def student(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.abs(stats.ttest_1samp(differences, 0, axis=-1).statistic)


def test_one_pair_is_the_permutation_test_of_scipy() -> None:
    first, second = figures_of(2, 60)
    found = pair_tests([first, second])
    peer = stats.permutation_test(
        (first[0], second[0]),
        lambda x, y, axis: stats.ttest_rel(x, y, axis=axis).statistic,
        permutation_type="samples",
        n_resamples=20_000,
        vectorized=True,
        rng=1,
    )
    assert found.p[0] == pytest.approx(peer.pvalue, abs=0.005)
    assert found.p[0] == pytest.approx(stats.ttest_rel(first[0], second[0]).pvalue, abs=0.01)


def test_several_pairs_are_as_a_loop_over_every_flip_finds_them() -> None:
    values = figures_of(3, 10, seed=3)
    found = pair_tests(values)
    differences = np.array([values[i][0] - values[j][0] for i, j in found.pairs])  # [P, m]
    observed = student(differences)
    order = np.argsort(-observed)
    adjusted, before = {}, 0.0
    flips = np.array(list(product((-1, 1), repeat=10)))  # [1024, m]
    for place, pair in enumerate(order):
        rest = order[place:]  # this pair, and those that are no larger
        largest = np.array([student(flip * differences[rest]).max() for flip in flips])
        before = max(before, float((largest >= observed[pair] - 1e-9).mean()))
        adjusted[pair] = before
    np.testing.assert_allclose(found.p, [adjusted[pair] for pair in range(3)], atol=0.012)
    assert found.told_apart()[0, 2] == (found.p[1] <= 0.05)


def test_intervals_and_means_are_those_of_each_pair_alone() -> None:
    from bench.statistics.paired import paired_difference

    values = figures_of(4, 30, seeds=3)
    found = pair_tests(values, flips=100)
    for place, (i, j) in enumerate(found.pairs):
        alone = paired_difference(values[i], values[j])
        ours = (found.mean[place], found.se[place], found.low[place], found.high[place])
        assert ours == pytest.approx((alone.mean, alone.se, alone.low, alone.high))
        assert found.p[place] >= alone.p - 0.05


def test_the_same_values_give_the_same_result_and_few_flips_no_small_p() -> None:
    values = figures_of(5, 50)
    first, again = pair_tests(values), pair_tests(values)
    assert first.p.tolist() == again.p.tolist()
    assert pair_tests(values, flips=9).p.min() >= 0.1


def test_equal_models_are_never_told_apart_and_sure_ones_are() -> None:
    same = np.tile(np.linspace(0, 1, 40), (2, 1))
    found = pair_tests([same, same.copy(), same + 0.2, same + 0.3])
    assert found.p[0] == 1
    assert (found.p[1:] <= 0.05).all()


def test_one_model_has_no_pair() -> None:
    alone = pair_tests(figures_of(1, 20))
    assert alone.pairs.shape == (0, 2)
    assert alone.told_apart().tolist() == [[False]]


def test_chunks_do_not_change_what_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    values = figures_of(4, 64)
    monkeypatch.setattr(randomisation, "AT_ONCE", 20_000)
    whole = pair_tests(values)
    monkeypatch.setattr(randomisation, "AT_ONCE", 1000)
    assert pair_tests(values).p == pytest.approx(whole.p)


def test_an_error_of_seeds_makes_a_difference_less_sure() -> None:
    first, second = figures_of(2, 400, seeds=3)
    far = np.array([[-0.05], [0.0], [0.05]])
    assert pair_tests([first + far, second - far]).p[0] > pair_tests([first, second]).p[0]
