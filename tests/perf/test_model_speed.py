"""How long one epoch and the scoring of all users take, for every model, at MovieLens-1M's size."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from heavy import light_models

from bench.adapter import Adapter, Run
from bench.protocol.task import Task
from bench.registry.models import adapter_class
from bench.running.training import Training

ONE = {"epochs": 1, "iterations": 1}
MODELS = light_models()


def of_one_epoch(name: str) -> Adapter:
    cls = adapter_class(name)
    known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
    return cls(**{key: value for key, value in ONE.items() if key in known})


@pytest.mark.parametrize("name", MODELS)
def test_one_epoch_of_training(benchmark: Any, name: str, task: Task) -> None:
    trainings: list[Training] = []

    def fit() -> None:
        trainings.append(Training())
        of_one_epoch(name).fit(task.train, trainings[-1].run())

    benchmark.pedantic(fit, rounds=3, warmup_rounds=1)
    samples = sum(epoch.samples for epoch in trainings[-1].curve) or len(task.train)
    benchmark.extra_info["samples_per_second"] = samples / benchmark.stats.stats.median


@pytest.mark.parametrize("name", MODELS)
def test_scoring_of_all_users(benchmark: Any, name: str, task: Task) -> None:
    adapter = of_one_epoch(name)
    adapter.fit(task.train, Run())
    users = np.arange(task.train.n_users, dtype=np.int32)
    batches = np.split(users, range(1024, len(users), 1024))

    def score() -> None:
        for batch in batches:
            adapter.scores(batch)

    benchmark.pedantic(score, rounds=3, warmup_rounds=1)
