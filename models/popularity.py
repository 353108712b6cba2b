"""Recommend what most users chose: the floor that any model should beat."""

from dataclasses import dataclass

import numpy as np

from bench.adapter import Adapter, Run, State
from bench.interactions import Floats, Ids, Interactions


@dataclass(kw_only=True)
class Popularity(Adapter):
    compares_items = False  # everybody gets the same

    def fit(self, train: Interactions, run: Run) -> None:
        self._counts = np.bincount(train.items, minlength=train.n_items).astype(np.float32)

    def scores(self, users: Ids) -> Floats:
        return np.tile(self._counts, (len(users), 1))

    def state(self) -> State:
        """How many chose each item."""
        return {"counts": self._counts}

    def restore(self, state: State, train: Interactions) -> None:
        """Take the counts of another fit."""
        self._counts = state["counts"]
