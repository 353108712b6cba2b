"""Interactions check what they are given, and cannot be changed, in another process neither."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, some_interactions

from bench.interactions import Interactions, occurrences
from bench.protocol.task import prepare
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


def of(**given: object) -> Interactions:
    """One user with three items, whose columns may be given otherwise."""
    columns = {"users": [0, 0, 0], "items": [0, 1, 2], "times": [3, 1, 2]}
    return Interactions(**columns | {"n_users": 1, "n_items": 3} | given)  # type: ignore[arg-type]


WHOLE = ["int8", "int16", "int32", "int64", "uint8", "uint64", "float32", "float64"]
MOMENTS = [f"datetime64[{unit}]" for unit in ("D", "s", "ms", "us", "ns")]


@pytest.mark.parametrize("kind", [*WHOLE, *MOMENTS])
@given(order=st.permutations([1, 2, 3]))
def test_times_of_any_type_keep_their_order(kind: str, order: list[int]) -> None:
    times = np.array(order, "int64").astype(kind)
    given_as = [times, pd.Series(times), *([list(order)] if kind in WHOLE else [])]
    for each in given_as:
        data = of(times=each)
        assert data.times.dtype == np.int64
        assert prepare(data, "loo-99").cases.held_out.tolist() == [order.index(3)]


@pytest.mark.parametrize("name", ["users", "items"])
@pytest.mark.parametrize("kind", WHOLE)
def test_ids_of_any_whole_type_become_32_bits(name: str, kind: str) -> None:
    ids = np.array([0, 0, 0] if name == "users" else [2, 0, 1]).astype(kind)
    for each in (ids, ids.tolist(), pd.Series(ids)):
        found = getattr(of(**{name: each}), name)
        assert found.dtype == np.int32
        assert found.tolist() == ids.tolist()


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("times", [0.2, 0.9, 0.5], "times must be whole numbers.*not 0.2"),
        ("times", [1.0, np.nan, 2.0], "times must be whole numbers.*not nan"),
        ("times", [1.0, 1e300, 2.0], "times must be whole numbers.*not 1e"),
        ("times", ["a", "b", "c"], "times must be whole numbers.*'a'"),
        ("times", np.array(["2020-01-01", "NaT", "2020-01-02"], "datetime64[s]"), "missing"),
        ("times", np.array([1, 2**63, 2], "uint64"), "below 2"),
        ("users", [0, 0, 0.5], "users must be whole numbers, not 0.5"),
        ("items", ["x", "y", "z"], "items must be whole numbers, not .*'x'"),
        ("items", np.array([0, 1, 2**40]), "items must lie in 0..2"),
        ("users", [True, False, True], "users must be whole numbers, not bool"),
        ("ratings", ["a", "b", "c"], "ratings must be numbers, not <U1, as .*'a'"),
        ("ratings", [[5], [4], [3]], r"ratings must be one column, .*\(3, 1\)"),
        ("n_users", "1", "n_users must be a whole number below 2.31, not '1'"),
        ("n_items", 3.0, "n_items must be a whole number below 2.31, not 3.0"),
        ("n_items", 2**31, "n_items must be a whole number below 2.31, not 2147483648"),
        ("times", [[1], [3], [2]], r"times must be one column, not an array of shape \(3, 1\)"),
        ("items", np.zeros((3, 2), "int64"), r"items must be one column, .*\(3, 2\)"),
        ("times", np.ma.array([1, 3, 2], mask=[0, 1, 0]), r"missing in times \(masked\)"),
        ("times", np.array([0.25, 0.75, 0.5], "float16"), "times must be whole numbers.*not 0.25"),
    ],
)
def test_what_would_lose_its_order_is_refused_by_name(name: str, values: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        of(**{name: values})


@pytest.mark.parametrize(
    "missing", [[5, None, 3], [5, np.nan, 3], np.ma.array([5, 4, 3], mask=[0, 1, 0])]
)
def test_a_rating_that_is_missing_is_no_number(missing: object) -> None:
    np.testing.assert_array_equal(of(ratings=missing).ratings, [5, np.nan, 3])


@pytest.mark.parametrize(
    ("fractions", "unit"), [((0, 0, 0), "s"), ((2, 9, 5), "ms"), ((2_000, 9_001, 5), "us")]
)
@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_timestamps_of_a_frame_keep_their_order_within_a_second(
    fractions: tuple[int, ...], unit: str, zone: str | None
) -> None:
    times = np.datetime64("2020-01-01", "ns") + np.array([0, 0, 0], "timedelta64[ns]")
    times = times + np.array(fractions, f"timedelta64[{unit}]")
    column = pd.Series(times).dt.tz_localize("UTC").dt.tz_convert(zone)
    frame = pd.DataFrame({"user": [0, 0, 0], "item": list("abc"), "time": column})
    data = Interactions.from_frame(frame)
    np.testing.assert_array_equal(data.times, times.astype(f"datetime64[{unit}]").view("int64"))
    np.testing.assert_array_equal(data.times, of(times=times).times)  # as without a frame
    last = sorted((0, 1, 2), key=times.__getitem__)[-1]
    assert prepare(data, "loo-99").cases.held_out.tolist() == [last]


@pytest.mark.parametrize("name", ["user", "time"])
def test_what_a_frame_has_beyond_64_bits_is_refused_by_name(name: str) -> None:
    wide = {name: np.array([2**63, 5, 2**63 + 2], "uint64")}
    frame = pd.DataFrame({"user": [0, 0, 0], "item": [0, 1, 2], "time": [1, 2, 3]} | wide)
    with pytest.raises(ValueError, match=rf"^{name}s? must be below 2\^63, not 92233720368547758"):
        Interactions.from_frame(frame)


@pytest.mark.parametrize("unit", ["Y", "D", "s", "ms", "us", "ns"])
def test_the_audit_says_no_other_year_than_the_data(unit: str) -> None:
    times = np.array(["2001", "2003", "2002"], f"datetime64[{unit}]")
    found = prepare(of(times=times), "loo-99").audit
    said = {found["first_time"], found["last_time"]}
    assert said == {"2001-01-01T00:00:00", "2003-01-01T00:00:00"}
    if unit in ("ms", "us", "ns"):
        finer = times + np.timedelta64(1, unit)
        assert prepare(of(times=finer), "loo-99").audit["last_time"] is None
