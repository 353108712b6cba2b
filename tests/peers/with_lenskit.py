"""LensKit's side of the comparison (Ekstrand, CIKM 2020)."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from exchange import Job, Task, main, timed
from lenskit.als import ImplicitMFScorer
from lenskit.batch import recommend
from lenskit.data import DatasetBuilder, ItemList, ItemListCollection, RecQuery
from lenskit.knn import ItemKNNScorer
from lenskit.knn.ease import EASEScorer
from lenskit.metrics import NDCG, Hit, RunAnalysis
from lenskit.pipeline import topn_pipeline
from lenskit.training import TrainingOptions


class LensKit:
    """Its scorers; the data set that they take is there beforehand."""

    library = "lenskit"
    starts_over = True

    def __init__(self, job: Job, task: Task) -> None:
        torch.set_num_threads(job.threads)
        self.job, self.task = job, task
        builder = DatasetBuilder()
        # Everybody and everything known from the start, in the numbering of the task.
        for entity, count in (("user", "n_users"), ("item", "n_items")):
            builder.add_entities(entity, np.arange(int(task[count])))
        frame = pd.DataFrame({"user_id": task["train_users"], "item_id": task["train_items"]})
        builder.add_interactions("choice", frame, default=True, allow_repeats=False)
        self.data = builder.build()
        held_out = {"user_id": task["users"], "item_id": task["held_out"]}
        self.test = ItemListCollection.from_df(pd.DataFrame(held_out), ["user_id"])
        self.name = self.new().__class__.__name__

    def new(self) -> ImplicitMFScorer | EASEScorer | ItemKNNScorer:
        """A scorer that has seen nothing."""
        given = self.job.params
        if self.job.model == "als":
            # implicit weighs an observed pair alpha and another 1; LensKit 1 + weight and 1.
            return ImplicitMFScorer(
                embedding_size=given["factors"],
                epochs=given["iterations"],
                regularization=given["l2"],
                weight=given["alpha"] - 1,
                user_embeddings="prefer",
            )
        if self.job.model == "ease":
            return EASEScorer(regularization=given["l2"])
        return ItemKNNScorer(
            max_nbrs=int(self.task["n_items"]), save_nbrs=given["k"], feedback="implicit"
        )

    def fit(self) -> int:
        self.model = self.new()
        self.model.train(self.data, TrainingOptions(rng=self.job.seed))
        return len(self.task["train_users"]) * self.job.params.get("iterations", 1)

    def evaluations(self) -> dict[str, Callable[[], object]]:
        return {"full": self.evaluate}

    def evaluate(self) -> object:
        """The top 10 of all test users, and their metrics."""
        pipeline = topn_pipeline(self.model, n=10)
        pipeline.train(self.data, TrainingOptions(retrain=False))
        analysis = RunAnalysis()
        analysis.add_metric(Hit(10))
        analysis.add_metric(NDCG(10))
        found = recommend(pipeline, self.task["users"].tolist(), n=10, n_jobs=1)
        return analysis.measure(found, self.test)

    def scores(self) -> tuple[float, np.ndarray]:
        return timed(self.score)

    def score(self) -> np.ndarray:
        """All items for all test users, one by one: it takes no more at a time."""
        everything = ItemList(item_ids=np.arange(int(self.task["n_items"])))
        found = np.empty((len(self.task["users"]), len(everything)), dtype=np.float32)
        for row, user in zip(found, self.task["users"].tolist(), strict=True):
            query = RecQuery(user_id=user, history_items=self.data.user_row(user))
            row[:] = self.model(query, everything).scores()
        if self.job.model == "knn":
            found[np.isnan(found)] = 0  # no neighbours: a sum of nothing
        return found


if __name__ == "__main__":
    main(LensKit)
