"""RecBole's side of the comparison (Zhao et al., CIKM 2021)."""

import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch
from exchange import Job, Task, main, timed
from recbole_files import DATA, IN_ORDER, columns, numerical, write_files
from scipy.sparse import dok_matrix

# RecBole 1.2.1 asks numpy for names that numpy 2 no longer has.
for old, new in (("float_", np.float64), ("complex_", np.complex128), ("unicode_", np.str_)):
    setattr(np, old, new)
# And scipy for one that it has no more.
dok_matrix._update = lambda matrix, values: matrix._dict.update(values)


class NoWriter:
    """TensorBoard, which RecBole always writes to, without its package, files and time."""

    def __init__(self, folder: str) -> None: ...

    def add_scalar(self, *values: Any) -> None: ...

    def add_hparams(self, *values: Any) -> None: ...


sys.modules["torch.utils.tensorboard"] = ModuleType("torch.utils.tensorboard")
sys.modules["torch.utils.tensorboard"].SummaryWriter = NoWriter
# It asks pandas and torch for things that they will do without one day, and each says so.
warnings.simplefilter("ignore")

from recbole.config import Config  # noqa: E402
from recbole.data import create_dataset, data_preparation  # noqa: E402
from recbole.utils import ModelType, get_model, get_trainer, init_seed  # noqa: E402

# Pairs that a network scores at a time. With RecBole's own 4,096 its full evaluation of the
# networks takes up to half as long again; above 2^18, longer again.
PAIRS_PER_SCORING = 2**16
SEQUENCES_PER_SCORING = 2**12  # each of which takes as much memory as many pairs


class RecBole:
    """A model of RecBole's: files, data sets, loaders, model and trainer are there beforehand.

    Where RecBole computes a model in its constructor, that is the training.
    """

    library = "recbole"

    def __init__(self, job: Job, task: Task) -> None:
        torch.set_num_threads(job.threads)
        self.job, self.task = job, task
        self.name, self.options = model_of(job)
        write_files(job.folder / DATA, task, job.model)
        self.config, self.train, self.test = self.loaders("full")
        self.sampled = None if job.brief else self.loaders("uni99")[2]
        self.closed_form = self.config["MODEL_TYPE"] == ModelType.TRADITIONAL
        self.starts_over = self.closed_form  # another call of fit would go on training
        init_seed(job.seed, reproducibility=True)
        if not self.closed_form:
            if "anneal" in job.params:
                steps = self.config["epochs"] * len(self.train)
                self.config["total_anneal_steps"] = job.params["anneal"] * steps
            self.make()

    def loaders(self, mode: str) -> tuple[Config, Any, Any]:
        """Settings, and the loaders of train and test for an evaluation "full" or "uni99"."""
        in_order = self.job.model in IN_ORDER
        settings = {
            "data_path": str(self.job.folder),
            "load_col": columns(self.task, self.job.model),
            "numerical_features": numerical(self.task, self.job.model),
            "eval_args": {
                "split": {"LS": "test_only"},  # counts only where the order does
                "group_by": "user",
                "order": "TO",
                "mode": mode,
            },
            "metrics": ["Hit", "NDCG"],
            "topk": [10],
            "valid_metric": "NDCG@10",
            "eval_batch_size": SEQUENCES_PER_SCORING if in_order else PAIRS_PER_SCORING,
            "seed": self.job.seed,
            "use_gpu": False,
            "state": "ERROR",
        }
        if not in_order:
            # Our split as it is; nobody looks at validation, and test stands in for it.
            settings["benchmark_filename"] = ["train", "test", "test"]
        config = Config(
            model=self.name.partition(" ")[0],
            dataset=DATA,
            config_dict=settings | self.options,
        )
        train, _, test = data_preparation(config, create_dataset(config))
        return config, train, test

    def make(self) -> None:
        """The model, and its trainer."""
        model = get_model(self.config["model"])(self.config, self.train._dataset)
        self.trainer = get_trainer(self.config["MODEL_TYPE"], self.config["model"])(
            self.config, model
        )

    def fit(self) -> int:
        if self.closed_form:
            self.make()
            return len(self.task["train_users"])
        self.trainer.fit(self.train, saved=False, verbose=False)
        # Users for an autoencoder, else interactions; in a sequence those that have one before.
        samples = self.train.sample_size * (1 + self.job.params.get("negatives", 0))
        return int(samples * self.config["epochs"])

    def evaluations(self) -> dict[str, Callable[[], object]]:
        found: dict[str, Callable[[], object]] = {"full": self.evaluate_and_keep}
        if self.sampled is not None:
            found["sampled"] = lambda: self.evaluate(self.sampled)
        return found

    def evaluate(self, loader: Any) -> object:
        """The metrics of the model as it is."""
        return self.trainer.evaluate(loader, load_best_model=False)

    def evaluate_and_keep(self) -> object:
        """The full evaluation, which for some networks takes minutes: it is not done twice.

        Its scores go into a file, so that they do not count as its memory.
        """
        score_batch, self.seconds, self.users = self.trainer._full_sort_batch_eval, 0.0, []

        def observed(batch: Any) -> Any:
            seconds, found = timed(lambda: score_batch(batch))
            self.seconds += seconds
            self.users.append(found[0][self.test._dataset.uid_field].numpy())
            found[1].numpy().astype(np.float32, copy=False).tofile(file)
            return found

        self.trainer._full_sort_batch_eval = observed
        with (self.job.folder / "scores").open("wb") as file:
            return self.evaluate(self.test)

    def scores(self) -> tuple[float, np.ndarray]:
        dataset = self.test._dataset
        found = np.fromfile(self.job.folder / "scores", dtype=np.float32)
        found = found.reshape(-1, dataset.item_num)
        # RecBole puts its padding, and what a user has in train, below everything. Nobody asks for
        # the latter; the former stands for items that never occur, which RecBole does not know.
        found[np.isneginf(found)] = found[np.isfinite(found)].min(initial=0)
        by_user = np.empty(dataset.user_num, dtype=np.int64)
        by_user[np.concatenate(self.users)] = np.arange(len(found))
        rows = by_user[numbers(dataset, dataset.uid_field, self.task["users"])]
        columns = numbers(dataset, dataset.iid_field, np.arange(self.task["n_items"]))
        return self.seconds, found[rows[:, None], columns]


def numbers(dataset: Any, field: str, ids: np.ndarray) -> np.ndarray:
    """RecBole's own numbers of users or items of ours; 0, its padding, for unknown ones."""
    known = dataset.field2token_id[field]
    return np.array([known.get(str(entity), 0) for entity in ids.tolist()])


def model_of(job: Job) -> tuple[str, dict[str, Any]]:
    """RecBole's model for ours, with a word on what was changed, and its settings."""
    given = job.params
    common: dict[str, Any] = {"epochs": given.get("epochs", 1)}
    if "learning_rate" in given:
        common |= {
            "learner": "adamw",  # without decay it is Adam
            "learning_rate": given["learning_rate"],
            "weight_decay": given.get("weight_decay", 0.0),
        }
    if "negatives" in given:
        # RecBole divides by 1 + negatives, and rounds down, as we do.
        common["train_batch_size"] = job.samples_per_batch
        common["train_neg_sample_args"] = {
            "distribution": "uniform",
            "sample_num": given["negatives"],
        }
    name, own = MODELS[job.model](given)
    return name, common | own


def _tower(given: dict[str, Any]) -> dict[str, Any]:
    return {"mlp_hidden_size": list(given["hidden"]), "dropout_prob": given["dropout"]}


def _neumf(gmf: int, mlp: int, **own: Any) -> dict[str, Any]:
    return {"mf_embedding_size": gmf, "mlp_embedding_size": mlp, **own}


MODELS: dict[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = {
    "gmf": lambda given: (
        "NeuMF (mlp_train=False)",
        _neumf(given["factors"], 1, mlp_hidden_size=[1], dropout_prob=0.0, mlp_train=False),
    ),
    "ncf": lambda given: (
        "NeuMF (mf_train=False)",
        _neumf(1, given["factors"], mf_train=False, **_tower(given)),
    ),
    "neumf": lambda given: (
        "NeuMF",
        _neumf(given["factors"], given["mlp_factors"], **_tower(given)),
    ),
    "fm": lambda given: ("FM", {"embedding_size": given["factors"]}),
    "deepfm": lambda given: ("DeepFM", {"embedding_size": given["factors"], **_tower(given)}),
    "dlrm": lambda given: (
        "PNN (use_outer=False)",
        {"embedding_size": given["factors"], "use_outer": False, "reg_weight": 0.0} | _tower(given),
    ),
    "multvae": lambda given: (
        "MultiVAE",
        {
            "mlp_hidden_size": list(given["hidden"]),
            "latent_dimension": 2 * given["latent"],  # mean and variance together
            "dropout_prob": given["dropout"],
            "anneal_cap": given["beta"],
            "train_batch_size": given["batch_size"],
        },
    ),
    "multdae": lambda given: (
        "MultiDAE",
        {
            "mlp_hidden_size": list(given["hidden"]),
            "latent_dimension": given["latent"],
            "dropout_prob": given["dropout"],
            "train_batch_size": given["batch_size"],
        },
    ),
    "lightgcn": lambda given: (
        "LightGCN",
        {
            "embedding_size": given["factors"],
            "n_layers": given["layers"],
            "reg_weight": given["l2"],
            "require_pow": True,
            "train_batch_size": given["batch_size"] * given["negatives"],
        },
    ),
    "dssm": lambda given: (
        "DSSM",
        {
            "embedding_size": given["factors"],
            "mlp_hidden_size": list(given["hidden"]),
            "dropout_prob": 0.0,
            "train_batch_size": 2 * given["batch_size"],  # each with its negative
            "train_neg_sample_args": {"distribution": "uniform", "sample_num": 1},
        },
    ),
    "sasrec": lambda given: (
        "SASRec",
        {
            "MAX_ITEM_LIST_LENGTH": given["maxlen"],
            "hidden_size": given["factors"],
            "inner_size": given["factors"],
            "n_layers": given["blocks"],
            "n_heads": given["heads"],
            "hidden_dropout_prob": given["dropout"],
            "attn_dropout_prob": 0.0,
            "hidden_act": "relu",
            "loss_type": "CE",
            "train_neg_sample_args": None,
            "train_batch_size": given["batch_size"],
        },
    ),
    "knn": lambda given: ("ItemKNN", {"k": given["k"], "shrink": given["shrinkage"]}),
    "ease": lambda given: ("EASE", {"reg_weight": given["l2"]}),
}


if __name__ == "__main__":
    main(RecBole)
