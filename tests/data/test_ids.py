"""The numbers that users and items get for their ids."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data.delimited import BadData
from bench.data.ids import MOST_IDS, numbered, positions


@given(st.lists(st.integers(0, 60) | st.integers(0, MOST_IDS - 1), min_size=1))
def test_numbered_as_unique_does(ids):
    known, places = numbered(np.array(ids, dtype=np.int64), "user", "ratings.csv")
    expected, inverse = np.unique(ids, return_inverse=True)
    np.testing.assert_array_equal(known, expected)
    np.testing.assert_array_equal(places, inverse)
    assert (known.dtype, places.dtype) == (np.int64, np.int32)


@pytest.mark.parametrize("stranger", [-1, MOST_IDS])
def test_an_id_out_of_bounds_is_named(stranger):
    with pytest.raises(
        BadData, match=rf"^u.data: item {stranger} is no id; they lie in 0..9999999$"
    ):
        numbered(np.array([3, stranger]), "item", "u.data")


@given(st.lists(st.integers(-5, 60), min_size=1), st.sets(st.integers(-5, 60), min_size=1))
def test_positions_are_those_in_the_list_of_ids(ids, known):
    listed = np.array(sorted(known))
    if strangers := [id_ for id_ in ids if id_ not in known]:
        with pytest.raises(
            BadData, match=f"u.data: user {strangers[0]} is not in the list of users"
        ):
            positions(np.array(ids), listed, "user", "u.data")
    else:
        found = positions(np.array(ids), listed, "user", "u.data")
        assert found.dtype == np.int32
        assert listed[found].tolist() == ids
