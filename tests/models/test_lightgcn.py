"""lightgcn: its propagation and loss against the paper's sums, node by node."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, some_interactions
from numpy.typing import NDArray

from bench.interactions import Interactions
from bench.running.training import Training

Numbers = NDArray[np.float64]

synthetic = import_module("bench.datasets.synthetic").load
lightgcn = import_module("bench.models.lightgcn")

DATA = synthetic(n_users=40, n_items=30, interactions_per_user=8)
EVERYONE = np.arange(DATA.n_users, dtype=np.int32)


def fitted(train: Interactions = DATA, *, seed: int = 0, **params: Any) -> Any:
    given_or_default = {"factors": 5, "epochs": 3, "learning_rate": 0.02, "batch_size": 50}
    adapter = lightgcn.LightGCN(**(given_or_default | params))
    training = Training()
    adapter.fit(train, training.run(seed))
    adapter.training = training
    return adapter


def propagated(train: Interactions, nodes: Numbers, layers: int) -> tuple[Numbers, Numbers]:
    """Equations 3 and 4 with alpha_k = 1 / (K + 1), one node after the other."""
    chosen = [np.unique(train.items[train.users == user]) for user in range(train.n_users)]
    choosers = [np.unique(train.users[train.items == item]) for item in range(train.n_items)]
    users, items = nodes[: train.n_users], nodes[train.n_users :]
    all_users, all_items = users.copy(), items.copy()
    for _ in range(layers):
        next_users, next_items = np.zeros_like(users), np.zeros_like(items)
        for user in range(train.n_users):
            for item in chosen[user]:
                root = np.sqrt(len(chosen[user])) * np.sqrt(len(choosers[item]))
                next_users[user] += items[item] / root
                next_items[item] += users[user] / root
        users, items = next_users, next_items
        all_users, all_items = all_users + users, all_items + items
    return all_users / (layers + 1), all_items / (layers + 1)


@given(some_interactions(), st.integers(0, 4), st.integers(0, 2**31))
def test_propagation_is_the_formula(train: Interactions, layers: int, seed: int) -> None:
    nodes = np.random.default_rng(seed).standard_normal((train.n_users + train.n_items, 3))
    found = lightgcn.Graph(train)(torch.from_numpy(nodes).float(), layers)
    expected = np.concatenate(propagated(train, nodes, layers))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)


@given(some_interactions(), st.integers(0, 4), st.integers(0, 2**31))
def test_the_gradient_of_propagation_is_that_of_torch(
    train: Interactions, layers: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    shape = (train.n_users + train.n_items, 3)
    nodes, weights = (torch.randn(shape, generator=generator) for _ in range(2))
    nodes.requires_grad_()
    graph = lightgcn.Graph(train)
    found = torch.autograd.grad((graph(nodes, layers) * weights).sum(), nodes)
    adjacency = torch.zeros(shape[0], shape[0])
    each = torch.arange(shape[0]).repeat_interleave(graph.starts.diff())
    adjacency[each, graph.columns.long()] = graph.values
    mean = sum(torch.linalg.matrix_power(adjacency, k) for k in range(layers + 1)) / (layers + 1)
    expected = torch.autograd.grad(((mean @ nodes) * weights).sum(), nodes)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_scores_are_the_formula(layers: int) -> None:
    adapter = fitted(layers=layers)
    users, items = propagated(DATA, adapter._initial.detach().double().numpy(), layers)
    assert np.std(users @ items.T) > 0.001
    np.testing.assert_allclose(adapter.scores(EVERYONE), users @ items.T, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("count", [1, 2])
def test_the_loss_is_the_formula(count: int) -> None:
    adapter = fitted(l2=0.3)
    initial = adapter._initial.detach().double().numpy()
    users, items = propagated(DATA, initial, adapter.layers)
    pairs = np.array([(3, 4), (3, 4), (7, 5), (0, 29)], dtype=np.int32)
    others = np.array([(5, 6), (6, 5), (4, 4), (0, 11)], dtype=np.int32)[:, :count]
    expected = 0.0
    for (user, item), drawn in zip(pairs, others, strict=True):
        for other in drawn:
            margin = users[user] @ items[item] - users[user] @ items[other]
            expected += -np.log(1 / (1 + np.exp(-margin))) / count
            expected += 0.3 / 2 * (initial[DATA.n_users + other] ** 2).sum() / count
        for node in (user, DATA.n_users + item):
            expected += 0.3 / 2 * (initial[node] ** 2).sum()
    loss = adapter.loss(*torch.from_numpy(pairs).T.contiguous(), torch.from_numpy(others.copy()))
    assert loss.item() == pytest.approx(expected / len(pairs), rel=1e-5)


@given(st.integers(1, 8), st.integers(1, 3), st.integers(0, 2**31))
def test_the_compiled_loss_and_its_gradient_are_those_of_torch(
    pairs: int, count: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    nodes = torch.randn((9, 4), generator=generator).requires_grad_()
    users = torch.randint(0, 4, (pairs,), generator=generator, dtype=torch.int32)
    items = torch.randint(4, 9, (pairs,), generator=generator, dtype=torch.int32)
    others = torch.randint(4, 9, (pairs, count), generator=generator, dtype=torch.int32)
    found = lightgcn._Ranking.apply(nodes, users, items, others)
    expected = lightgcn.plain_ranking(nodes, users, items, others)
    torch.testing.assert_close(found, expected)
    gradients = (torch.autograd.grad(3 * loss, nodes) for loss in (found, expected))
    torch.testing.assert_close(*gradients)


def test_the_loss_falls() -> None:
    curve = fitted(epochs=30).training.curve
    assert curve[-1].loss < 0.8 * curve[0].loss
    assert {epoch.samples for epoch in curve} == {2 * len(DATA)}
    several = fitted(negatives=3).training.curve
    assert {epoch.samples for epoch in several} == {4 * len(DATA)}


def test_a_user_who_has_everything_is_left_out_and_still_scored() -> None:
    train = interactions([(0, 0, 0), (0, 1, 1), (1, 0, 0)], n_users=3, n_items=2)
    adapter = fitted(train)
    assert [epoch.samples for epoch in adapter.training.curve] == [2, 2, 2]
    assert np.isfinite(adapter.scores(np.arange(3, dtype=np.int32))).all()


def test_nobody_with_items_is_no_error() -> None:
    adapter = fitted(interactions([], n_users=2, n_items=3))
    assert [epoch.samples for epoch in adapter.training.curve] == [0, 0, 0]
    assert np.isfinite(adapter.scores(np.array([0, 1], dtype=np.int32))).all()


def test_another_seed_gives_other_scores() -> None:
    one, other = (fitted(seed=seed).scores(EVERYONE) for seed in (1, 2))
    assert not np.allclose(one, other)


def test_divergence_is_an_error() -> None:
    with pytest.raises(FloatingPointError, match="diverged"):
        fitted(learning_rate=float("inf"))
