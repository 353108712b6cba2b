"""Lists of neighbours against full sorting and scikit-learn, and the figures against loops."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gmean, skew
from sklearn.neighbors import NearestNeighbors

from bench.embeddings.baselines import random_vectors
from bench.embeddings.columns import LENGTH
from bench.embeddings.neighbours import (
    agreement,
    agreement_of_any,
    lost,
    neighbours,
    occurrences_in_lists,
    overlap,
    popularity_ratio,
    skewness,
    stability,
    years_apart,
)
from bench.embeddings.similarity import DotProducts, Popularity, unit


def everything(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.int32)


def some_lists(seed: int = 0, n: int = 40) -> np.ndarray:
    """Lists of up to ten distinct places among n, that end anywhere."""
    rng = np.random.default_rng(seed)
    lists = np.full((n, LENGTH), -1, dtype=np.int32)
    for at in range(n):
        others = rng.permutation(np.delete(np.arange(n), at))[: rng.integers(0, LENGTH + 1)]
        lists[at, : len(others)] = others
    return lists


def test_of_vectors_they_are_those_of_scikit_learn() -> None:
    vectors = random_vectors(300, seed=0)
    found = neighbours(DotProducts(unit(vectors)), everything(300))
    of_sklearn = NearestNeighbors(n_neighbors=11, metric="cosine").fit(vectors)
    wanted = of_sklearn.kneighbors(vectors, return_distance=False)
    assert (wanted[:, 0] == np.arange(300)).all()
    np.testing.assert_array_equal(found, wanted[:, 1:])


def test_only_what_is_compared_is_in_a_list() -> None:
    vectors, compared = (
        unit(random_vectors(50, seed=1)),
        np.array([3, 4, 10, 20, 49], dtype=np.int32),
    )
    found = neighbours(DotProducts(vectors), compared)
    products = vectors[compared] @ vectors[compared].T
    for at, list_ in enumerate(found):
        wanted = [place for place in np.argsort(-products[at]) if place != at]
        wanted = [place for place in wanted if products[at, place] > 0]
        assert list(list_[list_ >= 0]) == wanted
        assert (list_[len(wanted) :] == -1).all()


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(1, 12))
def test_a_list_has_the_most_similar_whatever_ties(seed: int, n: int, length: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.integers(0, 3, size=(n, 2)).astype(np.float32)  # many equals, and zeros
    found = neighbours(DotProducts(vectors), everything(n), length)
    products = vectors @ vectors.T
    for at, list_ in enumerate(found):
        ours = list_[list_ >= 0]
        assert len(set(ours)) == len(ours) and at not in ours
        others = np.delete(products[at], at)
        wanted = np.sort(others[others > 0])[::-1][:length]
        np.testing.assert_array_equal(products[at, ours], wanted)


def test_a_list_ends_where_nothing_is_in_common() -> None:
    vectors = np.array([[1, 0], [2, 0], [0, 1], [0, 0]], dtype=np.float32)
    found = neighbours(DotProducts(vectors), everything(4), 3)
    np.testing.assert_array_equal(found, [[1, -1, -1], [0, -1, -1], [-1, -1, -1], [-1, -1, -1]])


def test_what_rounding_leaves_of_a_zero_is_none() -> None:
    across = np.array([[0.1, 0.2, 0.3], [0.3, 0.0, -0.1]])  # their product is 3e-18 or so
    turned = np.vstack([across, across[0] * 2])
    found = neighbours(DotProducts(turned), everything(3), 2)
    np.testing.assert_array_equal(found, [[2, -1], [-1, -1], [0, -1]])


def test_equals_make_no_hubs() -> None:
    """All items are alike: each is in ten lists, or nearly, and not the first ten in all."""
    found = neighbours(DotProducts(np.ones((200, 1), dtype=np.float32)), everything(200))
    assert lost(found) == 0
    assert occurrences_in_lists(found).max() <= 11


def test_equal_vectors_are_equally_similar_whatever_their_width() -> None:
    vectors = np.repeat(random_vectors(5, seed=2), 20, axis=0)
    rows = DotProducts(unit(vectors)).rows(everything(100))
    assert (np.ptp(rows.reshape(100, 5, 20), axis=2) == 0).all()


def test_by_popularity_all_lists_are_one() -> None:
    users = np.arange(1, 101)
    found = neighbours(Popularity(users), everything(100))
    assert lost(found) == pytest.approx(1 - 11 / 100)
    np.testing.assert_array_equal(found[0], np.arange(99, 89, -1))


def test_random_vectors_have_no_hubs_and_lose_nobody() -> None:
    found = neighbours(DotProducts(unit(random_vectors(1000, seed=0))), everything(1000))
    assert lost(found) < 0.005
    assert abs(skewness(found)) < 0.7
    users = np.random.default_rng(0).integers(5, 500, size=1000)
    assert popularity_ratio(found, users) == pytest.approx(1.0, abs=0.05)


def test_hubs_by_counting() -> None:
    lists = some_lists()
    counts = [int((lists == item).sum()) for item in range(len(lists))]
    np.testing.assert_array_equal(occurrences_in_lists(lists), counts)
    assert lost(lists) == counts.count(0) / len(lists)
    assert skewness(lists) == pytest.approx(skew(counts))


def test_popularity_ratio_by_a_loop() -> None:
    lists = some_lists(1)
    users = np.random.default_rng(1).integers(1, 300, size=len(lists))
    ratios = [
        gmean(users[list_[list_ >= 0]] / users[at])
        for at, list_ in enumerate(lists)
        if (list_ >= 0).any()
    ]
    assert popularity_ratio(lists, users) == pytest.approx(gmean(ratios))


def test_agreement_by_sets() -> None:
    lists = some_lists(2)
    labels = np.random.default_rng(2).random((len(lists), 4)) < 0.3  # some have none
    sets = [set(np.flatnonzero(row)) for row in labels]

    def cosine(a: set[int], b: set[int]) -> float:
        return len(a & b) / (len(a) * len(b)) ** 0.5

    of_items = []
    for at, list_ in enumerate(lists):
        found = [cosine(sets[at], sets[j]) for j in list_[list_ >= 0] if sets[at] and sets[j]]
        of_items += [np.mean(found)] if found else []
    assert agreement(lists, labels) == pytest.approx(np.mean(of_items))
    pairs = [cosine(a, b) for a, b in combinations(sets, 2) if a and b]
    assert agreement_of_any(labels) == pytest.approx(np.mean(pairs))


def test_years_by_a_loop() -> None:
    lists = some_lists(3)
    years = np.random.default_rng(3).integers(1950, 2000, size=len(lists)).astype(float)
    years[::7] = np.nan
    of_items = []
    for at, list_ in enumerate(lists):
        found = [abs(years[at] - years[j]) for j in list_[list_ >= 0]]
        found = [each for each in found if not np.isnan(each)]
        of_items += [np.mean(found)] if found else []
    assert years_apart(lists, years) == pytest.approx(np.mean(of_items))


def test_overlap_by_sets() -> None:
    lists, others = some_lists(4), some_lists(5)
    of_items = []
    for one, two in zip(lists, others, strict=True):
        a, b = set(one[one >= 0]), set(two[two >= 0])
        of_items += [len(a & b) / max(len(a), len(b))] if a or b else []
    assert overlap(lists, others) == pytest.approx(np.mean(of_items))
    assert stability([lists, others, lists]) == pytest.approx((2 * np.mean(of_items) + 1) / 3)
    assert np.isnan(stability([lists]))


def test_a_rotation_changes_no_neighbour() -> None:
    vectors = random_vectors(100, seed=6)
    rotation, _ = np.linalg.qr(random_vectors(64, seed=7))
    spaces = [DotProducts(unit(each)) for each in (vectors, vectors @ rotation)]
    assert overlap(*(neighbours(each, everything(100)) for each in spaces)) == 1.0
