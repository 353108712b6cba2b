"""Cornac: its models, asked user by user. Hyper-parameters have the library's names."""

from collections import OrderedDict

import numpy as np
import torch
from cornac.data import Dataset
from cornac.models import BPR, EASE, VAECF, NeuMF, RecVAE

# What of each is no hyper-parameter. RecVAE measures itself on train after each epoch, and the
# seconds of that are in its training: it cannot be asked not to.
MODELS = {
    "bpr": (BPR, {}),
    "ease": (EASE, {}),
    "vaecf": (VAECF, {}),
    "recvae": (RecVAE, {"use_gpu": False}),
    "neumf": (NeuMF, {"backend": "pytorch"}),
}


class Side:
    """One of its models."""

    def __init__(self, model, settings, data, seed, threads):
        torch.set_num_threads(threads)
        self.n_items = data.n_items
        # Everybody and everything is known from the start, in the numbering that is used here.
        users, items = (OrderedDict((n, n) for n in range(m)) for m in (data.n_users, data.n_items))
        ones = [1.0] * len(data.users)
        rows = list(zip(data.users.tolist(), data.items.tolist(), ones, strict=True))
        self.data = Dataset.build(rows, global_uid_map=users, global_iid_map=items, seed=seed)
        kind, fixed = MODELS[model]
        threaded = {"num_threads": threads} if kind is BPR else {}
        self.model = kind(seed=seed, verbose=False, **threaded, **settings, **fixed)

    def fit(self, epoch):
        """Learn; nothing of it tells of its epochs."""
        self.model.fit(self.data)

    def scores(self, users):
        """Of all items, user by user: it takes no more at a time."""
        found = np.empty((len(users), self.n_items), dtype=np.float32)
        for row, user in zip(found, users.tolist(), strict=True):
            row[:] = np.ravel(self.model.score(user))
        return found
