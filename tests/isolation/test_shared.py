"""A large array is written once for all who are handed it, and taken for no other."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.interactions import Interactions
from bench.isolation import shared, transfer


def write(value: Any, path: Path) -> None:
    """As a job is written, its folder that of the path."""
    transfer.write(value, path, partial(shared.place, folder=path.parent))


def frozen(first: int) -> NDArray[np.int64]:
    """A large array that nobody may write to."""
    array = np.arange(first, first + shared.LEAST_BYTES // 8)
    array.flags.writeable = False
    return array


def shared_files(folder: Path) -> int:
    return len(list(folder.glob("shared-*")))


def test_a_large_array_is_written_once_for_all_who_are_handed_it(tmp_path: Path) -> None:
    large = frozen(0)
    for name in ("one", "other"):
        write({"large": large, "of": name}, tmp_path / name)
        found = transfer.read(tmp_path / name)
        assert found["of"] == name
        assert np.array_equal(found["large"], large)
        with pytest.raises(ValueError, match="read-only"):
            found["large"][0] = 1
    assert shared_files(tmp_path) == 1


def test_interactions_with_the_same_arrays_share_them(tmp_path: Path) -> None:
    n = shared.LEAST_BYTES // 4
    data = Interactions(
        users=np.arange(n, dtype=np.int32), items=np.zeros(n, np.int32), times=np.arange(n),
        n_users=n, n_items=1,
    )  # fmt: skip
    write(data, tmp_path / "data")
    written = shared_files(tmp_path)
    write(replace(data, source="another"), tmp_path / "another")
    assert shared_files(tmp_path) == written == 4  # users, items, times, ids of users
    found = transfer.read(tmp_path / "another")
    assert (found.source, found.users.tolist()) == ("another", data.users.tolist())


@pytest.mark.parametrize("kind", ["may change", "small", "of two axes"])
def test_other_arrays_are_of_one_value_alone(tmp_path: Path, kind: str) -> None:
    array = frozen(0)
    if kind == "may change":
        array.flags.writeable = True
    array = {"small": array[:-1], "of two axes": array.reshape(2, -1)}.get(kind, array)
    for number in range(2):
        write(array, tmp_path / "value")
        assert np.array_equal(transfer.read(tmp_path / "value"), array)
        if kind == "may change":
            array[0] = number + 7
    assert shared_files(tmp_path) == 0


def test_parts_of_an_array_are_not_taken_for_each_other(tmp_path: Path) -> None:
    both = np.concatenate([frozen(0), frozen(5)])
    both.flags.writeable = False
    for part in (both[: len(both) // 2], both[len(both) // 2 :], both):
        write(part, tmp_path / "part")
        assert np.array_equal(transfer.read(tmp_path / "part"), part)


def test_an_array_in_the_place_of_one_that_is_gone_is_not_taken_for_it(tmp_path: Path) -> None:
    for first in range(20):  # numpy puts each where the one before was
        array = frozen(first)
        write(array, tmp_path / "value")
        del array
        assert transfer.read(tmp_path / "value")[0] == first


def test_a_file_that_is_gone_is_written_again(tmp_path: Path) -> None:
    array = frozen(3)
    for _ in range(2):
        write(array, tmp_path / "value")
        assert transfer.read(tmp_path / "value")[0] == 3
        (path,) = tmp_path.glob("shared-*")
        path.unlink()
