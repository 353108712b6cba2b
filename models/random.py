"""Recommend at random: the least a model can do, and a check of the protocol."""

from dataclasses import dataclass

import numpy as np

from bench.adapter import Adapter, Run, State, tolerate
from bench.interactions import Floats, Ids, Interactions


@dataclass(kw_only=True)
class Random(Adapter):
    compares_items = False
    tolerances = tolerate("users", "items", hit_rate=0.05, why="it draws scores by number")

    def fit(self, train: Interactions, run: Run) -> None:
        self._seed, self._n_items = run.seed, train.n_items

    def scores(self, users: Ids) -> Floats:
        # Drawn for each user by itself, so that a user's scores do not depend on the batch.
        rows = [
            np.random.default_rng([self._seed, user]).random(self._n_items, dtype=np.float32)
            for user in users.tolist()
        ]
        return np.stack(rows)

    def state(self) -> State:
        """The seed."""
        return {"seed": np.array(self._seed, dtype=np.int64)}

    def restore(self, state: State, train: Interactions) -> None:
        """Take the seed of another fit."""
        self._seed, self._n_items = int(state["seed"]), train.n_items
