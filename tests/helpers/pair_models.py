"""Fitted pair networks on small data with features of every kind, for tests."""

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from bench.interactions import Features, Interactions
from bench.registry.models import adapter_class
from bench.running.training import Training

FEATURED = ["fm", "deepfm", "dlrm"]
NAMES = ["gmf", "ncf", "neumf", *FEATURED]

synthetic = import_module("bench.datasets.synthetic").load

DATA = synthetic(n_users=40, n_items=30, interactions_per_user=8)
PLAIN = synthetic(n_users=40, n_items=30, interactions_per_user=8, features=False)


def every_kind(n: int) -> Features:
    """Features of every kind, with a missing value and an entity without tags."""
    generator = np.random.default_rng(5)
    dense = generator.normal(size=(n, 2)).astype(np.float32)
    dense[1, 0] = np.nan
    tags = generator.random((n, 4)) < 0.5
    tags[2] = False
    return Features(
        categorical=generator.integers(0, 3, (n, 2)).astype(np.int32),
        categorical_names=("a", "b"),
        categorical_sizes=(3, 4),
        multi_hot=tags,
        multi_hot_names=tuple("wxyz"),
        dense=dense,
        dense_names=("d", "e"),
    )


RICH = Interactions(
    users=DATA.users,
    items=DATA.items,
    times=DATA.times,
    n_users=DATA.n_users,
    n_items=DATA.n_items,
    user_features=every_kind(DATA.n_users),
    item_features=every_kind(DATA.n_items),
)


def fitted(
    name: str, train: Interactions = RICH, *, seed: int = 0, device: str = "cpu", **params: Any
) -> Any:
    # A high learning rate and large vectors, so that every term of a formula shows.
    given_or_default = {"epochs": 2, "batch_size": 64, "learning_rate": 0.02, "init_scale": 0.3}
    adapter = adapter_class(name)(**(given_or_default | params))
    training = Training()
    adapter.fit(train, training.run(seed, device))
    adapter.training = training
    return adapter


FITTED = cache(fitted)
