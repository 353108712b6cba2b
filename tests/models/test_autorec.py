"""autorec: its formula, its loss in blocks, and which way round the matrix goes."""

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
autorec = import_module("bench.models.autorec")
histories = import_module("bench.models.shared.histories")

DATA = synthetic(n_users=40, n_items=30, interactions_per_user=8)
EVERYONE = np.arange(DATA.n_users, dtype=np.int32)
SIDES = ["item", "user"]


def fitted(train: Interactions = DATA, *, seed: int = 0, **params: Any) -> Any:
    given_or_default = {"hidden": 7, "epochs": 3, "learning_rate": 0.02, "batch_size": 9}
    adapter = autorec.AutoRec(**(given_or_default | params))
    training = Training()
    adapter.fit(train, training.run(seed))
    adapter.training = training
    return adapter


def numbers(tensor: torch.Tensor) -> Numbers:
    return tensor.detach().double().numpy()


def reconstructed(network: Any, r: Numbers) -> Numbers:
    """h(r; theta) of section 2, for one row, where f is the identity and g the sigmoid."""
    hidden = 1 / (1 + np.exp(-(numbers(network.first).T @ r + numbers(network.hidden_bias))))
    return numbers(network.last.weight) @ hidden + numbers(network.last.bias)


@pytest.mark.parametrize("by", SIDES)
def test_scores_are_the_formula(by: str) -> None:
    adapter = fitted(by=by)
    matrix = DATA.matrix().toarray().astype(np.float64)
    rows = matrix if by == "user" else matrix.T
    expected = np.array([reconstructed(adapter._network, r) for r in rows])
    expected = expected if by == "user" else expected.T
    assert np.std(expected, axis=0).max() > 0.01
    np.testing.assert_allclose(adapter.scores(EVERYONE), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("by", SIDES)
def test_the_loss_is_the_formula(by: str, weight: float) -> None:
    adapter = fitted(by=by)
    matrix = DATA.matrix().toarray().astype(np.float64)
    some = (matrix if by == "user" else matrix.T)[5:17]
    expected = 0.0
    for r in some:
        for seen, s in zip(r, reconstructed(adapter._network, r), strict=True):
            expected += (1 - s) ** 2 if seen else weight * s**2
    loss = adapter._network.loss(adapter._histories.take(np.arange(5, 17)), weight)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


@given(
    some_interactions(),
    st.lists(st.integers(0, 5), min_size=1, max_size=8),
    st.integers(0, 9),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.integers(0, 2**31),
)
def test_the_loss_in_blocks_has_the_gradients_of_torch(
    train: Interactions, rows: list[int], at_once: int, weight: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    chosen = histories.Histories.of(train, "cpu").take(np.array(rows))
    shapes = [(len(rows), 3), (train.n_items, 3), (train.n_items,)]
    parts = [
        torch.randn(shape, dtype=torch.float64, generator=generator).requires_grad_()
        for shape in shapes
    ]
    found = autorec.squared_loss(*parts, chosen, weight, at_once)
    observed = torch.from_numpy(train.matrix().toarray())[rows].double()
    scores = parts[0] @ parts[1].T + parts[2]
    weights = observed + weight * (1 - observed)
    expected = (weights * (observed - scores).square()).sum()
    torch.testing.assert_close(found, expected)
    for one, other in zip(
        torch.autograd.grad(3 * found, parts), torch.autograd.grad(3 * expected, parts), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_by_item_is_by_user_of_the_matrix_transposed() -> None:
    turned = interactions(
        [(item, user, 0) for user, item in zip(DATA.users, DATA.items, strict=True)],
        n_users=DATA.n_items,
        n_items=DATA.n_users,
    )
    by_user = fitted(turned, by="user").scores(np.arange(DATA.n_items, dtype=np.int32))
    np.testing.assert_allclose(fitted(by="item").scores(EVERYONE), by_user.T, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("by", SIDES)
def test_the_loss_falls(by: str) -> None:
    curve = fitted(by=by, epochs=30).training.curve
    assert curve[-1].loss < 0.8 * curve[0].loss
    assert {epoch.samples for epoch in curve} == {DATA.n_users if by == "user" else DATA.n_items}


def test_l2_shrinks_the_weights() -> None:
    free, held = (fitted(l2=l2, epochs=30)._network for l2 in (0.0, 0.1))
    for name in ("first", "last.weight"):
        one, other = (network.get_parameter(name).norm() for network in (free, held))
        assert other < 0.8 * one


@pytest.mark.parametrize("by", SIDES)
def test_a_gpu_takes_the_same_steps(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = fitted(by=by, epochs=10, l2=0.1).scores(EVERYONE)
    monkeypatch.setattr(import_module("bench.models.shared.devices"), "COMPILED", set())
    found = fitted(by=by, epochs=10, l2=0.1).scores(EVERYONE)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("by", SIDES)
def test_nobody_with_items_is_no_error(by: str) -> None:
    adapter = fitted(interactions([], n_users=2, n_items=3), by=by)
    assert np.isfinite(adapter.scores(np.array([0, 1], dtype=np.int32))).all()


def test_another_side_is_an_error() -> None:
    with pytest.raises(ValueError, match="by='items' must be 'item' or 'user'"):
        fitted(by="items")


def test_another_seed_gives_other_scores() -> None:
    one, other = (fitted(seed=seed).scores(EVERYONE) for seed in (1, 2))
    assert not np.allclose(one, other)


def test_divergence_is_an_error() -> None:
    with pytest.raises(FloatingPointError, match="diverged"):
        fitted(learning_rate=float("inf"))
