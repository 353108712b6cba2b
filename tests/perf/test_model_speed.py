"""How long one epoch and the scoring of all users take, for every model, at MovieLens-1M's size."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from bench.adapter import Adapter, Run
from bench.protocol.task import Task
from bench.registry import names
from bench.registry.models import adapter_class

ONE = {"epochs": 1, "iterations": 1}
MODELS = list(names.files("models"))


def of_one_epoch(name: str) -> Adapter:
    cls = adapter_class(name)
    known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
    return cls(**{key: value for key, value in ONE.items() if key in known})


@pytest.mark.parametrize("name", MODELS)
def test_one_epoch_of_training(benchmark: Any, name: str, task: Task) -> None:
    runs: list[Run] = []

    def fit() -> None:
        runs.append(Run())
        runs[-1].start()
        of_one_epoch(name).fit(task.train, runs[-1])

    benchmark.pedantic(fit, rounds=3, warmup_rounds=1)
    samples = sum(epoch.samples for epoch in runs[-1].curve) or len(task.train)
    benchmark.extra_info["samples_per_second"] = samples / benchmark.stats.stats.median


@pytest.mark.parametrize("name", MODELS)
def test_scoring_of_all_users(benchmark: Any, name: str, task: Task) -> None:
    adapter = of_one_epoch(name)
    run = Run()
    run.start()
    adapter.fit(task.train, run)
    users = np.arange(task.train.n_users, dtype=np.int32)
    batches = np.split(users, range(1024, len(users), 1024))

    def score() -> None:
        for batch in batches:
            adapter.scores(batch)

    benchmark.pedantic(score, rounds=3, warmup_rounds=1)
