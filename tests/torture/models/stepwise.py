"""Matrix factorisation by steps along the whole gradient, slow enough to be killed between two."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.adapter import Adapter, Run
from bench.interactions import Floats, Ids, Interactions


@dataclass(kw_only=True)
class Stepwise(Adapter):
    factors: int = 8
    epochs: int = 6
    learning_rate: float = 0.01

    def fit(self, train: Interactions, run: Run) -> None:
        with Path("fits").open("a") as file:
            file.write(f"stepwise {run.seed}\n")
        rng = np.random.default_rng(run.seed)
        wanted = train.matrix().toarray()
        users = rng.normal(scale=0.3, size=(train.n_users, self.factors))
        items = rng.normal(scale=0.3, size=(train.n_items, self.factors))
        for _ in range(self.epochs):
            time.sleep(0.03)
            error = wanted - users @ items.T
            users, items = (
                users + self.learning_rate * error @ items,
                items + self.learning_rate * error.T @ users,
            )
            run.epoch(samples=len(train), loss=float((error**2).mean()))
        self._users, self._items = users, items

    def scores(self, users: Ids) -> Floats:
        if len(users) > 1:  # not where the time for one user is taken
            time.sleep(0.05)
        return (self._users[users] @ self._items.T).astype(np.float32)
