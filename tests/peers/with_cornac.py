"""Cornac's side of the comparison (Salah, Truong & Lauw, JMLR 2020)."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from cornac.data import Dataset
from cornac.eval_methods.base_method import ranking_eval
from cornac.metrics import NDCG, HitRatio
from cornac.models import BPR, EASE, VAECF
from cornac.models.recommender import Recommender
from exchange import Job, Task, main, timed


class Cornac:
    """Its models; the data sets that they take are there beforehand."""

    library = "cornac"
    starts_over = True

    def __init__(self, job: Job, task: Task) -> None:
        torch.set_num_threads(job.threads)
        self.job, self.users = job, task["users"]
        # Everybody and everything known from the start, in the numbering of the task.
        everyone, everything = (
            OrderedDict((entity, entity) for entity in range(int(task[count])))
            for count in ("n_users", "n_items")
        )
        self.train, self.test = (
            Dataset.build(
                list(zip(users.tolist(), items.tolist(), [1.0] * len(users), strict=True)),
                global_uid_map=everyone,
                global_iid_map=everything,
                seed=job.seed,
            )
            for users, items in (
                (task["train_users"], task["train_items"]),
                (task["users"], task["held_out"]),
            )
        )
        self.name = self.new().__class__.__name__

    def new(self) -> Recommender:
        """A model that has seen nothing."""
        settings = MODELS[self.job.model](self.job.params)
        return settings.pop("model")(verbose=False, seed=self.job.seed, **settings)

    def fit(self) -> int:
        self.model = self.new().fit(self.train)
        one_epoch = {
            "ease": self.train.num_ratings,
            "bpr": 2 * self.train.num_ratings,  # the observed item of a pair, and another
            "multvae": self.train.num_users,
        }
        return one_epoch[self.job.model] * self.job.params.get("epochs", 1)

    def evaluations(self) -> dict[str, Callable[[], object]]:
        metrics = [HitRatio(k=10), NDCG(k=10)]
        return {"full": lambda: ranking_eval(self.model, metrics, self.train, self.test)}

    def scores(self) -> tuple[float, np.ndarray]:
        return timed(self.score)

    def score(self) -> np.ndarray:
        """All items for all test users, one by one: it takes no more at a time."""
        each = [np.ravel(self.model.score(user)) for user in self.users.tolist()]
        return np.stack(each).astype(np.float32)


MODELS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "ease": lambda given: {"model": EASE, "lamb": given["l2"], "posB": False},
    "bpr": lambda given: {
        "model": BPR,
        "k": given["factors"],
        "max_iter": given["epochs"],
        "learning_rate": given["learning_rate"],
        "lambda_reg": given["l2"],
    },
    "multvae": lambda given: {
        "model": VAECF,
        "k": given["latent"],
        "autoencoder_structure": list(given["hidden"]),
        "n_epochs": given["epochs"],
        "batch_size": given["batch_size"],
        "learning_rate": given["learning_rate"],
        "beta": given["beta"],
    },
}

if __name__ == "__main__":
    main(Cornac)
