"""Spaces without training, against what they are by definition."""

import numpy as np
import pytest

from bench.embeddings.baselines import co_occurrence, content_words, random_vectors
from bench.embeddings.similarity import DotProducts
from bench.interactions import Interactions


def test_co_occurrence_is_the_cosine_of_sets_of_users() -> None:
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((30, 12)) < 0.3)
    train = Interactions(
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        times=np.zeros(len(users), dtype=np.int64),
        n_users=30,
        n_items=13,  # nobody chose the last
    )
    rows = DotProducts(co_occurrence(train)).rows(np.arange(13, dtype=np.int32))
    sets = [set(users[items == item]) for item in range(13)]
    for i, a in enumerate(sets):
        for j, b in enumerate(sets):
            wanted = len(a & b) / (len(a) * len(b)) ** 0.5 if a and b else 0.0
            assert rows[i, j] == pytest.approx(wanted, abs=1e-6)
            assert (rows[i, j] == 0) == (not a & b)


def test_films_of_one_genre_and_name_are_alike() -> None:
    titles = ["Alien", "Aliens Return", "The Return", "Return of the Thing", "Thing Two"]
    genres = [("Horror", "Sci-Fi"), ("Sci-Fi",), ("Drama",), ("Horror", "Sci-Fi"), ()]
    vectors = content_words(titles, genres)
    assert vectors is not None
    rows = DotProducts(vectors).rows(np.arange(5, dtype=np.int32))
    assert rows[0].argsort()[::-1][1] == 3  # both genres
    assert rows[0, 2] == 0  # nothing in common
    assert rows[4, 3] > 0  # a word
    np.testing.assert_allclose(np.diag(rows), 1, atol=1e-6)


def test_without_titles_genres_are_enough_and_without_both_there_is_none() -> None:
    assert content_words(["", "", ""], [("a",), ("b",), ("a",)]) is not None
    assert content_words(["", "", ""], [(), (), ()]) is None


def test_random_vectors_are_those_of_their_seed() -> None:
    np.testing.assert_array_equal(random_vectors(20, 1), random_vectors(20, 1))
    assert (random_vectors(20, 1) != random_vectors(20, 2)).all()
