"""How long the protocol itself takes on data of the size of MovieLens-1M."""

from typing import Any

import numpy as np
import pytest

from bench import ledger
from bench.evaluation import evaluate, full_standing, sampled_standing
from bench.expectation import expected
from bench.interactions import Interactions
from bench.metrics import Standing
from bench.negatives import sample
from bench.protocol import Task
from bench.recommended import top
from bench.registry import adapter_class
from bench.split import in_order, leave_one_out


def test_split(benchmark: Any, data: Interactions) -> None:
    split = benchmark(lambda: leave_one_out(in_order(data)))
    assert len(split.users) == data.n_users


def test_sampling_of_negatives(benchmark: Any, data: Interactions) -> None:
    split = leave_one_out(in_order(data))
    negatives = benchmark(sample, split, stream="0/test")
    assert (negatives.drawn == 99).all()


@pytest.fixture(scope="module")
def scores() -> Any:
    return np.random.default_rng(0).random((1024, 3706), dtype=np.float32)


def test_counting_of_full_ranks(benchmark: Any, scores: Any) -> None:
    own = scores[:, 7].copy()
    standing = benchmark(full_standing, scores, own, np.full(1024, 3706))
    assert (standing.equal == 0).all()


def test_counting_of_sampled_ranks(benchmark: Any, scores: Any) -> None:
    negatives = np.random.default_rng(1).integers(8, 3706, (1024, 99)).astype(np.int32)
    own = scores[:, 7].copy()
    standing = benchmark(sampled_standing, scores, own, negatives, np.full(1024, 99))
    assert (standing.better <= 99).all()


def test_top_ten(benchmark: Any, scores: Any) -> None:
    assert benchmark(top, scores, 10).shape == (1024, 10)


def test_exact_expectation(benchmark: Any) -> None:
    better = np.random.default_rng(0).integers(0, 3000, 6040)
    full = Standing(better, np.zeros(6040, dtype=np.int64), np.full(6040, 3500))
    found = benchmark(expected, full, np.full(6040, 99), 10)
    assert 0 < found.hit_rate < 1


def test_evaluation_of_a_ready_model(benchmark: Any, task: Task) -> None:
    from bench.adapter import Run

    adapter = adapter_class("popularity")()
    adapter.fit(task.train, Run())
    found = benchmark.pedantic(evaluate, (adapter, task.train, task.cases), rounds=5)
    assert len(found.ledger) == 6040


def test_all_figures_of_a_ledger(benchmark: Any, task: Task) -> None:
    from bench.adapter import Run

    adapter = adapter_class("popularity")()
    adapter.fit(task.train, Run())
    found = evaluate(adapter, task.train, task.cases).ledger
    assert benchmark(ledger.figures, found)["test_users"] == 6040
