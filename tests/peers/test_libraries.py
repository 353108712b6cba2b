"""The libraries themselves, where they are installed: each model learns, and as ours does."""

import numpy as np
import pytest

from bench.adapter import Adapter, Run
from bench.interactions import Floats, Interactions
from bench.peers.adapter import peer_class
from bench.peers.environment import environment_of
from bench.peers.known import folders, library, models_of
from bench.protocol.task import prepare
from bench.registry.datasets import load_data
from bench.registry.models import adapter_class

MODELS = [model for name in folders() for model in models_of(name)]
# So that each takes a second; a closed form has none of them.
SHORT = dict.fromkeys(("iterations", "max_iter", "train_epochs"), 3)
SHORT |= dict.fromkeys(("epochs", "n_epochs", "num_epochs"), 1)
SHORT |= {"n_factors": 16, "session_max_len": 20, "hidden_dim": 50, "batch_size": 100}
# One of ours, and how theirs is called with the same values.
SAME = [
    (
        ("als", {"factors": 16, "alpha": 6.0, "l2": 5.0, "iterations": 10}),
        ("implicit/als", {"factors": 16, "alpha": 6.0, "regularization": 5.0, "iterations": 10}),
    ),
    (("ease", {"l2": 30.0}), ("lenskit/ease", {"regularization": 30.0})),
    (("ease", {"l2": 30.0}), ("cornac/ease", {"lamb": 30.0, "posB": False})),
    (("ease", {"l2": 30.0}), ("irspack/ease", {"reg": 30.0})),
    (("ease", {"l2": 30.0}), ("recbole/ease", {"reg_weight": 30.0})),
]


@pytest.fixture(scope="module")
def train() -> Interactions:
    return prepare(load_data("synthetic", None), "loo-99").train


def installed(model: str) -> type[Adapter]:
    """The adapter of a library that is here."""
    if fault := environment_of(library(model.partition("/")[0])).fault():
        pytest.skip(fault)
    return peer_class(model)


def scores_of(model: Adapter, train: Interactions, seed: int = 0) -> Floats:
    run = Run(seed=seed)
    model.prepare(train, run)
    model.fit(train, run)
    return model.scores(np.arange(train.n_users, dtype=np.int32))


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_model_learns_the_same_by_the_same_seed(name: str, train: Interactions) -> None:
    cls = installed(name)
    known = library(name.partition("/")[0]).models[name.partition("/")[2]].parameters
    short = {parameter: value for parameter, value in SHORT.items() if parameter in known}
    first, second = (scores_of(cls(**short), train) for _ in range(2))
    assert np.isfinite(first).all()
    assert np.ptp(first, axis=1).min() > 0  # each user's items differ
    assert np.array_equal(first, second)


@pytest.mark.slow
@pytest.mark.parametrize(("ours", "theirs"), SAME)
def test_what_is_the_same_model_ranks_the_same(
    ours: tuple[str, dict[str, object]], theirs: tuple[str, dict[str, object]], train: Interactions
) -> None:
    cls = installed(theirs[0])
    expected = scores_of(adapter_class(ours[0])(**ours[1]), train)
    found = scores_of(cls(**theirs[1]), train)
    ranks = [np.argsort(-scores, axis=1, kind="stable") for scores in (expected, found)]
    assert np.allclose(expected, found, atol=2e-3)
    assert (ranks[0] == ranks[1]).mean() > 0.97


@pytest.mark.slow
def test_the_ease_of_rectools_has_the_weights_of_the_paper_transposed(train: Interactions) -> None:
    """So it ranks otherwise than all others do, which are those of equation 8 of Steck (2019)."""
    cls = installed("rectools/ease")
    chosen = train.matrix().toarray().astype(np.float64)
    inverse = np.linalg.inv(chosen.T @ chosen + 30.0 * np.eye(train.n_items))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    ours = scores_of(adapter_class("ease")(l2=30.0), train)
    assert np.allclose(ours, chosen @ weights, atol=1e-4)
    theirs = scores_of(cls(regularization=30.0), train)
    assert np.allclose(theirs, chosen @ weights.T, atol=1e-4)
    assert not np.allclose(theirs, ours, atol=1e-2)
