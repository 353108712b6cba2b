"""New people are served as people of train with the same choices are."""

from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from made import interactions

from bench.adapter import Run
from bench.interactions import Interactions
from bench.registry.models import adapter_class

PLAIN = import_module("bench.datasets.synthetic").load(
    n_users=40, n_items=30, interactions_per_user=8, features=False
)
EVERYONE = np.arange(40, dtype=np.int32)
# Until a user's vectors no longer move: then they solve the equations.
MANY = {"als": {"iterations": 300}, "eals": {"iterations": 300, "factors": 4}}


def fitted(name: str, **params: Any) -> Any:
    model = adapter_class(name)(**{**MANY.get(name, {}), **params})
    model.fit(PLAIN, Run(seed=3))
    return model


@pytest.mark.parametrize("name", ["ease", "knn", "multdae", "multvae", "sasrec", "slim"])
def test_people_of_train_are_served_by_their_history_alone(name: str) -> None:
    quick = {"epochs": 2} if name in ("multdae", "multvae", "sasrec") else {}
    model = fitted(name, **quick)
    before = model.scores(EVERYONE)
    order = EVERYONE[::-1].copy()  # other numbers for the same people
    people = replace(PLAIN, users=order[PLAIN.users])
    people = people.take(np.lexsort((people.times, people.users)))
    found = model.welcome(people).scores(order)
    np.testing.assert_allclose(found, before, rtol=1e-4, atol=1e-4 * np.ptp(before))
    np.testing.assert_array_equal(model.scores(EVERYONE), before)


@pytest.mark.parametrize("name", ["ease", "knn", "slim", "als"])
def test_the_latest_of_new_people_count_most_by_a_half_life(name: str) -> None:
    model = fitted(name, half_life=2.0)
    before = model.scores(EVERYONE)
    people = PLAIN.take(np.lexsort((PLAIN.times, PLAIN.users)))
    found = model.welcome(people).scores(EVERYONE)
    np.testing.assert_allclose(found, before, rtol=1e-3, atol=1e-3 * np.ptp(before))


@pytest.mark.parametrize("name", ["als", "eals", "puresvd"])
def test_people_of_train_are_served_as_they_were(name: str) -> None:
    model = fitted(name)
    before = model.scores(EVERYONE)
    found = model.welcome(PLAIN).scores(EVERYONE)
    np.testing.assert_allclose(found, before, atol=0.02 * np.ptp(before))
    np.testing.assert_array_equal(model.scores(EVERYONE), before)  # the model itself stays


def test_als_is_solved_as_by_implicit() -> None:
    from implicit.cpu.als import AlternatingLeastSquares

    model = fitted("als", iterations=3, factors=6)
    theirs = AlternatingLeastSquares(factors=6, alpha=1.0, regularization=model.l2, num_threads=1)
    theirs.item_factors = model.embeddings().items
    weighted = PLAIN.matrix() * np.float32(model.alpha)
    wanted = theirs.recalculate_user(EVERYONE, weighted)
    found = model.welcome(PLAIN).embeddings().users
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


def test_ials_is_solved_as_in_training() -> None:
    module = import_module("bench.models.ials")
    model = fitted("ials", factors=6, exponent=0.7)
    by_user = PLAIN.matrix()
    l2 = model._l2_of(np.diff(by_user.indptr), by_user.shape[1])
    wanted = np.zeros((PLAIN.n_users, 6), dtype=np.float32)
    module.solve(by_user, model.embeddings().items, model.unobserved_weight, l2, wanted, steps=9)
    found = model.welcome(PLAIN).embeddings().users
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["als", "eals", "ials", "puresvd"])
def test_who_has_chosen_nothing_has_scores_of_zero(name: str) -> None:
    people = interactions([(1, 3, 0)], 2, 30)
    scores = fitted(name).welcome(people).scores(np.array([0, 1], dtype=np.int32))
    assert not scores[0].any()
    assert scores[1].any()


def test_a_model_that_takes_no_new_people_says_so() -> None:
    model = fitted("userknn")
    one: Interactions = interactions([(0, 0, 0)], 1, 30)
    with pytest.raises(NotImplementedError, match="UserKNN takes no new people"):
        model.welcome(one)
