"""Data of the size of MovieLens-1M, made once for all benchmarks."""

import pytest

from bench.interactions import Interactions
from bench.protocol.task import Task, prepare
from bench.registry.models import load_module


@pytest.fixture(scope="session")
def data() -> Interactions:
    """6,040 users, 3,706 items and about a million interactions, with features."""
    load = load_module("datasets", "synthetic").load
    return load(  # type: ignore[no-any-return]
        n_users=6040, n_items=3706, n_groups=20, interactions_per_user=165.0, min_per_user=20
    )


@pytest.fixture(scope="session")
def task(data: Interactions) -> Task:
    return prepare(data, "loo-99")
