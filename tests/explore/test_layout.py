"""Places on the map, and the genres that colour it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.explore.layout import legible, nearest, places


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def groups(count: int = 3, each: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Vectors around some directions at right angles, and the number of each one's direction."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(count), each)
    return unit(np.eye(8)[group] + 0.1 * rng.normal(size=(len(group), 8))), group


def test_what_is_alike_stands_together_and_the_same_vectors_get_the_same_places() -> None:
    vectors, group = groups()
    found = places(vectors)
    assert found.min(axis=0).tolist() == [0, 0] and found.max(axis=0).tolist() == [1, 1]
    distances = np.linalg.norm(found[:, None] - found[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (group[distances.argmin(axis=1)] == group).all()
    assert (places(vectors) == found).all()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("width", [1, 2, 5])
def test_few_items_and_short_vectors_have_places(count: int, width: int) -> None:
    vectors = unit(np.random.default_rng(count).normal(size=(count, width)))
    found = places(vectors)
    assert found.shape == (count, 2)
    assert np.isfinite(found).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 2**16))
def test_the_nearest_are_those_of_brute_force(count: int, width: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    found = nearest(vectors, 5)
    assert found.shape == (count, min(5, count - 1))
    for item in range(count):
        products = vectors[item] @ vectors.T
        others = np.delete(np.arange(count), item)
        best = np.sort(products[others])[::-1][: found.shape[1]]
        assert item not in found[item]
        np.testing.assert_allclose(products[found[item]], best, rtol=1e-5, atol=1e-6)


def test_genres_whose_items_stand_together_are_the_legible_ones() -> None:
    vectors, group = groups()
    rng = np.random.default_rng(1)
    genres = [
        (("planes", "boats", "trains")[one], *(["scattered"] if rng.random() < 0.5 else []))
        for one in group
    ]
    found = legible(genres, nearest(vectors))
    assert set(found[:3]) == {"planes", "boats", "trains"}
    many = [(f"genre {one % 9}", f"pair {one // 2}") for one in range(len(group))]
    assert len(legible(many, nearest(vectors))) <= 6


def test_no_genres_are_no_colours() -> None:
    vectors, group = groups()
    assert legible([()] * len(group), nearest(vectors)) == []
    assert legible([("a",)], nearest(vectors[:1])) == []
    assert legible([], nearest(vectors[:0])) == []
