"""iALS against its loss, written out over all pairs in float64."""

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
from bench.registry.models import adapter_class
from bench.running.training import Training

ials = import_module("bench.models.ials")

PLAIN = import_module("bench.datasets.synthetic").load(
    n_users=40, n_items=30, interactions_per_user=8, features=False
)
Dense = NDArray[np.float64]


def dense(train: Interactions) -> Dense:
    pairs = np.zeros((train.n_users, train.n_items))
    pairs[train.users, train.items] = 1
    return pairs


def l2_of_rows(pairs: Dense, model: Any) -> Dense:
    terms = pairs.sum(axis=1) + model.unobserved_weight * pairs.shape[1]
    return np.asarray(model.l2 * terms**model.exponent)


def best(pairs: Dense, fixed: Dense, model: Any) -> Dense:
    """Each row's normal equations, with a weight for every pair (Hu et al. 2008, equation 4)."""
    rows = []
    for row, l2 in zip(pairs, l2_of_rows(pairs, model), strict=True):
        weights = row + model.unobserved_weight  # of s^2, for every pair
        left = fixed.T @ np.diag(weights) @ fixed + l2 * np.eye(fixed.shape[1])
        rows.append(np.linalg.solve(left, fixed.T @ row))
    return np.array(rows)


def loss(pairs: Dense, users: Dense, items: Dense, model: Any) -> float:
    scores = users @ items.T
    observed = (pairs * (1 - scores) ** 2).sum()
    everywhere = model.unobserved_weight * (scores**2).sum()
    squares = l2_of_rows(pairs, model) @ (users**2).sum(axis=1)
    squares += l2_of_rows(pairs.T, model) @ (items**2).sum(axis=1)
    return float(observed + everywhere + squares)


def fitted(train: Interactions, **params: Any) -> tuple[Any, Training]:
    model, training = adapter_class("ials")(**{"factors": 5, **params}), Training()
    model.fit(train, training.run(seed=3))
    return model, training


weights = st.floats(0.01, 2)


@settings(max_examples=30)
@given(train=some_interactions(), l2=weights, unobserved_weight=weights, exponent=st.floats(0, 1.5))
def test_it_is_the_solution_of_the_normal_equations(
    train: Interactions, l2: float, unobserved_weight: float, exponent: float
) -> None:
    given = {"l2": l2, "unobserved_weight": unobserved_weight, "exponent": exponent}
    model, _ = fitted(train, iterations=0, init_scale=1.0, **given)
    pairs, items = dense(train), model.embeddings().items.astype(np.float64)
    for _ in range(3):
        users = best(pairs, items, model)
        items = best(pairs.T, users, model)
    found = fitted(train, iterations=3, steps=8, init_scale=1.0, **given)[0].embeddings()
    np.testing.assert_allclose(found.users, users, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.items, items, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("steps", [1, 3])
def test_the_loss_falls_with_every_half_of_an_iteration(steps: int) -> None:
    model, _ = fitted(PLAIN, iterations=0, init_scale=1.0, l2=0.05)
    pairs = dense(PLAIN)
    users, items = (part.copy() for part in model.embeddings()[:2])
    by_user = PLAIN.matrix()
    halves = (
        (by_user, items, l2_of_rows(pairs, model), users),
        (by_user.T.tocsr(), users, l2_of_rows(pairs.T, model), items),
    )
    losses = []
    for observed, fixed, l2, vectors in 8 * halves:
        told = ials.solve(observed, fixed, model.unobserved_weight, l2, vectors, steps)
        losses.append(loss(pairs, users, items, model))
        of_fixed = l2_of_rows(pairs if fixed is users else pairs.T, model)
        told += float(of_fixed @ (fixed.astype(np.float64) ** 2).sum(axis=1))
        assert told == pytest.approx(losses[-1], rel=1e-4)
    assert all(after <= before * (1 + 1e-6) for before, after in pairwise(losses))
    assert losses[-1] < 0.9 * losses[0]


@given(rows_at_once=st.integers(1, 50))
def test_rows_are_solved_each_for_itself(rows_at_once: int) -> None:
    whole = fitted(PLAIN, iterations=2)[0].embeddings()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ials, "ROWS_AT_ONCE", rows_at_once)
        found = fitted(PLAIN, iterations=2)[0].embeddings()
    np.testing.assert_allclose(found.users, whole.users, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.items, whole.items, rtol=1e-4, atol=1e-5)


def test_the_loss_that_it_tells_is_the_loss() -> None:
    model, training = fitted(PLAIN, iterations=4)
    users, items = (part.astype(np.float64) for part in model.embeddings()[:2])
    assert training.curve[-1].loss == pytest.approx(
        loss(dense(PLAIN), users, items, model) / dense(PLAIN).sum(), rel=1e-4
    )
    assert [epoch.samples for epoch in training.curve] == [len(PLAIN)] * 4


def test_who_has_no_interaction_gets_zeros() -> None:
    model, _ = fitted(interactions([(0, 0, 0), (0, 1, 0), (1, 1, 0)], 3, 4))
    users, items, _ = model.embeddings()
    assert users[:2].any(axis=1).all() and not users[2].any()
    assert items[:2].any(axis=1).all() and not items[2:].any()


def test_a_user_with_every_item_is_solved_too() -> None:
    model, _ = fitted(interactions([(0, item, 0) for item in range(5)], 2, 5))
    assert model.scores(np.array([0], dtype=np.int32)).min() > 0.5


def test_no_regularisation_fails_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"^ials: .* no single solution: raise l2$"):
        fitted(PLAIN, l2=0.0, unobserved_weight=0.0, factors=20)


def test_no_steps_fails_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"^ials: steps must be at least 1, not 0$"):
        fitted(PLAIN, steps=0)
