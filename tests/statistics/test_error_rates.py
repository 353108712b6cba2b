"""How often tests, tiers and intervals are wrong, over made-up boards where the truth is known.

`pytest -s -m slow tests/statistics/test_error_rates.py` prints the rates of 2,000 boards.
"""

from typing import NamedTuple

import numpy as np
import pytest

from bench.records.standings import FAMILY
from bench.statistics.bootstrap import bootstrap
from bench.statistics.detectable import detectable_difference
from bench.statistics.paired import paired_difference
from bench.statistics.randomisation import pair_tests
from bench.statistics.seeds import mean_over_seeds
from bench.statistics.tiers import tiers
from tests.helpers.null_boards import Pool

FLIPS = 2000  # enough for a decision at 5 %


class Rates(NamedTuple):
    """Shares of boards, or of pairs and models of them."""

    rejected: float  # equal pairs whose p is at most 5 %
    family: float  # boards on which some equal pair is told apart
    tiered: float  # boards with more than one tier
    holm: float  # boards on which Holm's tests against the best model would make a second tier
    differences: float  # intervals of a difference that cover 0
    bootstrap_differences: float
    means: float  # intervals of a mean that cover the truth
    bootstrap_means: float
    power: float  # pairs told apart that differ by the detectable difference


def rates(pool: Pool, count: int, *, seeds: int) -> Rates:
    """The rates over so many boards."""
    found = []
    for board in pool.boards(count, seeds=seeds, seed=0):
        k = len(board)
        tests = pair_tests(list(board), FLIPS)
        apart = tests.told_apart()
        means = board.mean(axis=(1, 2))
        alone = [paired_difference(board[i], board[i + 1]) for i in range(0, k - 1, 2)]
        each = [mean_over_seeds(of_model) for of_model in board]
        drawn = bootstrap(list(board), draws=1000)
        ends = drawn.intervals()
        between = [drawn.interval_of_difference(i, i + 1) for i in range(0, k - 1, 2)]
        shift = detectable_difference(tests.se)
        against_best = [
            paired_difference(board[means.argmax()], other).p
            for place, other in enumerate(board)
            if place != means.argmax()
        ]
        found.append(
            [
                np.mean([pair.p <= 0.05 for pair in alone]),
                apart.any(),
                tiers(means, apart).max() > 1,
                min(against_best) <= FAMILY / (k - 1),
                np.mean([pair.low <= 0 <= pair.high for pair in alone]),
                np.mean([low <= 0 <= high for low, high in between]),
                np.mean([mean.low <= pool.mean <= mean.high for mean in each]),
                np.mean((ends[:, 0] <= pool.mean) & (pool.mean <= ends[:, 1])),
                np.mean(
                    [
                        paired_difference(board[i] + shift, board[i + 1]).p <= 0.05
                        for i in range(0, k - 1, 2)
                    ]
                ),
            ]
        )
    return Rates(*np.mean(found, axis=0).tolist())


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool()


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_few_boards(pool: Pool, seeds: int) -> None:
    found = rates(pool, 60, seeds=seeds)  # 660 pairs
    assert 0.025 <= found.rejected <= 0.075
    assert found.family <= 0.13
    assert 0.925 <= found.differences <= 0.975
    assert 0.925 <= found.bootstrap_differences <= 0.975
    assert 0.75 <= found.power <= 0.85


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [1, 3])
def test_two_thousand_boards(pool: Pool, seeds: int) -> None:
    found = rates(pool, 2000, seeds=seeds)
    print(f"\n{seeds} seeds:", *(f"{name} {rate:.4f}" for name, rate in found._asdict().items()))
    assert 0.04 <= found.rejected <= 0.06
    assert found.family <= 0.06
    assert found.tiered <= 0.06
    assert found.holm > 0.1  # why tiers are not made so
    for covered in (
        *(found.differences, found.bootstrap_differences),
        *(found.means, found.bootstrap_means),
    ):
        assert 0.94 <= covered <= 0.96
    assert found.power == pytest.approx(0.8, abs=0.03)
