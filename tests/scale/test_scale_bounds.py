"""The harness holds no users x items array beyond the sizes that it states."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from bench.adapter import Adapter, Run
from bench.evaluation import evaluate
from bench.evaluation.evaluate import latencies, look
from bench.interactions import Floats, Ids, Interactions
from bench.protocol import negatives
from bench.protocol.task import prepare

USERS, ITEMS, EACH = 200_000, 100_000, 4  # users x items as bits: 2.5 GB
SCORED = 3_000  # times items, as float32: 1.2 GB; as bool: 300 MB


@dataclass(kw_only=True)
class Line(Adapter):
    """Scores that a formula gives."""

    def fit(self, train: Interactions, run: Run) -> None:
        self._items = np.cos(np.arange(train.n_items, dtype=np.float32))

    def scores(self, users: Ids) -> Floats:
        return np.outer(1 + users % 7, self._items).astype(np.float32)

    def pair_scores(self, users: Ids, items: Ids) -> Floats:
        return self._items[items]


@contextmanager
def at_most(megabytes: float) -> Iterator[None]:
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < megabytes * 2**20, f"{peak / 2**20:.0f} MB"


@pytest.fixture(scope="module")
def data() -> Interactions:
    users = np.repeat(np.arange(USERS, dtype=np.int32), EACH)
    items = (users * 7919 + np.tile(np.arange(EACH) ** 2 * 31, USERS)) % ITEMS
    return Interactions(
        users=users,
        items=items.astype(np.int32),
        times=np.arange(len(users)),
        n_users=USERS,
        n_items=ITEMS,
    )


def test_the_stated_bounds() -> None:
    """Whoever raises one of them raises the others of this file, and README's memory with it."""
    assert negatives.CELLS == 1 << 24
    assert evaluate.SCORES_AT_ONCE * 4 == 32 << 20


@pytest.mark.parametrize("protocol", ["loo-99", "loo-99-validation"])
def test_the_protocol_of_many_users_and_items(data: Interactions, protocol: str) -> None:
    with at_most(16 + 150):  # of touched items, and of interactions and users
        task = prepare(data, protocol, eval_users=SCORED)
    assert len(task.cases.users) == SCORED
    assert (task.cases.negatives.drawn == 99).all()


def test_the_evaluation_of_many_users_and_items(data: Interactions) -> None:
    task = prepare(data, "loo-99", eval_users=SCORED // 3)
    model = Line()
    model.fit(task.train, Run())
    with at_most(3 * 32 + 40):  # scores of a batch, which this model computes in 64 bits
        found = evaluate.evaluate(model, task.train, task.cases)
        latencies(model, task.train, task.cases.users[:5], lambda: None)
        look(model, task.train, task.cases)
    assert len(found.ledger) == SCORED // 3
    assert (found.ledger.full.candidates == ITEMS - EACH + 1).all()


@pytest.mark.slow
def test_the_negatives_of_all_users(data: Interactions) -> None:
    with at_most(16 + 16 + 350):  # touched items, draws, and the negatives themselves: 80 MB
        task = prepare(data, "loo-99")
    assert task.cases.negatives.items.shape == (USERS, 99)
