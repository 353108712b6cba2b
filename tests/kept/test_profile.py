"""Profiles: item vectors from scores alone."""

from dataclasses import replace

import numpy as np
import pytest
from kept import FILMS

from bench.adapter import Adapter, Run
from bench.interactions import Floats, Ids, Interactions
from bench.kept.profile import profile


class Scored(Adapter):
    """A model with given scores [U, I]."""

    def __init__(self, scores: Floats) -> None:
        self.given = scores.astype(np.float32)

    def fit(self, train: Interactions, run: Run) -> None:
        raise AssertionError("it is not fitted")

    def scores(self, users: Ids) -> Floats:
        return self.given[users]


def reference(scores: Floats, width: int) -> Floats:
    """By numpy's SVD of the whole matrix."""
    wide = scores.astype(np.float64)
    wide = (wide - wide.mean(1, keepdims=True)) / wide.std(1, keepdims=True)
    _, values, right = np.linalg.svd(wide - wide.mean(0), full_matrices=False)
    return right[:width].T * values[:width]


def drawn(users: int = 40, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).standard_normal((users, 16))


@pytest.mark.parametrize("users", [9, 40], ids=["fewer users", "fewer items"])
def test_it_is_the_singular_value_decomposition(users: int) -> None:
    train = replace(FILMS.take(FILMS.users < users))
    found = profile(Scored(drawn()), train, width=5)
    expected = reference(drawn()[:users].astype(np.float32), 5)
    assert found is not None
    assert found.shape == (16, 5)
    assert np.allclose(found @ found.T, expected @ expected.T, rtol=1e-4, atol=1e-3)
    largest = np.abs(found).argmax(axis=0)
    assert (found[largest, np.arange(5)] > 0).all()
    assert (np.diff(np.linalg.norm(found, axis=0)) <= 0).all()


def test_scale_and_level_of_a_users_scores_mean_nothing() -> None:
    rng = np.random.default_rng(1)
    first = profile(Scored(drawn()), FILMS)
    second = profile(
        Scored(drawn() * rng.uniform(1, 9, (40, 1)) + rng.normal(0, 9, (40, 1))), FILMS
    )
    assert first is not None and second is not None
    assert np.allclose(first, second, rtol=1e-3, atol=1e-3)


def test_items_that_score_alike_are_alike() -> None:
    scores = drawn()
    scores[:, 1] = scores[:, 0]
    found = profile(Scored(scores), FILMS)
    assert found is not None
    assert np.allclose(found[0], found[1], atol=1e-5)
    assert not np.allclose(found[0], found[2], atol=0.1)


def test_some_users_are_drawn_by_their_ids() -> None:
    """Numbered in another way, the same people are asked."""
    order = np.random.default_rng(2).permutation(40)
    place = np.argsort(order).astype(np.int32)
    other = replace(FILMS, users=place[FILMS.users], user_ids=FILMS.user_ids[order])
    first = profile(Scored(drawn()), FILMS, users=12, width=4)
    second = profile(Scored(drawn()[order]), other, users=12, width=4)
    everyone = profile(Scored(drawn()), FILMS, width=4)
    assert first is not None and second is not None and everyone is not None
    assert np.allclose(first, second, atol=1e-4)
    assert not np.allclose(first, everyone, atol=0.1)


@pytest.mark.parametrize("scale", [1.0, 7.0])
def test_the_same_for_everybody_tells_nothing(scale: float) -> None:
    scores = np.tile(drawn()[:1], (40, 1))
    scores[20:] *= scale
    assert profile(Scored(scores), FILMS) is None
    assert profile(Scored(np.ones((40, 16))), FILMS) is None
