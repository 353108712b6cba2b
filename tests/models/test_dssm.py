"""dssm: its towers and its in-batch softmax against the papers' formulas, pair by pair."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, some_interactions
from numpy.typing import NDArray
from torch.nn import functional as F

from bench.interactions import Features, Interactions
from bench.running.training import Training

Numbers = NDArray[np.float64]

synthetic = import_module("bench.datasets.synthetic").load
dssm = import_module("bench.models.dssm")
in_batch = import_module("bench.models.shared.in_batch")

DATA = synthetic(n_users=40, n_items=30, interactions_per_user=8)
EVERYONE = np.arange(DATA.n_users, dtype=np.int32)


def fitted(train: Interactions = DATA, *, seed: int = 0, **params: Any) -> Any:
    given_or_default = {"factors": 4, "hidden": (7, 5), "epochs": 3, "batch_size": 50}
    adapter = dssm.DSSM(**(given_or_default | {"learning_rate": 0.01} | params))
    training = Training()
    adapter.fit(train, training.run(seed))
    adapter.training = training
    return adapter


def numbers(tensor: torch.Tensor) -> Numbers:
    return tensor.detach().double().numpy()


def inputs(fields: Any, features: Features, counts: NDArray[np.int64]) -> Numbers:
    """The vectors of all fields, side by side: [E, fields * factors]."""
    rows, vectors = [], numbers(fields.vectors)[:, :-1]
    dense = np.column_stack([np.log1p(counts), features.dense.astype(np.float64)])
    dense = (dense - dense.mean(axis=0)) / dense.std(axis=0)
    for entity in range(len(features)):
        row, first = [numbers(fields.ids.weight)[entity, :-1]], 0
        columns = zip(features.categorical[entity], features.categorical_sizes, strict=True)
        for category, size in columns:
            row.append(vectors[first + category])
            first += size
        tags = features.multi_hot[entity]
        if len(tags):
            own = vectors[first : first + len(tags)][tags]
            row.append(own.sum(axis=0) / max(1, len(own)))
            first += len(tags)
        for k, value in enumerate(dense[entity]):
            row.append(value * vectors[first + k])
        rows.append(np.concatenate(row))
    return np.array(rows)


def output(tower: Any, x: Numbers) -> Numbers:
    """l_1 = W_1 x, l_i = W_i f(l_(i-1)) + b_i, and length 1."""
    layers = [tower.first, *tower.rest]
    for k, layer in enumerate(layers):
        x = numbers(layer.weight) @ (np.maximum(x, 0) if k else x) + numbers(layer.bias)
    return x / np.linalg.norm(x)


@pytest.mark.parametrize("hidden", [(5,), (7, 5), (9, 7, 5)], ids=str)
def test_scores_are_the_formula(hidden: tuple[int, ...]) -> None:
    adapter = fitted(hidden=hidden)
    towers = adapter._network
    of_users = np.bincount(DATA.users, minlength=DATA.n_users)
    of_items = np.bincount(DATA.items, minlength=DATA.n_items)
    users = inputs(towers.users.fields, DATA.user_features, of_users)
    items = inputs(towers.items.fields, DATA.item_features, of_items)
    users = np.array([output(towers.users, x) for x in users])
    items = np.array([output(towers.items, x) for x in items])
    assert np.std(users @ items.T, axis=0).max() > 0.01
    np.testing.assert_allclose(adapter.scores(EVERYONE), users @ items.T, rtol=1e-3, atol=1e-4)


@st.composite
def some_batch(draw: st.DrawFn) -> tuple[Interactions, NDArray[np.int64]]:
    """Interactions, and positions of some of them."""
    train = draw(some_interactions().filter(len))
    positions = draw(st.lists(st.integers(0, len(train) - 1), min_size=1, max_size=20))
    return train, np.array(positions)


@given(
    some_batch(),
    st.sampled_from([0.1, 1.0]),
    st.sampled_from([torch.float32, torch.float64]),
    st.integers(0, 2**31),
)
def test_the_loss_is_the_formula(
    given_batch: tuple[Interactions, NDArray[np.int64]],
    temperature: float,
    precision: torch.dtype,
    seed: int,
) -> None:
    train, positions = given_batch
    random = np.random.default_rng(seed)
    users, items = (random.standard_normal((n, 3)) for n in (train.n_users, train.n_items))
    log_chances = random.standard_normal(train.n_items).astype(np.float32)
    batch = in_batch.Batches(train, log_chances, "cpu").of(positions)
    loss = in_batch.in_batch_softmax(
        torch.from_numpy(users)[batch.users.long()].to(precision),
        torch.from_numpy(items)[batch.items.long()].to(precision),
        batch,
        temperature,
    )
    expected = 0.0
    for position in positions:
        user = train.users[position]
        corrected = items @ users[user] / temperature - log_chances  # of every item
        negatives = set(train.items[positions]) - set(train.items[train.users == user])
        own = np.exp(corrected[train.items[position]])
        others = sum(np.exp(corrected[item]) for item in negatives)
        expected -= np.log(own / (own + others))
    error = 1e-6 if precision == torch.float64 else 1e-5
    assert loss.item() == pytest.approx(expected / len(positions), rel=10 * error, abs=error)


@given(some_batch(), st.integers(0, 2**31))
def test_the_gradient_of_the_loss_is_that_of_torch(
    given_batch: tuple[Interactions, NDArray[np.int64]], seed: int
) -> None:
    train, positions = given_batch
    log_chances = np.random.default_rng(seed).standard_normal(train.n_items).astype(np.float32)
    batch = in_batch.Batches(train, log_chances, "cpu").of(positions)
    generator = torch.Generator().manual_seed(seed)
    vectors = [
        torch.randn(len(rows), 3, dtype=torch.float64, generator=generator).requires_grad_()
        for rows in (batch.users, batch.items)
    ]
    found = torch.autograd.grad(in_batch.in_batch_softmax(*vectors, batch, 0.5), vectors)
    logits = (vectors[0] @ vectors[1].T / 0.5 - batch.log_chances)[batch.user_places]
    seen = torch.from_numpy(train.matrix().toarray())[batch.users][:, batch.items] > 0
    negatives = ~seen[batch.user_places]
    own = F.one_hot(batch.item_places, len(batch.items)) > 0
    chances = logits.masked_fill(~(negatives | own), -torch.inf).log_softmax(1)
    expected = torch.autograd.grad(-chances[own].mean(), vectors)
    torch.testing.assert_close(found, expected)


@given(
    some_batch(), st.sampled_from([1, 7, 2**18]), st.sampled_from([1.0, 3.0]), st.integers(0, 99)
)
def test_the_compiled_loss_is_that_of_torch(
    given_batch: tuple[Interactions, NDArray[np.int64]], at_once: int, factor: float, seed: int
) -> None:
    train, positions = given_batch
    log_chances = np.random.default_rng(seed).standard_normal(train.n_items).astype(np.float32)
    batch = in_batch.Batches(train, log_chances, "cpu").of(positions)
    generator = torch.Generator().manual_seed(seed)
    vectors = [
        torch.randn(len(rows), 3, generator=generator).requires_grad_()
        for rows in (batch.users, batch.items)
    ]
    exact = [each.detach().double().requires_grad_() for each in vectors]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_batch, "LOGITS", at_once)
        found = factor * in_batch.in_batch_softmax(*vectors, batch, 0.3)
    expected = factor * in_batch.in_batch_softmax(*exact, batch, 0.3)
    assert found.item() == pytest.approx(expected.item(), rel=1e-4, abs=1e-5)
    for one, other in zip(
        torch.autograd.grad(found, vectors), torch.autograd.grad(expected, exact), strict=True
    ):
        torch.testing.assert_close(one.double(), other, rtol=1e-4, atol=1e-5)


@given(some_batch(), st.sampled_from([torch.float32, torch.float64]))
def test_a_batch_without_negatives_has_a_gradient_of_zero(
    given_batch: tuple[Interactions, NDArray[np.int64]], precision: torch.dtype
) -> None:
    train, positions = given_batch
    alone = positions[:1]
    batch = in_batch.Batches(train, np.zeros(train.n_items, dtype=np.float32), "cpu").of(alone)
    vectors = [torch.ones(1, 3, dtype=precision, requires_grad=True) for _ in range(2)]
    loss = in_batch.in_batch_softmax(*vectors, batch, 0.1)
    assert loss.item() == 0
    for gradient in torch.autograd.grad(loss, vectors):
        torch.testing.assert_close(gradient, torch.zeros(1, 3, dtype=precision))


def test_chances_are_those_of_drawing_batches() -> None:
    counts, batch_size = np.array([0, 1, 5, 30]), 6
    items = np.repeat(np.arange(4), counts)
    random = np.random.default_rng(0)
    draws = 20_000
    hits = np.zeros(4)
    for _ in range(draws):
        hits[np.unique(items[random.random(len(items)) < batch_size / len(items)])] += 1
    found = in_batch.chances_in_batch(counts, batch_size)
    spread = np.sqrt(found * (1 - found) / draws)
    assert (abs(hits / draws - found) <= 5 * spread + 1e-30).all()


@pytest.mark.parametrize("batch_size", [36, 1000])
def test_a_batch_of_everything_has_every_item(batch_size: int) -> None:
    found = in_batch.chances_in_batch(np.array([1, 5, 30]), batch_size)
    np.testing.assert_array_equal(found, [1, 1, 1])


def test_small_chances_are_frequencies() -> None:
    counts = np.array([1, 40, 10**9])
    found = in_batch.chances_in_batch(counts, 8)
    np.testing.assert_allclose(found[:2], 8 * counts[:2] / counts.sum(), rtol=1e-6)


@pytest.mark.parametrize("narrow", [False, True], ids=["float32", "bfloat16"])
def test_a_gpu_takes_the_same_steps(narrow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = fitted(learning_rate=1e-3).scores(EVERYONE)
    monkeypatch.setattr(import_module("bench.models.shared.devices"), "COMPILED", set())
    narrower = torch.autocast("cpu", dtype=torch.bfloat16, enabled=narrow)
    monkeypatch.setattr(dssm, "mixed_precision", lambda device, wanted: narrower)
    found = fitted(learning_rate=1e-3).scores(EVERYONE)
    assert narrow == (not np.allclose(found, expected, rtol=1e-4, atol=1e-4))
    assert abs(found - expected).mean() < 0.02


def test_the_loss_falls() -> None:
    curve = fitted(epochs=30).training.curve
    assert curve[-1].loss < 0.9 * curve[0].loss
    assert {epoch.samples for epoch in curve} == {len(DATA)}


def test_nobody_with_items_is_no_error() -> None:
    adapter = fitted(interactions([], n_users=2, n_items=3))
    assert [epoch.samples for epoch in adapter.training.curve] == [0, 0, 0]
    assert np.isfinite(adapter.scores(np.array([0, 1], dtype=np.int32))).all()


def test_another_seed_gives_other_scores() -> None:
    one, other = (fitted(seed=seed).scores(EVERYONE) for seed in (1, 2))
    assert not np.allclose(one, other)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"hidden": ()}, "at least one width"),
        ({"temperature": 0.0}, "temperature=0.0 must be positive"),
        ({"mixed_precision": True}, "for a GPU"),
    ],
)
def test_what_makes_no_sense_is_an_error(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted(**params)


def test_divergence_is_an_error() -> None:
    with pytest.raises(FloatingPointError, match="diverged"):
        fitted(learning_rate=float("inf"))


def test_without_id_dropout_nothing_is_drawn_for_it() -> None:
    adapter = fitted()
    assert adapter._with_id(torch.arange(5), torch.Generator()) is None


def test_with_id_dropout_items_lack_their_ids_by_that_chance() -> None:
    adapter = dssm.DSSM(id_dropout=0.3)
    kept = adapter._with_id(torch.arange(20_000), torch.Generator().manual_seed(1))
    assert set(kept.tolist()) == {0.0, 1.0}
    assert kept.mean().item() == pytest.approx(0.7, abs=0.02)


def test_a_row_without_its_id_counts_by_its_features_alone() -> None:
    items = fitted()._network.items
    rows = torch.arange(DATA.n_items, dtype=torch.int32)
    whole = items.fields.layer(items.first, rows)
    with torch.no_grad():
        items.fields.ids.weight.zero_()
    alone = items.fields.layer(items.first, rows)
    assert not torch.allclose(whole, alone)
    items = fitted()._network.items
    mask = (rows % 2).float()
    found = items.fields.layer(items.first, rows, mask)
    torch.testing.assert_close(found, torch.where(mask[:, None] > 0, whole, alone))


def test_new_items_are_scored_without_an_id_where_it_is_dropped() -> None:
    train = DATA.take(DATA.items != 4)
    features = train.item_features
    assert features is not None
    adapter = fitted(train, id_dropout=0.5)
    before = adapter.scores(EVERYONE)
    with torch.no_grad():
        adapter._network.items.fields.ids.weight[4] += 1.0
    adapter._found = None
    assert np.array_equal(adapter.scores(EVERYONE), before)


def test_an_id_dropout_out_of_range_is_told() -> None:
    with pytest.raises(ValueError, match=r"id_dropout must lie from 0 to below 1, not 1\.0"):
        fitted(id_dropout=1.0)
