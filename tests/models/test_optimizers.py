"""How the learning rate of torch's optimizers falls."""

from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
import torch

from bench.adapter import Run
from bench.registry.models import adapter_class

optimizers = import_module("bench.models.shared.optimizers")
tables = import_module("bench.models.shared.tables")
DATA = import_module("bench.datasets.synthetic").load(
    n_users=40, n_items=30, interactions_per_user=8, features=False
)


@pytest.mark.parametrize(("done", "rate"), [(0.0, 0.4), (0.25, 0.325), (1.0, 0.1)])
def test_the_rate_falls_evenly(done: float, rate: float) -> None:
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    optimizer = optimizers.Adam([{"params": [each]} for each in parameters], lr=0.4)
    optimizers.slow_down(optimizer, 0.4, 0.25, done)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([rate, rate])


@pytest.mark.parametrize(("module", "adapter"), [("lightgcn", "LightGCN"), ("sasrec", "SASRec")])
def test_it_falls_from_the_first_batch_of_a_training_to_the_last(
    module: str, adapter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[float, float, float]] = []

    def spy(optimizer: Any, *given: float) -> None:
        told.append(given)  # type: ignore[arg-type]

    file = import_module(f"bench.models.{module}")
    monkeypatch.setattr(file, "slow_down", spy)
    getattr(file, adapter)(epochs=3, batch_size=10, learning_rate=0.02, last_rate=0.3).fit(
        DATA, Run()
    )
    assert {given[:2] for given in told} == {(0.02, 0.3)}
    shares = [0.0, *(given[2] for given in told), 1.0]
    assert shares[1] == 0
    steps = [after - before for before, after in pairwise(shares[1:])]
    assert len(steps) >= 9
    assert min(steps) > 0
    assert max(steps) < 0.2


@pytest.mark.parametrize("name", ["multdae", "multvae", "autorec", "gmf"])
@pytest.mark.parametrize(
    ("epochs", "expected"), [(5, [1, 0.8, 0.6, 0.4, 0.2]), (2, [1, 0.2]), (1, [1])]
)
def test_it_falls_evenly_from_epoch_to_epoch(
    name: str, epochs: int, expected: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    shares: list[float] = []
    slow_to = tables.Optimizer.slow_to

    def spy(optimizer: Any, share: float) -> None:
        shares.append(share)
        slow_to(optimizer, share)

    monkeypatch.setattr(tables.Optimizer, "slow_to", spy)
    adapter_class(name)(epochs=epochs, last_rate=0.2).fit(DATA, Run())
    assert shares == pytest.approx(expected)
