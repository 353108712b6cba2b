"""Weights that halve with the place of an item, against loops; and the models that have them."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, some_interactions
from numpy.typing import NDArray

from bench.adapter import Run
from bench.interactions import Interactions
from bench.registry.models import adapter_class

TRAIN = import_module("bench.datasets.synthetic").load(
    n_users=40, n_items=30, interactions_per_user=8, features=False
)
LINEAR = {"ease": {}, "knn": {}, "slim": {}}
ALS = {"als": {"factors": 6, "iterations": 3}}
HALF_LIFE = 3.0


def weights_by_hand(train: Interactions, half_life: float, floor: float) -> NDArray[np.float64]:
    found = np.zeros((train.n_users, train.n_items))
    for user in range(train.n_users):
        rows = np.flatnonzero(train.users == user).tolist()
        latest = sorted(rows, key=lambda row: (train.times[row], row), reverse=True)
        for place, item in enumerate(dict.fromkeys(train.items[latest].tolist())):
            found[user, item] = 0.5 ** (place / half_life) + floor
    return found


def weighted(train: Interactions, half_life: float | None, floor: float) -> Any:
    model: Any = adapter_class("ease")(half_life=half_life, floor=floor)  # type: ignore[call-arg]
    return model._weighted(train)


@given(some_interactions(), st.floats(0.1, 100), st.floats(0, 1))
def test_weights_are_those_of_a_loop(train: Interactions, half_life: float, floor: float) -> None:
    found = weighted(train, half_life, floor)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.toarray(), weights_by_hand(train, half_life, floor), rtol=1e-6)


@given(some_interactions(), st.floats(0, 1))
def test_without_a_half_life_all_weigh_1(train: Interactions, floor: float) -> None:
    found, plain = weighted(train, None, floor), train.matrix()
    for name in ("data", "indices", "indptr"):
        assert np.array_equal(getattr(found, name), getattr(plain, name))


@pytest.mark.parametrize(
    ("half_life", "floor"), [(0, 0.05), (-1, 0.05), (float("nan"), 0), (1, -0.1)]
)
def test_bad_values_are_told(half_life: float, floor: float) -> None:
    with pytest.raises(ValueError, match="half_life must be above 0 and floor at least 0"):
        weighted(interactions([(0, 0, 0)]), half_life, floor)


def fitted(name: str, **params: Any) -> Any:
    model = adapter_class(name)(**params)
    model.fit(TRAIN, Run(seed=3))
    return model


@pytest.mark.parametrize("name", [*LINEAR, *ALS])
def test_a_model_uses_the_order_where_it_has_a_half_life_alone(name: str) -> None:
    cls: Any = adapter_class(name)
    assert cls().needs() == ()
    assert cls(half_life=HALF_LIFE).needs() == ("order",)


@pytest.mark.parametrize("name", LINEAR)
def test_scores_of_linear_models_are_sums_weighted_by_recency(name: str) -> None:
    users = np.arange(TRAIN.n_users, dtype=np.int32)
    alone = interactions([(0, item, 0) for item in range(TRAIN.n_items)])
    # What each item adds to every score: that of a person who has this one alone.
    plain, recent = fitted(name), fitted(name, half_life=HALF_LIFE, floor=0.2)
    history = plain._history.toarray()
    each, *_ = np.linalg.lstsq(history, plain.scores(users), rcond=None)
    if np.linalg.matrix_rank(history) == alone.n_items:
        expected = weights_by_hand(TRAIN, HALF_LIFE, 0.2) @ each
        np.testing.assert_allclose(recent.scores(users), expected, atol=1e-4)
    else:
        pytest.fail("the data do not tell the items apart")


def test_users_of_als_solve_the_weighted_equations() -> None:
    alpha, l2 = 5.0, 2.0
    model = fitted("als", **ALS["als"], alpha=alpha, l2=l2, half_life=HALF_LIFE, floor=0.1)
    items = model._items.astype(np.float64)
    for user, weights in enumerate(weights_by_hand(TRAIN, HALF_LIFE, 0.1)):
        # w alpha (1 - s)^2 + (1 - w) s^2 for each item, w = 0 for those that were not chosen.
        left = items.T @ np.diag(weights * alpha + 1 - weights) @ items + l2 * np.eye(
            items.shape[1]
        )
        expected = np.linalg.solve(left, items.T @ (weights * alpha))
        np.testing.assert_allclose(model._users[user], expected, rtol=1e-3, atol=1e-4)


def test_items_of_als_are_those_without_a_half_life() -> None:
    plain, recent = fitted("als", **ALS["als"]), fitted("als", **ALS["als"], half_life=HALF_LIFE)
    assert np.array_equal(plain._items, recent._items)
