"""eALS (He et al., SIGIR 2016, section 4.2): one iteration costs (users + items) d^2 + pairs d.

A dense solver would cost (users + items) d^3 + pairs d^2. The nanoseconds by which a benchmark's
`extra_info` divides its time by the first cost stay about the same over d; by the second they fall.
"""

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from bench.protocol.task import Task

eals = import_module("bench.models.eals")


@pytest.mark.parametrize("factors", [16, 32, 64, 128, 256])
def test_an_iteration(benchmark: Any, factors: int, task: Task) -> None:
    by_user = task.train.matrix()  # [U, I]
    by_item = by_user.T.tocsr()  # [I, U]
    random = np.random.default_rng(0)
    users, items = (
        random.standard_normal((size, factors), dtype=np.float32) * np.float32(0.1)
        for size in by_user.shape
    )
    weights = [
        np.full(size, w, np.float32) for size, w in zip(by_user.shape, (1, 0.1), strict=True)
    ]
    l2 = [np.full(size, 1.0, np.float32) for size in by_user.shape]

    def iteration() -> None:
        eals.sweep(by_user, items, weights[1], weights[0], l2[0], users)
        eals.sweep(by_item, users, weights[0], weights[1], l2[1], items)

    benchmark.pedantic(iteration, rounds=3, warmup_rounds=1)
    rows, pairs = sum(by_user.shape), 2 * by_user.nnz
    seconds = benchmark.stats.stats.median
    benchmark.extra_info["ns_by_cost"] = 1e9 * seconds / (rows * factors**2 + pairs * factors)
    benchmark.extra_info["ns_by_dense_cost"] = (
        1e9 * seconds / (rows * factors**3 + pairs * factors**2)
    )
