"""The prior against its sum, minimised by scipy, and its parts against its scores."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import interactions, some_interactions
from scipy.optimize import minimize

from bench.adapter import Run
from bench.fold_in.prior import RIDGE, Prior
from bench.fold_in.ways import fold_in, ways_of
from bench.interactions import Interactions
from bench.registry.models import adapter_class

PLAIN = import_module("bench.datasets.synthetic").load(
    n_users=40, n_items=30, interactions_per_user=8, features=False
)
LEAST_SQUARES = ("als", "eals", "ials", "puresvd")


def fitted(name: str, train: Interactions = PLAIN, **params: Any) -> Any:
    model = adapter_class(name)(**{"factors": 4, **params})
    model.fit(train, Run(seed=3))
    return model


def distinct(people: Interactions) -> Interactions:
    pairs = np.unique(np.stack([people.users, people.items]), axis=1).T
    return interactions([(u, i, 0) for u, i in pairs.tolist()], people.n_users, people.n_items)


@settings(max_examples=15)
@given(
    people=some_interactions(items=30),
    tau=st.floats(0.01, 2),
    unobserved=st.floats(0, 1),
    name=st.sampled_from(LEAST_SQUARES),
)
def test_it_minimises_its_sum(
    people: Interactions, tau: float, unobserved: float, name: str
) -> None:
    people, model = distinct(people), fitted(name)
    vectors = model.embeddings()
    items, known = vectors.items.astype(np.float64), vectors.users.astype(np.float64)
    mean, covariance = known.mean(axis=0), np.cov(known.T, bias=True)
    covariance += RIDGE * np.trace(covariance) / 4 * np.eye(4)
    inverse = np.linalg.inv(covariance)
    found = Prior(model, tau=tau, unobserved=unobserved).vectors(people)
    for person in range(people.n_users):
        chosen = people.items[people.users == person]

        def loss(u: Any, chosen: Any = chosen) -> float:
            scores = items @ u
            return float(
                ((1 - scores[chosen]) ** 2).sum()
                + unobserved * (scores**2).sum()
                + tau * (u - mean) @ inverse @ (u - mean)
            )

        wanted = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x
        assert loss(found[person]) <= loss(wanted) + 1e-7 * (1 + abs(loss(wanted)))
        np.testing.assert_allclose(items @ found[person], items @ wanted, atol=2e-3)


@settings(max_examples=20)
@given(people=some_interactions(users=1, items=30), name=st.sampled_from(LEAST_SQUARES))
def test_parts_sum_to_the_scores(people: Interactions, name: str) -> None:
    people, model = distinct(people), fitted(name)
    prior = Prior(model)
    shares = prior.shares(people.items)
    assert shares.of_items.shape == (len(people), 30)
    whole = shares.of_items.sum(axis=0) + shares.of_all
    np.testing.assert_allclose(whole, prior.scores(people)[0], rtol=1e-4, atol=1e-5)


@settings(max_examples=20)
@given(people=some_interactions(users=1, items=30), name=st.sampled_from(LEAST_SQUARES))
def test_the_equations_of_a_model_sum_to_its_own_scores(people: Interactions, name: str) -> None:
    people, model = distinct(people), fitted(name)
    left, right = model.equations(people.items)
    parts = model.embeddings().items @ np.linalg.solve(left, right.T)  # [I, n]
    own = fold_in("own", model, PLAIN).scores(people)[0]
    np.testing.assert_allclose(parts.sum(axis=1), own, rtol=1e-4, atol=1e-5)


def test_a_strong_prior_gives_everybody_the_mean_of_the_known() -> None:
    model = fitted("ials")
    people = interactions([(0, 1, 0), (1, 2, 0), (1, 3, 0)], 2, 30)
    found = Prior(model, tau=1e9, unobserved=0.1).vectors(people)
    mean = model.embeddings().users.mean(axis=0)
    np.testing.assert_allclose(found, [mean, mean], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    "bad", [{"tau": 0}, {"tau": -1}, {"tau": float("nan")}, {"unobserved": -1}]
)
def test_weights_that_make_no_sense_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="tau must be above 0 and unobserved 0 or more"):
        Prior(fitted("puresvd"), **bad)


def test_data_without_a_choice_leaves_a_prior_around_zero() -> None:
    nothing = interactions([], 3, 5)
    found = Prior(fitted("puresvd", nothing)).scores(interactions([(0, 1, 0)], 1, 5))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", LEAST_SQUARES)
def test_models_of_least_squares_have_all_three_ways(name: str) -> None:
    assert ways_of(adapter_class(name)) == ("own", "prior", "alike")
