"""Interactions check what they are given, and cannot be changed, in another process neither."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from made import interactions, some_interactions

from bench.interactions import Interactions, occurrences
from bench.registry.models import load_module


@given(some_interactions())
def test_pickled_arrays_are_equal_and_still_read_only(data: Interactions) -> None:
    again = pickle.loads(pickle.dumps(data))
    for name in ("users", "items", "times", "user_ids", "item_ids"):
        np.testing.assert_array_equal(getattr(again, name), getattr(data, name))
        assert not getattr(again, name).flags.writeable


def test_pickled_features_are_still_read_only() -> None:
    data = load_module("datasets", "synthetic").load()
    again = pickle.loads(pickle.dumps(data))
    for features in (again.user_features, again.item_features):
        for name in ("categorical", "multi_hot", "dense"):
            assert not getattr(features, name).flags.writeable


@pytest.mark.parametrize(
    ("rows", "sizes", "message"),
    [
        ([(0, 5, 1)], (1, 5), r"items must lie in 0\.\.4, not 5\.\.5"),
        ([(-1, 0, 1)], (1, 1), r"users must lie in 0\.\.0, not -1\.\.-1"),
    ],
)
def test_ids_outside_the_catalogue_are_refused(
    rows: list[tuple[int, int, int]], sizes: tuple[int, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        interactions(rows, *sizes)


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        interactions([(0, 0, 1)], ratings=np.ones(2, dtype=np.float32))
    with pytest.raises(ValueError, match="item_ids must name 1, not 2"):
        interactions([(0, 0, 1)], item_ids=np.arange(2))


def test_a_dense_feature_is_a_number_or_missing() -> None:
    features = load_module("datasets", "synthetic").load(n_users=9).user_features
    with pytest.raises(ValueError, match="finite, or NaN where they are missing"):
        replace(features, dense=np.full_like(features.dense, -np.inf))
    replace(features, dense=np.full_like(features.dense, np.nan))


def test_the_matrix_has_a_one_for_each_pair() -> None:
    matrix = interactions([(0, 1, 1), (0, 1, 2), (1, 0, 3)], 2, 3).matrix()
    assert matrix.toarray().tolist() == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize("part", [1, 3, 100])
def test_occurrences_are_counted_in_parts(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.interactions.PART", part)
    assert occurrences(np.array([3, 0, 3, 1], dtype=np.int32), 5).tolist() == [1, 1, 0, 2, 0]
    assert occurrences(np.empty(0, dtype=np.int32), 2).tolist() == [0, 0]
