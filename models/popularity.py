"""Recommend what most users chose: the floor that any model should beat."""

from dataclasses import dataclass

import numpy as np

from bench.adapter import Adapter, Run
from bench.interactions import Floats, Ids, Interactions


@dataclass(kw_only=True)
class Popularity(Adapter):
    def fit(self, train: Interactions, run: Run) -> None:
        self._counts = np.bincount(train.items, minlength=train.n_items).astype(np.float32)

    def scores(self, users: Ids) -> Floats:
        return np.tile(self._counts, (len(users), 1))
