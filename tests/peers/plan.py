"""What is compared with what, at which values: the cells of a comparison, in their order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from bench.registry import names, suites
from bench.registry.models import adapter_class
from bench.registry.parameters import complete

OURS = "bench"
CELL = "bench run"  # ours too, as a cell of that command: what the harness adds
SUITE = "ml-100k"  # whose values our models have, and the peers with them
TUNED_SAMPLES = 20_480  # in a batch of its networks over pairs
BATCHES = (2048, TUNED_SAMPLES)  # samples, negatives included
# RecBole takes 1 to 13 s for an epoch of MovieLens-100K, and minutes for sasrec's: somebody has to
# wait for it.
MOST_EPOCHS = {
    **{"gmf": 24, "ncf": 12, "neumf": 16, "fm": 8, "deepfm": 5, "dlrm": 5},
    **{"multvae": 20, "multdae": 20, "lightgcn": 5, "dssm": 2, "sasrec": 1},
}
UNASKED = "sasrec"  # only compared when it is asked for
NEGATIVES = 4  # for each observed pair, in all networks over pairs
PAIR_NETWORKS = ("gmf", "ncf", "neumf", "fm", "deepfm", "dlrm")

# The libraries that have a model like ours.
PEERS: dict[str, tuple[str, ...]] = {
    **{model: ("recbole",) for model in PAIR_NETWORKS},
    "multvae": ("recbole", "cornac"),
    "multdae": ("recbole",),
    "lightgcn": ("recbole",),
    "dssm": ("recbole",),
    "sasrec": ("recbole",),
    "als": ("implicit", CELL, "lenskit"),
    "bpr": ("implicit", "cornac"),
    "ease": ("recbole", "lenskit", "cornac"),
    "knn": ("recbole", "lenskit"),
}
# Values at which all of them are the same model, or that RecBole can be waited for with.
FIXED: dict[str, dict[str, Any]] = {
    "knn": {"k": 100, "shrinkage": 0.0, "weights": "ones"},
    "sasrec": {"maxlen": 50},
}
# What is not the same all the same.
REMARKS = {
    "gmf": "RecBole's output layer has a bias",
    "ncf": "RecBole's dropout is before each layer, ours after each",
    "fm": "the same fields on both sides: ids, categories, the mean of the tags, numbers times a"
    " vector",
    "deepfm": "the same fields as in fm",
    "dlrm": "RecBole has no DLRM; PNN is the nearest: products of all fields, then an MLP, which"
    " gets the vectors too",
    "sasrec": "RecBole trains on each prefix of a sequence by itself, ours on all of the latest 50"
    " at once; a sample is an item to be predicted, and RecBole's epoch has more of them",
    "multvae": "a sample is a user; RecBole draws noise of standard deviation .01 where the paper"
    " has 1, and hardly begins to count the divergence: nearly an autoencoder without noise, which"
    " learns faster at first; Cornac has no annealing; our rate falls, theirs stays",
    "multdae": "a sample is a user; our rate falls, RecBole's stays",
    "lightgcn": "a sample is an item of a pair, so two for each observed one; RecBole propagates by"
    " torch's sparse product",
    "dssm": "a sample is an observed pair; ours has all items of its batch as negatives, RecBole's"
    " one that is drawn, a pair at a time by logistic loss, batch normalisation and tanh",
    "als": "implicit and bench: 3 steps of conjugate gradients; LensKit: Cholesky",
    "bpr": "a sample is an item of a pair, so two for each step; implicit draws negatives by"
    " popularity; Cornac and implicit draw pairs with replacement",
    "ease": "trained in a closed form: samples are interactions",
    "knn": "cosine, no shrinkage, 100 neighbours; samples are interactions. RecBole computes all"
    " scores in training. In LensKit an item of the user speaks for its nearest, elsewhere an item"
    " to be scored listens to its nearest",
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One side of a comparison in one round."""

    model: str
    side: str  # OURS or a library
    params: dict[str, Any]  # of our model, complete
    samples_per_batch: int | None  # None where a model has no such batches
    round: int  # from 1
    brief: bool  # not trained to the end, for time and memory alone
    threads: int
    seed: int = 0

    @property
    def name(self) -> str:
        """What it is in a word."""
        batch = f"-{self.samples_per_batch}" if self.samples_per_batch else ""
        return f"{self.model}{batch}-{self.side}-{self.round}"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which of the cells are wanted."""

    models: Sequence[str] = tuple(model for model in PEERS if model != UNASKED)
    libraries: Sequence[str] = ("recbole", "implicit", "lenskit", "cornac")
    batches: Sequence[int] = BATCHES
    rounds: int = 3
    epochs: int | None = None  # for all, instead of those that the suite says
    short_epochs: int = 1  # of RecBole's pair networks after the first round, for time alone
    threads: int = 1


def cells(choice: Choice) -> Iterator[Cell]:
    """All cells of one model and batch follow each other, the sides taking turns."""
    known = names.files("models")
    for model in choice.models:
        libraries = [side for side in PEERS[model] if side in (CELL, *choice.libraries)]
        if model not in known or not libraries:
            continue
        for batch in choice.batches if model in PAIR_NETWORKS else [None]:
            params = values(model, batch, choice.epochs)
            for number in range(1, choice.rounds + 1):
                for side in (OURS, *libraries):
                    short = batch and side != OURS and number > 1 and choice.short_epochs
                    given = shortened(params, choice.short_epochs) if short else params
                    yield Cell(
                        model=model,
                        side=side,
                        params=given,
                        samples_per_batch=batch,
                        round=number,
                        brief=given != params,
                        threads=choice.threads,
                    )


def values(model: str, batch: int | None, epochs: int | None) -> dict[str, Any]:
    """Our hyper-parameters: the suite's, but for what both sides must have alike.

    Where a batch has another size than the suite's, the learning rate and the weight decay go with
    the square root of it (Malladi et al., NeurIPS 2022, for Adam), so that the decay of an epoch
    stays.
    """
    cls = adapter_class(model)
    row = next((row.params for row in suites.load(SUITE).rows if row.model == model), {})
    found = complete(cls, model, row | FIXED.get(model, {}))
    if batch is not None:
        scale = sqrt(batch / TUNED_SAMPLES)
        found |= {
            "negatives": NEGATIVES,
            "batch_size": pairs_in(batch, NEGATIVES),
            "learning_rate": found["learning_rate"] * scale,
            "weight_decay": found["weight_decay"] * scale,
        }
    epochs = epochs or MOST_EPOCHS.get(model)
    return shortened(found, epochs) if epochs else found


def pairs_in(samples: int, negatives: int) -> int:
    """Observed pairs in a batch of so many samples, each with its negatives.

    Rounded down, as RecBole does with its train_batch_size.
    """
    return max(1, samples // (1 + negatives))


def shortened(params: dict[str, Any], epochs: int) -> dict[str, Any]:
    """The same with fewer epochs, where there are epochs."""
    return params | ({"epochs": min(epochs, params["epochs"])} if "epochs" in params else {})
