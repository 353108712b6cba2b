"""RecBole: models that read files of its own. Hyper-parameters have the library's names."""

import sys
import warnings
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from scipy.sparse import dok_matrix

NAMES = {
    **{"bpr": "BPR", "ease": "EASE", "knn": "ItemKNN", "multivae": "MultiVAE"},
    **{"recvae": "RecVAE", "neumf": "NeuMF", "lightgcn": "LightGCN", "sasrec": "SASRec"},
}
DATA = "interactions"  # the name of the data set, and so of its folder and its file
WITHOUT_NEGATIVES = ("multivae", "recvae", "sasrec")  # whose loss is over all items
PAIRS = 1 << 16  # that a network scores at a time


class NoWriter:
    """TensorBoard, which it always writes to, without its package."""

    def __init__(self, folder): ...

    def add_scalar(self, *values): ...

    def add_hparams(self, *values): ...


def made_to_run():
    """Let what is newer than RecBole 1.2.1 have what that asks for."""
    for old, new in (("float_", np.float64), ("complex_", np.complex128), ("unicode_", np.str_)):
        setattr(np, old, new)
    dok_matrix._update = lambda matrix, values: matrix._dict.update(values)
    sys.modules["torch.utils.tensorboard"] = ModuleType("torch.utils.tensorboard")
    sys.modules["torch.utils.tensorboard"].SummaryWriter = NoWriter
    sys.argv = sys.argv[:1]  # it takes them for its own
    warnings.simplefilter("ignore")  # of what pandas and torch will do without one day


made_to_run()

from recbole.config import Config  # noqa: E402
from recbole.data import create_dataset, create_samplers, get_dataloader  # noqa: E402
from recbole.data.interaction import Interaction  # noqa: E402
from recbole.utils import ModelType, get_model, get_trainer, init_seed  # noqa: E402


class Enough(Exception):
    """Ends its loop of epochs."""


class Side:
    """One of its models; the files are in the folder of the process, and go with it."""

    def __init__(self, model, settings, data, seed, threads):
        torch.set_num_threads(threads)
        self.n_items = data.n_items
        write(data)
        in_order = model == "sasrec"
        columns = ["user_id", "item_id", "timestamp"]
        own = {
            "data_path": str(Path.cwd()),
            "load_col": {"inter": columns if in_order else columns[:2]},
            # All of it is for training: the split that is tested is ours.
            "eval_args": {
                "split": {"RS": [1, 0, 0]},
                "group_by": None,
                "order": "TO" if in_order else "RO",
                "mode": "full",
            },
            "seed": seed,
            "use_gpu": False,
            "state": "ERROR",
        }
        if model in WITHOUT_NEGATIVES:
            own["train_neg_sample_args"] = None
        self.config = Config(model=NAMES[model], dataset=DATA, config_dict={**settings, **own})
        init_seed(seed, reproducibility=True)
        dataset = create_dataset(self.config)
        built = dataset.build()
        sampler = create_samplers(self.config, dataset, built)[0]
        loader = get_dataloader(self.config, "train")
        self.train = loader(self.config, built[0], sampler, shuffle=True)
        # Its numbers are others than ours: 0 is padding, and what has no interaction has none.
        tokens = dataset.field2id_token
        self.items = np.array([int(token) for token in tokens["item_id"][1:]])
        self.number_of_user = {int(u): n for n, u in enumerate(tokens["user_id"]) if n}
        self.latest = (
            latest(data, self.items, settings["MAX_ITEM_LIST_LENGTH"]) if in_order else None
        )
        # What has a closed form is computed in the constructor, which is then its training.
        self.closed_form = self.config["MODEL_TYPE"] == ModelType.TRADITIONAL
        if not self.closed_form:
            self.make()

    def make(self):
        """The model."""
        self.model = get_model(self.config["model"])(self.config, self.train._dataset)

    def fit(self, epoch):
        """Learn, and tell of each epoch."""
        if self.closed_form:
            self.make()
            return
        kind = get_trainer(self.config["MODEL_TYPE"], self.config["model"])
        trainer = kind(self.config, self.model)
        train_epoch = trainer._train_epoch
        negatives = 0
        if self.config["train_neg_sample_args"]["distribution"] != "none":
            negatives = self.config["train_neg_sample_args"]["sample_num"]
        samples = self.train.sample_size * (1 + negatives)

        def told(*given, **named):
            loss = train_epoch(*given, **named)
            total = sum(loss) if isinstance(loss, tuple) else loss
            if epoch(samples=samples, loss=total):
                raise Enough
            return loss

        trainer._train_epoch = told
        with suppress(Enough):
            trainer.fit(self.train, saved=False, verbose=False)

    def scores(self, users):
        """Of all items; those that it does not know have the lowest score of the user."""
        numbers = torch.tensor([self.number_of_user.get(int(user), 0) for user in users])
        self.model.eval()
        with torch.no_grad():
            found = self.scored(numbers, users).reshape(len(users), -1)[:, 1:].numpy()
        everything = np.repeat(found.min(axis=1, keepdims=True), self.n_items, axis=1)
        everything[:, self.items] = found
        return everything

    def scored(self, numbers, users):
        """Of the items that it knows, and of its padding."""
        if self.latest is not None:
            items, lengths = (torch.tensor(part[users]) for part in self.latest)
            asked = Interaction({"item_id_list": items, "item_length": lengths})
            return self.model.full_sort_predict(asked)
        if self.config["model"] == "NeuMF":  # which takes pairs alone
            count = len(self.items) + 1
            pairs = Interaction(
                {
                    "user_id": numbers.repeat_interleave(count),
                    "item_id": torch.arange(count).repeat(len(numbers)),
                }
            )
            starts = range(0, len(pairs), PAIRS)
            return torch.cat([self.model.predict(pairs[n : n + PAIRS]) for n in starts])
        return self.model.full_sort_predict(Interaction({"user_id": numbers}))


def write(data):
    """Its file of interactions; our numbers are its names, and places its times."""
    folder = Path(DATA)
    folder.mkdir()
    rows = np.column_stack([data.users, data.items, data.positions()])
    names = "user_id:token\titem_id:token\ttimestamp:float"
    np.savetxt(folder / f"{DATA}.inter", rows, "%d", delimiter="\t", header=names, comments="")


def latest(data, items, length):
    """The latest items of each user by its numbers, from the left, and how many they are."""
    number = np.zeros(data.n_items, dtype=np.int64)
    number[items] = np.arange(1, len(items) + 1)
    found = np.zeros((data.n_users, length), dtype=np.int64)
    starts = np.searchsorted(data.users, np.arange(data.n_users + 1))
    lengths = np.minimum(np.diff(starts), length)
    for user, (end, count) in enumerate(zip(starts[1:], lengths, strict=True)):
        found[user, :count] = number[data.items[end - count : end]]
    return found, np.maximum(lengths, 1)
