"""multvae and multdae: their formulas, their sparse input, and the softmax over the catalogue."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import interactions, some_interactions
from numpy.typing import NDArray

from bench.adapter import Run
from bench.interactions import Interactions
from bench.registry.models import adapter_class
from bench.running.training import Training

NAMES = ["multdae", "multvae"]
Numbers = NDArray[np.float64]

synthetic = import_module("bench.datasets.synthetic").load
autoencoder = import_module("bench.models.shared.autoencoder")
devices = import_module("bench.models.shared.devices")
histories = import_module("bench.models.shared.histories")
softmax = import_module("bench.models.shared.softmax")
layers = import_module("bench.models.shared.layers")

DATA = synthetic(n_users=40, n_items=30, interactions_per_user=8)
EVERYONE = np.arange(DATA.n_users, dtype=np.int32)


def fitted(name: str, train: Interactions = DATA, *, seed: int = 0, **params: Any) -> Any:
    given_or_default = {"hidden": (7,), "latent": 5, "epochs": 3, "learning_rate": 0.02}
    adapter = adapter_class(name)(**(given_or_default | {"batch_size": 9} | params))
    training = Training()
    adapter.fit(train, training.run(seed))
    adapter.training = training
    return adapter


# The formulas, for one user at a time, in float64.


def numbers(tensor: torch.Tensor) -> Numbers:
    return tensor.detach().double().numpy()


def linear(layer: Any, x: Numbers) -> Numbers:
    return numbers(layer.weight) @ x + numbers(layer.bias)


def middle(network: Any, x: Numbers) -> Numbers:
    """Where the way there ends, for the row x of the matrix: before tanh, before a draw."""
    x = x / np.sqrt((x**2).sum()) if x.any() else x
    h = numbers(network.first.weight).T @ x + numbers(network.first_bias)
    for layer in network.there:
        h = linear(layer, np.tanh(h))
    return h


def logits(network: Any, z: Numbers) -> Numbers:
    """f(z) of the paper."""
    for layer in network.back:
        z = np.tanh(linear(layer, z))
    return linear(network.last, z)


def log_likelihood(scores: Numbers, x: Numbers) -> float:
    """Equation 2, up to a constant."""
    probabilities = np.exp(scores) / np.exp(scores).sum()
    return float((x * np.log(probabilities)).sum())


@pytest.mark.parametrize("hidden", [(), (7,), (9, 6)], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_scores_are_the_formula(name: str, hidden: tuple[int, ...]) -> None:
    adapter = fitted(name, hidden=hidden)
    expected = []
    for x in DATA.matrix().toarray().astype(np.float64):
        end = middle(adapter._network, x)
        z = np.tanh(end) if name == "multdae" else end[:5]  # the mean
        expected.append(logits(adapter._network, z))
    assert np.std(expected, axis=0).max() > 0.01
    np.testing.assert_allclose(adapter.scores(EVERYONE), expected, rtol=1e-4, atol=1e-5)
    vectors = adapter.embeddings()
    np.testing.assert_allclose(vectors.users @ vectors.items.T, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("progress", [0.0, 0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("name", NAMES)
def test_the_loss_is_the_formula(name: str, progress: float) -> None:
    more = {"beta": 0.7, "anneal": 0.4} if name == "multvae" else {}
    adapter = fitted(name, dropout=0.0, **more)
    users = EVERYONE[5:17]
    noise = torch.empty(len(users), 5).normal_(generator=torch.Generator().manual_seed(3))
    expected = []
    for x, drawn in zip(DATA.matrix()[users].toarray(), numbers(noise), strict=True):
        end = middle(adapter._network, x.astype(np.float64))
        if name == "multdae":
            expected.append(-log_likelihood(logits(adapter._network, np.tanh(end)), x))
            continue
        mean, deviation = end[:5], np.exp(end[5:] / 2)
        divergence = sum(
            np.log(1 / s) + (s**2 + m**2 - 1) / 2 for m, s in zip(mean, deviation, strict=True)
        )
        z = mean + drawn * deviation
        beta = 0.7 * min(1, progress / 0.4)
        expected.append(-log_likelihood(logits(adapter._network, z), x) + beta * divergence)
    generator = torch.Generator().manual_seed(3)
    whole = adapter._histories.take(users)
    loss = adapter._network.loss(whole, whole, whole.counts.sqrt(), generator, progress)
    assert loss.item() == pytest.approx(np.mean(expected), rel=1e-5)


# The softmax.


@st.composite
def some_targets(draw: st.DrawFn) -> tuple[int, Any]:
    """Sets of items for a few rows, some of them empty."""
    n_items = draw(st.integers(1, 7))
    sets = draw(st.lists(st.sets(st.integers(0, n_items - 1)), min_size=1, max_size=9))
    items = [item for chosen in sets for item in sorted(chosen)]
    rows = [row for row, chosen in enumerate(sets) for _ in chosen]
    counts = [len(chosen) for chosen in sets]
    return n_items, softmax.Targets(
        torch.tensor(items, dtype=torch.int32),
        torch.tensor(rows, dtype=torch.int32),
        torch.tensor(counts, dtype=torch.float64),
        np.cumsum([0, *counts]),
    )


@given(
    some_targets(),
    st.integers(0, 10),
    st.booleans(),
    st.sampled_from([1, 3]),
    st.integers(0, 2**31),
)
def test_the_softmax_in_blocks_is_that_of_torch(
    given_targets: tuple[int, Any], at_once: int, with_bias: bool, over: int, seed: int
) -> None:
    n_items, targets = given_targets
    generator = torch.Generator().manual_seed(seed)

    def made(*shape: int) -> torch.Tensor:
        values = 9 * torch.randn(shape, dtype=torch.float64, generator=generator)
        return values.requires_grad_()

    parts = [made(len(targets.counts), 3), made(n_items, 3)]
    parts += [made(n_items)] if with_bias else []
    bias = parts[2] if with_bias else None
    found = softmax.softmax_loss(*parts[:2], bias, targets, over, at_once)
    chances = (parts[0] @ parts[1].T + (parts[2] if with_bias else 0)).log_softmax(1)
    expected = -chances[targets.rows.long(), targets.items.long()].sum() / over
    torch.testing.assert_close(found, expected)
    for one, other in zip(
        torch.autograd.grad(over * found, parts),
        torch.autograd.grad(over * expected, parts),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_the_softmax_survives_large_logits() -> None:
    hidden, items = torch.tensor([[1000.0]]), torch.tensor([[1.0], [2.0], [-1.0]])
    targets = softmax.Targets(torch.tensor([0]), torch.tensor([0]), torch.ones(1), range(2))
    assert softmax.softmax_loss(hidden, items, None, targets) == 1000


# The sparse input.


@pytest.fixture(params=["compiled", "torch"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the CPU does it, and how a GPU."""
    if request.param == "torch":
        monkeypatch.setattr(devices, "COMPILED", set())
    found: str = request.param
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some_interactions(), st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_rows_of_the_matrix_are_taken_and_multiplied(
    way: str, train: Interactions, users: list[int]
) -> None:
    dense = torch.from_numpy(train.matrix().toarray())[users]  # [B, I]
    chosen = histories.Histories.of(train, "cpu").take(np.array(users))
    again = torch.zeros_like(dense)
    again[chosen.rows.long(), chosen.items.long()] += 1
    torch.testing.assert_close(again, dense)
    assert chosen.counts.tolist() == np.diff(chosen.starts).tolist() == dense.sum(1).tolist()

    generator = torch.Generator().manual_seed(0)
    table = torch.randn(train.n_items, 4, generator=generator, requires_grad=True)
    weights = torch.randn(len(users), 4, generator=generator)
    torch.testing.assert_close(chosen.sum(table), dense @ table)
    found = torch.autograd.grad((chosen.sum(table) * weights).sum(), table)
    torch.testing.assert_close(found[0], dense.T @ weights)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some_interactions(), st.sampled_from([0.0, 0.3]), st.integers(0, 2**31))
def test_dropped_histories_are_part_of_the_whole(
    way: str, train: Interactions, chance: float, seed: int
) -> None:
    whole = histories.Histories.of(train, "cpu")
    less = whole.dropped(chance, torch.Generator().manual_seed(seed))
    for user in range(train.n_users):
        items = whole.take(np.array([user])).items.tolist()
        left = less.take(np.array([user])).items.tolist()
        assert set(left) <= set(items)
        assert len(left) == less.counts[user]
        assert chance or left == items


@pytest.mark.parametrize("chance", [0.1, 0.5, 0.999])
def test_dropout_leaves_out_as_many_as_asked_and_keeps_the_mean(chance: float) -> None:
    n = 200_000
    found = layers.dropout(torch.ones(n), chance, torch.Generator().manual_seed(0))
    spread = (chance * (1 - chance) / n) ** 0.5
    assert abs((found == 0).double().mean().item() - chance) < 5 * spread
    assert abs(found.mean().item() - 1) < 5 * spread / (1 - chance)
    fours = (found != 0).double().view(-1, 4)  # that share a draw, and are independent
    assert (fours.T.corrcoef() - torch.eye(4)).abs().max() < 5 / (n / 4) ** 0.5


def test_the_same_pairs_are_dropped_by_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = histories.Histories.of(DATA, "cpu")
    one, other = torch.Generator().manual_seed(2), torch.Generator().manual_seed(2)
    compiled = whole.dropped(0.4, one).take(EVERYONE)
    monkeypatch.setattr(devices, "COMPILED", set())
    plain = whole.dropped(0.4, other).take(EVERYONE)
    for mine, theirs in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(mine, theirs)


# Training.


@pytest.mark.parametrize("name", NAMES)
def test_a_gpu_takes_the_same_steps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given_values = {"epochs": 10, "weight_decay": 0.1, "learning_rate": 0.003}
    expected = fitted(name, **given_values).scores(EVERYONE)
    monkeypatch.setattr(devices, "COMPILED", set())
    found = fitted(name, **given_values).scores(EVERYONE)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_falls(name: str) -> None:
    adapter = fitted(name, epochs=30)
    curve = adapter.training.curve
    assert curve[-1].loss < 0.95 * curve[0].loss
    assert {epoch.samples for epoch in curve} == {DATA.n_users}


@pytest.mark.parametrize("name", NAMES)
def test_a_user_without_items_is_left_out_and_still_scored(name: str) -> None:
    train = interactions([(0, 1, 0), (2, 0, 0), (2, 0, 1)], n_users=4, n_items=3)
    adapter = fitted(name, train)
    assert [epoch.samples for epoch in adapter.training.curve] == [2, 2, 2]
    scores = adapter.scores(np.array([3, 1], dtype=np.int32))
    np.testing.assert_array_equal(scores[0], scores[1])
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", NAMES)
def test_nobody_with_items_is_no_error(name: str) -> None:
    adapter = fitted(name, interactions([], n_users=2, n_items=3))
    assert [epoch.samples for epoch in adapter.training.curve] == [0, 0, 0]
    assert np.isfinite(adapter.scores(np.array([0, 1], dtype=np.int32))).all()


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_gives_other_scores(name: str) -> None:
    one, other = (fitted(name, seed=seed).scores(EVERYONE) for seed in (1, 2))
    assert not np.allclose(one, other)


@pytest.mark.parametrize("name", NAMES)
def test_dropout_changes_training_only(name: str) -> None:
    adapter = fitted(name, dropout=0.5)
    assert not np.allclose(adapter.scores(EVERYONE), fitted(name, dropout=0.0).scores(EVERYONE))
    np.testing.assert_array_equal(adapter.scores(EVERYONE), adapter.scores(EVERYONE))


@pytest.mark.parametrize("name", NAMES)
def test_divergence_is_an_error(name: str) -> None:
    with pytest.raises(FloatingPointError, match="diverged"):
        fitted(name, learning_rate=float("inf"))


def test_the_number_of_threads_is_restored() -> None:
    before = torch.get_num_threads()
    during: list[int] = []

    def look(samples: int, loss: float | None) -> bool:
        during.append(torch.get_num_threads())
        return True

    run = Run(threads=before + 1, report=look)
    adapter_class("multdae")(latent=5).fit(DATA, run)
    assert during == [before + 1]
    assert torch.get_num_threads() == before
