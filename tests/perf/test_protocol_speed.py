"""How long the protocol itself takes on data of the size of MovieLens-1M."""

from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from bench.adapter import Adapter, Run
from bench.evaluation.evaluate import batches, evaluate
from bench.evaluation.expectation import expected
from bench.evaluation.figures import figures
from bench.evaluation.metrics import Standing
from bench.evaluation.rank_arrays import LeftOut
from bench.evaluation.ranks import Ranker
from bench.interactions import Floats, Ids, Interactions
from bench.protocol.negatives import sample
from bench.protocol.split import in_order, leave_one_out
from bench.protocol.task import Task
from bench.registry.models import adapter_class


def test_split(benchmark: Any, data: Interactions) -> None:
    split = benchmark(lambda: leave_one_out(in_order(data)))
    assert len(split.users) == data.n_users


def test_sampling_of_negatives(benchmark: Any, data: Interactions) -> None:
    split = leave_one_out(in_order(data))
    negatives = benchmark(sample, split, stream="0/test")
    assert (negatives.drawn == 99).all()


@pytest.fixture(scope="module")
def scores() -> Any:
    return np.random.default_rng(0).random((256, 3706), dtype=np.float32)


def test_counting_and_listing(benchmark: Any, scores: Any) -> None:
    """With 165 items left out of each row, as a user has of MovieLens-1M on average."""
    random, b = np.random.default_rng(0), len(scores)
    out = random.integers(8, 3706, (b, 165), dtype=np.int32).ravel()
    negatives = random.integers(8, 3706, (b, 99), dtype=np.int32)
    left_out = LeftOut(165 * np.arange(b), 165 * np.arange(1, b + 1), out)
    found = benchmark(Ranker(10).rank, scores, scores[:, 7].copy(), left_out, negatives)
    assert (found.some_higher <= 99).all()


def test_top_ten_of_one_user(benchmark: Any, scores: Any) -> None:
    ranker, nothing = Ranker(10), np.empty(0, dtype=np.int32)
    assert benchmark(ranker.top, scores[:1], nothing).shape == (1, 10)


def test_exact_expectation(benchmark: Any) -> None:
    better = np.random.default_rng(0).integers(0, 3000, 6040)
    full = Standing(better, np.zeros(6040, dtype=np.int64), np.full(6040, 3500))
    found = benchmark(expected, full, np.full(6040, 99), 10)
    assert 0 < found.hit_rate < 1


class DotProduct(Adapter):
    """Vectors of 64 numbers, at random."""

    def fit(self, train: Interactions, run: Run) -> None:
        random = np.random.default_rng(0)
        self.users = random.standard_normal((train.n_users, 64), dtype=np.float32)
        self.items = random.standard_normal((train.n_items, 64), dtype=np.float32)

    def scores(self, users: Ids) -> Floats:
        return self.users[users] @ self.items.T


def test_evaluation_beside_the_bare_product(benchmark: Any, task: Task) -> None:
    """What ranking costs beside the scores themselves, where they are as cheap as can be."""
    model = DotProduct()
    model.fit(task.train, Run())
    parts = list(batches(len(task.cases.users), task.train.n_items))
    bare = []

    def both() -> None:
        started = perf_counter()
        for rows in parts:
            model.users[rows] @ model.items.T
        bare.append(perf_counter() - started)

    benchmark.pedantic(
        evaluate, (model, task.train, task.cases), setup=both, rounds=20, warmup_rounds=1
    )
    benchmark.extra_info["times_the_bare_product"] = benchmark.stats.stats.median / median(bare)


def test_evaluation_of_a_ready_model(benchmark: Any, task: Task) -> None:
    adapter = adapter_class("popularity")()
    adapter.fit(task.train, Run())
    found = benchmark.pedantic(evaluate, (adapter, task.train, task.cases), rounds=5)
    assert len(found.ledger) == 6040


def test_all_figures_of_a_ledger(benchmark: Any, task: Task) -> None:
    adapter = adapter_class("popularity")()
    adapter.fit(task.train, Run())
    found = evaluate(adapter, task.train, task.cases).ledger
    assert benchmark(figures, found)["test_users"] == 6040
