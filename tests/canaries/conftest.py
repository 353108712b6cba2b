"""A task for tests of canaries."""

import pytest

from bench.protocol.task import Task, prepare
from bench.registry.datasets import load_data


@pytest.fixture(scope="session")
def made() -> Task:
    """Synthetic data, split."""
    return prepare(load_data("synthetic", None), "loo-99")
