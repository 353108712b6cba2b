"""Tables of any kind read into interactions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.data.delimited import BadData
from bench.data.options import ReadOptions
from bench.data.read import NoTimes, Reading, read_data
from bench.data.roles import UnclearColumns
from bench.errors import UnknownName

Read = Callable[..., Reading]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_content(content: bytes, **options: Any) -> Reading:
        path = tmp_path / "clicks.csv"
        path.write_bytes(content)
        return read_data(path, ReadOptions.of(options))

    return read_content


@pytest.mark.parametrize("separator", [",", "\t", ";", "|", "::", "~"])
@pytest.mark.parametrize("header", ["", "userId,movieId,rating,timestamp"])
def test_every_separator_is_read_with_and_without_a_header(
    read: Read, separator: str, header: str
) -> None:
    rows = ["7,30,4.5,978300760", "5,10,3,978300761", "7,10,1,978300700"]
    lines = [line.replace(",", separator) for line in ([header] if header else []) + rows]
    given = {"separator": separator} if separator == "~" else {}
    data = read("\r\n".join(lines).encode(), **given).data.interactions
    assert data.user_ids.tolist() == [5, 7]
    assert data.item_ids.tolist() == [10, 30]
    assert data.users.tolist() == [1, 0, 1]
    assert data.items.tolist() == [1, 0, 0]
    assert data.times.tolist() == [978300760, 978300761, 978300700]
    assert data.ratings is not None
    assert data.ratings.tolist() == [4.5, 3, 1]


def test_ids_with_leading_zeros_stay_text(read: Read) -> None:
    data = read(b"uid,sku,ts\n007,1,1\n7,2,2\n").data.interactions
    assert data.user_ids.tolist() == ["007", "7"]
    assert data.item_ids.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("1,2,978300760,3\n,2,978300760,3\n", "line 3: user (column 'uid') is missing"),
        ("1,2,978300760,3\n1,2,soon,3\n", "line 3: time (column 'ts') 'soon' is no time"),
        ("1,2,978300760,3\n1,2,978300760,good\n", "line 3: rating 'good' is not a number"),
        ("1,2,978300760,3\n1,2,978300760\n", "line 3: expected 4 fields, found 3"),
        ("1,2,978300760,3\n\xff,2,978300760,3\n", "line 3: byte 0xFF is not utf-8 text"),
    ],
)
def test_a_bad_value_is_named_with_file_line_and_column(read: Read, rows: str, fault: str) -> None:
    with pytest.raises(BadData) as caught:
        read(f"uid,sku,ts,rating\n{rows}".encode("latin-1"))
    assert str(caught.value).startswith(f"clicks.csv, {fault}")


def test_columns_that_are_not_clear_are_shown_with_the_flag_to_type(read: Read) -> None:
    with pytest.raises(UnclearColumns, match=r"--columns user=\.\.\.,item=\.\.\.") as caught:
        read(b"foo,bar,baz\n1,5,3\n3,6,4\n")
    assert "foo" in str(caught.value)


def test_a_column_that_is_not_there_is_said_with_the_nearest(read: Read) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'foo'"):
        read(b"foo,bar\n1,5\n3,6\n", columns="user=fo,item=bar")


def test_without_times_an_order_must_be_given(read: Read) -> None:
    with pytest.raises(NoTimes, match="--order file"):
        read(b"user,item\n1,5\n3,6\n")
    data = read(b"user,item\n1,5\n3,6\n", order="file").data.interactions
    assert np.array_equal(data.times, [0, 1])
