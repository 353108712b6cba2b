"""Models that are fitted and measured well, but whose vectors or state are not as agreed."""

GOOD = """
import os
from dataclasses import dataclass

import numpy as np

from bench.adapter import Adapter, Embeddings


@dataclass(kw_only=True)
class Model(Adapter):
    def fit(self, train, run):
        rng = np.random.default_rng(run.seed)
        self._users = rng.standard_normal((train.n_users, 3)).astype(np.float32)
        self._items = rng.standard_normal((train.n_items, 3)).astype(np.float32)

    def scores(self, users):
        return self._users[users] @ self._items.T

    def embeddings(self):
        return Embeddings(self._users, self._items)

    def state(self):
        return {{"users": self._users, "items": self._items}}

    def restore(self, state, train):
        self._users, self._items = state["users"], state["items"]

    {method}
"""
STATE, VECTORS = "def state(self):", "def embeddings(self):"
# A method, and a part of the reason that must be given.
BAD = {
    "raises": (f"{STATE} raise ValueError('no state today')", "no state today"),
    "exits": (f"{STATE} os._exit(3)", "exit code 3"),
    "no_array": (f"{STATE} return {{'model': self}}", "must be an array of numbers, not Model"),
    "objects": (
        f"{STATE} return {{'a': np.array([self, None])}}",
        "must be an array of numbers, not object",
    ),
    "not_finite": (
        f"{VECTORS} return Embeddings(self._users, self._items * np.float32('nan'))",
        "vectors of items are not all finite",
    ),
    "too_few": (
        f"{VECTORS} return Embeddings(self._users, self._items[:-1])",
        "vectors of items must be F32 (60, d), not F32 (59, 3)",
    ),
    "doubles": (
        f"{VECTORS} return Embeddings(self._users, self._items.astype(float))",
        "not F64 (60, 3)",
    ),
    "widths": (
        f"{VECTORS} return Embeddings(self._users[:, :2], self._items)",
        "vectors of users have 2 numbers, of items 3",
    ),
    "biases": (
        f"{VECTORS} return Embeddings(self._users, self._items, biases=3)",
        "of 3 numbers in a vector 3 cannot be biases",
    ),
    "no_vectors": (f"{VECTORS} return 7", "AttributeError"),
}


def text_of(name: str) -> str:
    """The file of a model."""
    return GOOD.format(method=BAD[name][0] if name in BAD else "")
