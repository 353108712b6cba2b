"""RecTools: models that are asked for lists. Hyper-parameters have the library's names."""

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel
from rectools.models.nn.transformers.bert4rec import BERT4RecModel
from rectools.models.nn.transformers.sasrec import SASRecModel

# Its EASE multiplies a user's items by the transpose of the weights that the paper has: another
# ranking than that of all other libraries, at the same weights.
MODELS = {"ease": EASEModel, "sasrec": SASRecModel, "bert4rec": BERT4RecModel}


class Side:
    """One of its models."""

    def __init__(self, model, settings, data, seed, threads):
        torch.set_num_threads(threads)
        self.n_items, self.seed = data.n_items, seed
        given = {} if model == "ease" else {"deterministic": True, "recommend_torch_device": "cpu"}
        self.model = MODELS[model](recommend_n_threads=threads, **given, **settings)
        # It sorts by time, and times themselves may be equal.
        times = pd.to_datetime(data.positions(), unit="s")
        columns = {Columns.User: data.users, Columns.Item: data.items}
        frame = pd.DataFrame(columns | {Columns.Weight: 1.0, Columns.Datetime: times})
        self.data = Dataset.construct(frame)

    def fit(self, epoch):
        """Learn; nothing of it tells of its epochs."""
        seed_everything(self.seed % 2**32)
        self.model.fit(self.data)

    def scores(self, users):
        """From lists of all items that it knows; another one has the lowest score of the user."""
        lists = self.model.recommend(
            users, self.data, k=self.n_items, filter_viewed=False, on_unsupported_targets="ignore"
        )
        found = np.full((len(users), self.n_items), np.nan, dtype=np.float32)
        rows = np.empty(users.max() + 1, dtype=np.int64)
        rows[users] = np.arange(len(users))
        found[rows[lists[Columns.User]], lists[Columns.Item]] = lists[Columns.Score]
        known = np.isfinite(found)
        lowest = np.where(known, found, np.inf).min(axis=1, keepdims=True)
        return np.where(known, found, np.where(np.isfinite(lowest), lowest, 0))
