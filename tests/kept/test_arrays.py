"""Arrays come back from a file as they were, to the bit and to their order in memory."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bench.kept.arrays import read_arrays, write_arrays
from bench.kept.manifest import Damaged

TYPES = ["<f4", "<f8", "<i4", "<i8", "|b1", "|u1"]


@given(
    st.lists(
        st.sampled_from(TYPES).flatmap(
            lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=0, min_side=0))
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_they_come_back(tmp_path_factory: Any, given: list[Any], by_column: bool) -> None:
    path = tmp_path_factory.mktemp("arrays") / "file"
    order: Any = "F" if by_column else "C"
    before = {f"array {j}": np.asarray(each, order=order) for j, each in enumerate(given)}
    write_arrays(before, path)
    after = read_arrays(path)
    assert before.keys() == after.keys()
    for name, one in before.items():
        other = after[name]
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.tobytes() == other.tobytes()
        assert one.flags.c_contiguous == other.flags.c_contiguous
        assert one.flags.f_contiguous == other.flags.f_contiguous
        assert other.flags.writeable


@pytest.mark.parametrize("content", [b"", b"no such file", b"\xff" * 100, b"\x80\x04N."])
def test_what_is_no_such_file_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Damaged, match="file"):
        read_arrays(tmp_path / "file")


@pytest.mark.parametrize("value", [[1, 2], "text", np.array(["text"]), np.array([None])])
def test_only_numbers_are_written(tmp_path: Path, value: Any) -> None:
    with pytest.raises(TypeError, match="'a' must be an array of numbers"):
        write_arrays({"a": value}, tmp_path / "file")
