"""Hashes: of the same content the same, of another another, wherever the difference lies."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import some_interactions

from bench.hashing import fingerprint, key_of, of_files
from bench.interactions import Interactions

NUMBERS = st.integers(-(2**31), 2**31 - 1) | st.floats(allow_nan=False) | st.text() | st.booleans()
VALUES = st.recursive(NUMBERS | st.none(), lambda v: st.lists(v) | st.dictionaries(st.text(), v))


@given(VALUES, VALUES)
def test_what_differs_has_another_fingerprint(first: Any, second: Any) -> None:
    same = repr(first) == repr(second)  # 1, 1.0 and True are equal, and not the same
    assert (fingerprint(first) == fingerprint(second)) == same


@given(some_interactions())
def test_where_the_data_came_from_does_not_count(data: Interactions) -> None:
    assert fingerprint(replace(data, source="elsewhere")) == fingerprint(data)


@pytest.mark.parametrize("place", [0, 5_000, 9_999])
@pytest.mark.parametrize("inside", [False, True], ids=["alone", "inside"])
def test_one_entry_of_a_large_array_counts(place: int, inside: bool) -> None:
    """The printed form of such an array leaves out its middle."""
    first = np.zeros(10_000, dtype=np.int32)
    second = first.copy()
    second[place] = 1
    one, other, same = (
        {"x": [array]} if inside else array for array in (first, second, first.copy())
    )
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(same)


@given(some_interactions(users=40, items=40))
def test_the_fields_of_data_count_as_a_dictionary_too(data: Interactions) -> None:
    moved = replace(data, times=data.times + 1)
    assert (fingerprint(asdict(moved)) == fingerprint(asdict(data))) == (len(data) == 0)


def test_what_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(TypeError, match="no fingerprint of object"):
        fingerprint([object()])


@given(st.dictionaries(st.text(), NUMBERS, min_size=1))
def test_a_key_has_16_digits_and_no_order(parts: dict[str, Any]) -> None:
    assert len(key_of(parts)) == 16
    assert key_of(dict(reversed(parts.items()))) == key_of(parts)
    assert key_of(parts | {next(iter(parts)): "another value"}) != key_of(parts)


def test_names_and_contents_of_files_count(tmp_path: Path) -> None:
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.write_text("x")
    second.write_text("y")
    both = of_files([second, first], tmp_path)
    assert both == of_files([first, second], tmp_path)
    first.rename(tmp_path / "c.py")
    renamed = of_files([tmp_path / "c.py", second], tmp_path)
    second.write_text("z")
    assert len({both, renamed, of_files([tmp_path / "c.py", second], tmp_path)}) == 3
