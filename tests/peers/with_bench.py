"""Our side of the comparison: a model as a cell of `bench run` uses it."""

import pickle
from collections.abc import Callable
from importlib import import_module

import numpy as np
from exchange import Job, Task, main, timed

from bench.evaluation.evaluate import batches, evaluate
from bench.registry.models import ModelSpec, complete_adapter
from bench.running.training import Training


class Ours:
    """A model of ours through its adapter."""

    library = "loobench"
    starts_over = True

    def __init__(self, job: Job, task: Task) -> None:
        with (job.folder.parent / "bench.pickle").open("rb") as file:
            self.train, self.cases = pickle.load(file)
        import_module("bench.evaluation.kernels")  # before a clock starts, as a cell does
        self.name = job.model
        self.adapter = complete_adapter(ModelSpec(job.model, job.params))
        self.seed, self.threads = job.seed, job.threads

    def fit(self) -> int:
        training = Training()
        self.adapter.fit(self.train, training.run(self.seed, threads=self.threads))
        # A closed form goes over the interactions once.
        return sum(epoch.samples for epoch in training.curve) or len(self.train)

    def evaluations(self) -> dict[str, Callable[[], object]]:
        return {"both": lambda: evaluate(self.adapter, self.train, self.cases)}

    def scores(self) -> tuple[float, np.ndarray]:
        return timed(self.score)

    def score(self) -> np.ndarray:
        """All items for all test users, as many users at a time as the harness asks for."""
        users = self.cases.users
        found = np.empty((len(users), self.train.n_items), dtype=np.float32)
        for rows in batches(len(users), self.train.n_items):
            found[rows] = self.adapter.scores(users[rows])
        return found


if __name__ == "__main__":
    main(Ours)
