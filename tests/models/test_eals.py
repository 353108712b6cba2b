"""eALS against its loss, written out over all pairs in float64."""

from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import interactions, some_interactions
from numpy.typing import NDArray

from bench.interactions import Interactions
from bench.registry.models import adapter_class, load_module
from bench.running.training import Training

eals = import_module("bench.models.eals")

PLAIN = load_module("datasets", "synthetic").load(
    n_users=40, n_items=30, interactions_per_user=8, features=False
)
Dense = NDArray[np.float64]


def dense(train: Interactions) -> Dense:
    return np.asarray(train.matrix().toarray(), dtype=np.float64)


def item_weights(pairs: Dense, model: Any) -> Dense:
    """Equation 8."""
    frequencies = pairs.sum(axis=0) / max(pairs.sum(), 1)
    shares = frequencies**model.alpha
    return np.asarray(model.c0 * shares / max(shares.sum(), 1e-12))


def weights_and_l2(pairs: Dense, model: Any) -> tuple[Dense, Dense, Dense]:
    """The weight of every pair in the loss, and the l2 of users and of items."""
    unobserved = np.tile(item_weights(pairs, model), (len(pairs), 1))
    user_l2 = model.l2 * (pairs + unobserved).sum(axis=1) ** model.exponent
    item_l2 = model.l2 * (pairs + unobserved).sum(axis=0) ** model.exponent
    return np.where(pairs > 0, 1.0, unobserved), user_l2, item_l2


def loss(pairs: Dense, users: Dense, items: Dense, model: Any) -> float:
    """Equation 7, with the l2 of each vector."""
    weights, user_l2, item_l2 = weights_and_l2(pairs, model)
    errors = (weights * (pairs - users @ items.T) ** 2).sum()
    return float(errors + user_l2 @ (users**2).sum(axis=1) + item_l2 @ (items**2).sum(axis=1))


def best_coordinate(
    pairs: Dense, weights: Dense, row: Dense, fixed: Dense, l2: float, f: int
) -> Any:
    """The number f of a row's vector that makes its loss smallest (equation 9, over all pairs)."""
    without = fixed @ row - row[f] * fixed[:, f]
    above = (weights * (pairs - without) * fixed[:, f]).sum()
    below = (weights * fixed[:, f] ** 2).sum() + l2
    return above / below if below else 0.0


def swept(pairs: Dense, weights: Dense, rows: Dense, fixed: Dense, l2: Dense) -> Dense:
    """One sweep over all numbers of one side; rows without a pair become zeros."""
    rows = rows * (pairs.sum(axis=1) > 0)[:, None]
    for r in np.flatnonzero(pairs.sum(axis=1)):
        for f in range(rows.shape[1]):
            rows[r, f] = best_coordinate(pairs[r], weights[r], rows[r], fixed, float(l2[r]), f)
    return rows


def fitted(train: Interactions, **params: Any) -> tuple[Any, Training]:
    given = {"factors": 5, "c0": 20.0, "init_scale": 1.0, **params}
    model, training = adapter_class("eals")(**given), Training()
    model.fit(train, training.run(seed=3))
    return model, training


def vectors(model: Any) -> tuple[Dense, Dense]:
    return tuple(part.astype(np.float64) for part in model.embeddings()[:2])  # type: ignore[return-value]


choices = {
    "c0": st.floats(0.1, 50),
    "alpha": st.floats(0, 1),
    "l2": st.floats(0.01, 2),
    "exponent": st.floats(0, 1.5),
}


@settings(max_examples=40)
@given(train=some_interactions(), **choices)
def test_each_number_becomes_the_best_one(train: Interactions, **params: float) -> None:
    model, _ = fitted(train, iterations=0, **params)
    pairs, (users, items) = dense(train), vectors(model)
    weights, user_l2, item_l2 = weights_and_l2(pairs, model)
    for _ in range(2):
        users = swept(pairs, weights, users, items, user_l2)
        items = swept(pairs.T, weights.T, items, users, item_l2)
    found = fitted(train, iterations=2, **params)[0].embeddings()
    np.testing.assert_allclose(found.users, users, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.items, items, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("exponent", [0.0, 1.0])
def test_the_loss_never_rises(alpha: float, exponent: float) -> None:
    pairs, losses = dense(PLAIN), []
    for iterations in range(9):
        model, _ = fitted(PLAIN, iterations=iterations, alpha=alpha, exponent=exponent)
        losses.append(loss(pairs, *vectors(model), model))
    assert all(after <= before * (1 + 1e-6) for before, after in pairwise(losses))
    assert losses[-1] < 0.5 * losses[0]


@settings(max_examples=30)
@given(train=some_interactions(), **choices)
def test_the_loss_that_it_tells_is_the_loss(train: Interactions, **params: float) -> None:
    model, training = fitted(train, iterations=3, **params)
    pairs = dense(train)
    expected = loss(pairs, *vectors(model), model) / max(1, pairs.sum())
    assert training.curve[-1].loss == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert [epoch.samples for epoch in training.curve] == [len(train)] * 3


def test_many_iterations_reach_what_an_exact_solver_reaches() -> None:
    """With alternating exact solutions, as in iALS, from the same start."""
    model, _ = fitted(PLAIN, iterations=0, l2=0.5)
    pairs, (users, items) = dense(PLAIN), vectors(model)
    weights, user_l2, item_l2 = weights_and_l2(pairs, model)

    def solved(pairs: Dense, weights: Dense, fixed: Dense, l2: Dense) -> Dense:
        rows = []
        for row, weight, own_l2 in zip(pairs, weights, l2, strict=True):
            left = fixed.T @ (weight[:, None] * fixed) + own_l2 * np.eye(fixed.shape[1])
            rows.append(np.linalg.solve(left, fixed.T @ (weight * row)))
        return np.array(rows)

    for _ in range(200):
        users = solved(pairs, weights, items, user_l2)
        items = solved(pairs.T, weights.T, users, item_l2)
    found, _ = fitted(PLAIN, iterations=200, l2=0.5)
    exact = loss(pairs, users, items, model)
    assert loss(pairs, *vectors(found), model) == pytest.approx(exact, rel=0.01)


def test_who_has_no_interaction_gets_zeros() -> None:
    model, _ = fitted(interactions([(0, 0, 0), (0, 1, 0), (1, 1, 0)], 3, 4))
    users, items, _ = model.embeddings()
    assert users[:2].any(axis=1).all() and not users[2].any()
    assert items[:2].any(axis=1).all() and not items[2:].any()


def test_no_weight_at_all_does_not_divide_by_zero() -> None:
    model, _ = fitted(interactions([(0, 0, 0)], 2, 3), c0=0.0, l2=0.0, init_scale=0.0)
    assert np.isfinite(model.scores(np.array([0, 1], dtype=np.int32))).all()
