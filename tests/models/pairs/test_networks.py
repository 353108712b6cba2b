"""The neural models: their formulas, their negatives, and the loop that trains them."""

from importlib import import_module
from typing import Any

import numpy as np
import pair_formulas
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made import interactions
from pair_models import DATA, FEATURED, NAMES, PLAIN, RICH, fitted

from bench.adapter import Run
from bench.interactions import Interactions
from bench.registry.models import adapter_class

devices = import_module("bench.models.shared.devices")
features = import_module("bench.models.shared.features")
losses = import_module("bench.models.shared.pairs.loss")
neumf = import_module("bench.models.neumf")
second_order = import_module("bench.models.shared.pairs.second_order")


@pytest.mark.parametrize("train", [RICH, DATA, PLAIN], ids=["rich", "synthetic", "ids"])
@pytest.mark.parametrize("name", NAMES)
def test_scores_are_the_formula(name: str, train: Interactions) -> None:
    adapter = fitted(name, train)
    users = np.array([0, 7, 39], dtype=np.int32)
    formula = getattr(pair_formulas, name)
    extra = (train,) if name in FEATURED else ()
    expected = [
        [formula(adapter._network, u, i, *extra) for i in range(train.n_items)] for u in users
    ]
    assert np.std(expected) > 0.05
    np.testing.assert_allclose(adapter.scores(users), expected, rtol=1e-4, atol=1e-4)
    items = np.array([[3, 3, 29], [0, 1, 2], [9, 8, 7]], dtype=np.int32)
    np.testing.assert_allclose(
        adapter.pair_scores(users, items),
        np.take_along_axis(np.array(expected), items, axis=1),
        rtol=1e-4,
        atol=1e-4,
    )


def sums(vectors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return vectors.sum(0, keepdim=True), (vectors[:, :-1] ** 2).sum().view(1, 1)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 5), st.integers(0, 2**31))
def test_the_identity_of_the_factorisation_machine(
    n_user: int, n_item: int, factors: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    user, item = (
        torch.randn(n, factors + 1, dtype=torch.float64, generator=generator)
        for n in (n_user, n_item)
    )
    bias = torch.randn(1, dtype=torch.float64, generator=generator)
    expected = bias.item()
    every = [*user, *item]
    for f, one in enumerate(every):
        expected += one[-1].item()
        for other in every[f + 1 :]:
            expected += sum(one[d].item() * other[d].item() for d in range(factors))
    u = second_order.joined(*sums(user), bias, of_users=True)
    i = second_order.joined(*sums(item), torch.zeros(1), of_users=False)
    assert (u @ i.T).item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["gmf", "fm"])
def test_embeddings_are_the_scores(name: str) -> None:
    adapter = fitted(name)
    vectors = adapter.embeddings()
    everyone = np.arange(RICH.n_users, dtype=np.int32)
    np.testing.assert_allclose(vectors.users @ vectors.items.T, adapter.scores(everyone), atol=1e-4)


@pytest.mark.parametrize("name", ["ncf", "neumf", "deepfm", "dlrm"])
def test_a_tower_has_no_embeddings(name: str) -> None:
    assert fitted(name).embeddings() is None


# Training.


@pytest.mark.parametrize("name", NAMES)
def test_it_ends_where_no_user_has_a_negative(name: str) -> None:
    train = interactions([(0, item, 0) for item in range(3)])
    adapter = fitted(name, train)
    assert [epoch.samples for epoch in adapter.training.curve] == [0, 0]
    assert np.isfinite(adapter.scores(np.array([0], dtype=np.int32))).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_falls(name: str) -> None:
    curve = fitted(name, epochs=12).training.curve
    assert curve[-1].loss < 0.9 * curve[0].loss
    assert curve[0].samples == 5 * len(RICH)


@pytest.mark.parametrize("name", NAMES)
def test_plain_torch_learns_as_compiled_code_does(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What runs on a GPU, run on the CPU. The draws are others, so that only the outcome is alike.
    wanted = {"epochs": 12, "negatives": 20}
    losses_compiled = [epoch.loss for epoch in fitted(name, **wanted).training.curve]
    monkeypatch.setattr(devices, "COMPILED", set())
    adapter = fitted(name, **wanted)
    losses_plain = [epoch.loss for epoch in adapter.training.curve]
    np.testing.assert_allclose(losses_plain, losses_compiled, rtol=0.1)
    assert adapter.scores(np.arange(40, dtype=np.int32)).shape == (40, 30)


def test_pretrained_halves_are_joined_half_and_half(monkeypatch: pytest.MonkeyPatch) -> None:
    alone: list[torch.Tensor] = []
    join = neumf.NeuMFNetwork.joined
    everything = losses.Batch(torch.arange(40).int(), torch.arange(30).int().expand(40, -1))

    def joined(network: Any, share: float) -> Any:
        for half in (network.gmf, network.mlp):
            sides = half.user_side(), half.item_side()
            alone.append(losses.plain_logits(*sides, half.tower, everything).detach())
        return join(network, share)

    monkeypatch.setattr(neumf.NeuMFNetwork, "joined", joined)
    adapter = fitted("neumf", pretraining=3, epochs=0)
    assert len(adapter.training.curve) == 6
    assert all(half.std() > 0.05 for half in alone)
    scores = adapter.scores(np.arange(40, dtype=np.int32))
    np.testing.assert_allclose(scores, sum(alone) / 2, rtol=1e-4, atol=1e-5)
    tuned = fitted("neumf", pretraining=3, epochs=4)
    assert not np.allclose(tuned.scores(np.arange(40, dtype=np.int32)), scores)
    assert tuned.training.curve[-1].loss < tuned.training.curve[6].loss


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("mixed_precision", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_gpu_learns_as_the_cpu_does(name: str, mixed_precision: bool) -> None:
    on_cpu = [epoch.loss for epoch in fitted(name, epochs=12).training.curve]
    adapter = fitted(name, epochs=12, device="cuda", mixed_precision=mixed_precision)
    np.testing.assert_allclose([epoch.loss for epoch in adapter.training.curve], on_cpu, rtol=0.15)
    scores = adapter.scores(np.arange(40, dtype=np.int32))
    assert scores.dtype == np.float32


def test_mixed_precision_needs_a_gpu() -> None:
    with pytest.raises(ValueError, match="for a GPU"):
        fitted("gmf", mixed_precision=True)


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_gives_other_scores(name: str) -> None:
    users = np.arange(5, dtype=np.int32)
    assert not np.allclose(fitted(name, seed=1).scores(users), fitted(name, seed=2).scores(users))


def test_divergence_is_an_error() -> None:
    with pytest.raises(FloatingPointError, match="diverged"):
        fitted("neumf", learning_rate=float("inf"))


def test_dropout_changes_training_only() -> None:
    users = np.arange(5, dtype=np.int32)
    adapter = fitted("ncf", dropout=0.5)
    assert not np.allclose(adapter.scores(users), fitted("ncf").scores(users))
    np.testing.assert_array_equal(adapter.scores(users), fitted("ncf", dropout=0.5).scores(users))


def test_scores_follow_the_network_at_every_look() -> None:
    looks: list[Any] = []
    adapter = adapter_class("neumf")(epochs=3, learning_rate=0.05)
    user = np.array([0], dtype=np.int32)
    run = Run(report=lambda samples, loss: bool(looks.append(adapter.scores(user))))
    adapter.fit(RICH, run)
    assert not np.allclose(looks[0], looks[1])
    np.testing.assert_array_equal(looks[2], adapter.scores(user))


def test_the_number_of_threads_is_restored() -> None:
    before = torch.get_num_threads()
    adapter = adapter_class("gmf")(epochs=1)
    during: list[int] = []

    def look(samples: int, loss: float | None) -> bool:
        during.append(torch.get_num_threads())
        return False

    run = Run(threads=before + 1, report=look)
    adapter.fit(RICH, run)
    assert during == [before + 1]
    assert torch.get_num_threads() == before


def test_dense_columns_are_standardised_and_missing_ones_are_the_mean() -> None:
    dense = features.standardised(RICH.item_features, np.arange(RICH.n_items))
    assert dense.shape == (RICH.n_items, 3)
    assert dense[1, 1] == 0  # the missing one
    np.testing.assert_allclose(dense.mean(axis=0), 0, atol=1e-6)
    known = np.delete(dense[:, 1], 1)
    np.testing.assert_allclose([known.std(), dense[:, 2].std()], 1, atol=1e-5)
    assert not features.standardised(None, np.full(4, 9)).any()  # the same of everyone
