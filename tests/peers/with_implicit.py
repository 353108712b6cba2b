"""implicit alone."""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from exchange import Job, Task, main, timed
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.evaluation import ranking_metrics_at_k
from threadpoolctl import threadpool_limits


class Implicit:
    """Its ALS or BPR; the matrices that they take are there beforehand."""

    library = "implicit"
    starts_over = True

    def __init__(self, job: Job, task: Task) -> None:
        self.job, self.users = job, task["users"]
        shape = (int(task["n_users"]), int(task["n_items"]))
        self.train, self.test = (
            sp.csr_matrix((np.ones(len(users), np.float32), (users, items)), shape=shape)
            for users, items in (
                (task["train_users"], task["train_items"]),
                (task["users"], task["held_out"]),
            )
        )
        self.name = self.new().__class__.__name__
        # implicit has threads of its own, and warns of those of BLAS.
        threadpool_limits(1, "blas")

    def new(self) -> AlternatingLeastSquares | BayesianPersonalizedRanking:
        """A model that has seen nothing."""
        given = self.job.params
        common = {
            "factors": given["factors"],
            "regularization": given["l2"],
            "num_threads": self.job.threads,
            "random_state": self.job.seed,
        }
        if self.job.model == "als":
            return AlternatingLeastSquares(
                alpha=given["alpha"], iterations=given["iterations"], **common
            )
        return BayesianPersonalizedRanking(
            learning_rate=given["learning_rate"], iterations=given["epochs"], **common
        )

    def fit(self) -> int:
        self.model = self.new()
        self.model.fit(self.train, show_progress=False)
        items = 1 if self.job.model == "als" else 2  # the observed one of a pair, and another
        return self.train.nnz * self.model.iterations * items

    def evaluations(self) -> dict[str, Callable[[], object]]:
        return {
            "full": lambda: ranking_metrics_at_k(
                self.model,
                self.train,
                self.test,
                K=10,
                show_progress=False,
                num_threads=self.job.threads,
            )
        }

    def scores(self) -> tuple[float, np.ndarray]:
        return timed(lambda: self.model.user_factors[self.users] @ self.model.item_factors.T)


if __name__ == "__main__":
    main(Implicit)
