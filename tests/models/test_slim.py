"""SLIM against scikit-learn's elastic net, column by column."""

import warnings
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import interactions, some_interactions
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet

from bench.adapter import Run
from bench.interactions import Interactions
from bench.registry.models import adapter_class, load_module

PLAIN = load_module("datasets", "synthetic").load(n_users=60, n_items=40)
Dense = NDArray[np.float64]


def fitted(train: Interactions, threads: int = 1, **params: Any) -> Any:
    model = adapter_class("slim")(**{"sweeps": 10_000, "tolerance": 1e-6, **params})
    model.fit(train, Run(seed=0, threads=threads))
    return model


def weights_of(model: Any) -> Dense:
    return np.asarray(model._weights.toarray(), dtype=np.float64)


def by_sklearn(pairs: Dense, alpha: float, l1_ratio: float, candidates: Any) -> Dense:
    """The weights [I, I], column i makes item i from candidates[i]."""
    weights = np.zeros((pairs.shape[1], pairs.shape[1]))
    for item, near in enumerate(candidates):
        if len(near):
            net = ElasticNet(
                alpha=alpha,
                l1_ratio=l1_ratio,
                positive=True,
                fit_intercept=False,
                tol=1e-10,
                max_iter=100_000,
            )
            with warnings.catch_warnings():
                # Its gap may stop just above the tolerance, by rounding.
                warnings.simplefilter("ignore", ConvergenceWarning)
                weights[near, item] = net.fit(pairs[:, near], pairs[:, item]).coef_
    return weights


def loss(pairs: Dense, weights: Dense, alpha: float, l1_ratio: float) -> float:
    """Of all columns together."""
    error = 0.5 * ((pairs - pairs @ weights) ** 2).sum() / len(pairs)
    squares = 0.5 * (1 - l1_ratio) * (weights**2).sum()
    return float(error + alpha * (l1_ratio * weights.sum() + squares))


def all_others(n_items: int) -> list[Any]:
    return [np.delete(np.arange(n_items), item) for item in range(n_items)]


@pytest.mark.parametrize(("alpha", "l1_ratio"), [(0.05, 0.1), (0.01, 0.9), (0.3, 1e-4), (0.02, 1)])
def test_it_agrees_with_scikit_learn(alpha: float, l1_ratio: float) -> None:
    model = fitted(PLAIN, alpha=alpha, l1_ratio=l1_ratio, neighbours=100)
    pairs = PLAIN.matrix().toarray().astype(np.float64)
    expected = by_sklearn(pairs, alpha, l1_ratio, all_others(40))
    np.testing.assert_allclose(weights_of(model), expected, atol=1e-4)
    assert expected.any()


def test_an_item_is_made_from_its_nearest_by_cosine_alone() -> None:
    pairs = PLAIN.matrix().toarray().astype(np.float64)
    cosine = (pairs.T @ pairs) / np.outer(*[np.linalg.norm(pairs, axis=0)] * 2)
    np.fill_diagonal(cosine, 0)
    weights = weights_of(fitted(PLAIN, alpha=0.05, l1_ratio=0.01, neighbours=6))
    # Of several at the edge that are equally near, only the nearer ones are certain.
    for item, made_from in enumerate(weights.T):
        edge = np.sort(cosine[item])[-6]
        assert (cosine[item, made_from > 0] >= edge - 1e-6).all()
        assert 0 < (made_from > 0).sum() <= 6
    near = [np.flatnonzero(column) for column in weights.T]
    np.testing.assert_allclose(weights, by_sklearn(pairs, 0.05, 0.01, near), atol=1e-4)


@settings(max_examples=40)
@given(train=some_interactions(), alpha=st.floats(0.01, 1), l1_ratio=st.floats(0, 0.9))
def test_no_other_weights_have_a_smaller_loss(
    train: Interactions, alpha: float, l1_ratio: float
) -> None:
    weights = weights_of(fitted(train, alpha=alpha, l1_ratio=l1_ratio, neighbours=20))
    pairs = train.matrix().toarray().astype(np.float64)
    expected = by_sklearn(pairs, alpha, l1_ratio, all_others(train.n_items))
    assert (weights >= 0).all() and not weights.diagonal().any()
    assert loss(pairs, weights, alpha, l1_ratio) <= loss(pairs, expected, alpha, l1_ratio) + 1e-5


def test_threads_change_nothing() -> None:
    train = load_module("datasets", "synthetic").load(n_users=80, n_items=150)
    one, three = (weights_of(fitted(train, threads=threads)) for threads in (1, 3))
    np.testing.assert_array_equal(one, three)


@settings(max_examples=25)
@given(train=some_interactions(), neighbours=st.integers(1, 20))
def test_a_large_catalogue_gets_the_same_weights(train: Interactions, neighbours: int) -> None:
    slim = load_module("models", "slim")
    held = fitted(train, alpha=0.05, neighbours=neighbours)
    with patch.object(slim, "LARGEST_GRAM", 0):
        counted = fitted(train, alpha=0.05, neighbours=neighbours)
    np.testing.assert_array_equal(weights_of(counted), weights_of(held))


def test_items_without_users_get_no_weights() -> None:
    model = fitted(interactions([(0, 0, 0), (0, 1, 0), (1, 0, 0)], 3, 5), alpha=0.01)
    weights = weights_of(model)
    assert weights[0, 1] > 0 and weights[1, 0] > 0
    assert not weights[2:].any() and not weights[:, 2:].any()


@pytest.mark.parametrize("params", [{"alpha": 0.0}, {"l1_ratio": 1.5}, {"l1_ratio": -0.1}])
def test_what_has_no_meaning_fails_in_one_line(params: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"^slim: alpha must be above 0, and l1_ratio within 0..1"):
        fitted(PLAIN, **params)
