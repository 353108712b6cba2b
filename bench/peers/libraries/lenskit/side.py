"""LensKit: its scorers, asked user by user. Hyper-parameters have the library's names."""

import numpy as np
import pandas as pd
import torch
from lenskit.als import ImplicitMFScorer
from lenskit.data import DatasetBuilder, ItemList, RecQuery
from lenskit.flexmf import FlexMFImplicitScorer
from lenskit.knn import ItemKNNScorer, SLIMScorer, UserKNNScorer
from lenskit.knn.ease import EASEScorer
from lenskit.training import TrainingOptions, UsesTrainer

# What of each is said by its name, and is no hyper-parameter: all learn from who chose what.
MODELS = {
    # Vectors of training, where a user's items are those of training: so it is faster.
    "als": (ImplicitMFScorer, {"user_embeddings": "prefer"}),
    "ease": (EASEScorer, {}),
    "slim": (SLIMScorer, {}),
    "knn": (ItemKNNScorer, {"feedback": "implicit"}),
    "userknn": (UserKNNScorer, {"feedback": "implicit"}),
    "bpr": (FlexMFImplicitScorer, {"preset": "bpr"}),
}
UNLIMITED = ("max_nbrs", "save_nbrs")  # which None stands for, and here 0


class Side:
    """One of its scorers."""

    def __init__(self, model, settings, data, seed, threads):
        torch.set_num_threads(threads)
        self.n, self.n_items = len(data.users), data.n_items
        builder = DatasetBuilder()
        # Everybody and everything is known from the start, in the numbering that is used here.
        for entity, count in (("user", data.n_users), ("item", data.n_items)):
            builder.add_entities(entity, np.arange(count))
        frame = pd.DataFrame({"user_id": data.users, "item_id": data.items})
        builder.add_interactions("choice", frame, default=True, allow_repeats=False)
        self.data = builder.build()
        self.options = TrainingOptions(rng=seed, device="cpu")
        kind, fixed = MODELS[model]
        given = {
            name: None if name in UNLIMITED and value == 0 else value
            for name, value in settings.items()
        }
        self.model = kind(**given, **fixed)

    def fit(self, epoch):
        """Learn; where there are epochs they are told of, as its own train() goes through them."""
        if not isinstance(self.model, UsesTrainer):
            self.model.train(self.data, self.options)
            return
        trainer = self.model.create_trainer(self.data, self.options)
        for _ in range(self.model.config.epochs):
            found = trainer.train_epoch() or {}
            if epoch(samples=self.n, loss=found.get("loss")):
                break
        trainer.finalize()

    def scores(self, users):
        """Of all items; what has no neighbours is a sum of nothing."""
        everything = ItemList(item_ids=np.arange(self.n_items))
        found = np.empty((len(users), self.n_items), dtype=np.float32)
        for row, user in zip(found, users.tolist(), strict=True):
            query = RecQuery(user_id=user, history_items=self.data.user_row(user))
            row[:] = self.model(query, everything).scores()
        return np.nan_to_num(found, copy=False, nan=0.0)
