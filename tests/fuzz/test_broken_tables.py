"""Tables of one's own with anything wrong with them: read as Python reads them, or one line."""

import csv
import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from broken_files import TOKENS, of_a_field, of_bytes
from data_files import RATED
from fuzzing import budget, fuzz
from hypothesis import strategies as st
from pyarrow import feather, parquet

from bench.data.options import ReadOptions
from bench.data.read import Reading, read_data
from bench.data.table import MISSING
from bench.errors import Problem, UsageError

MOST = 600  # characters of an error in one line
COLUMNS = ("user", "item", "rating", "ts")
Row = tuple[str, str, Decimal, np.float32]


def body(separator: str) -> bytes:
    return "".join(separator.join(map(str, row)) + "\n" for row in RATED).encode()


def read(path: Path, **options: Any) -> Reading | str:
    """What was read, or the one line that says why not."""
    try:
        return read_data(path, ReadOptions.of(options))
    except UsageError as error:  # a header that is not clear is shown in several lines
        return str(error)
    except Problem as error:
        line = str(error)
        assert line.isprintable(), line
        assert len(line) < MOST, line
        assert path.name in line, line
        return line


def rows_of(reading: Reading, decimals: int) -> list[Row]:
    """The rows as they were read; times in units of the file."""
    data = reading.data.interactions
    assert data.ratings is not None
    assert np.isfinite(data.ratings).all()
    ticks = Decimal(10) ** decimals
    return [
        (str(data.user_ids[u]), str(data.item_ids[i]), Decimal(int(t)) / ticks, np.float32(r))
        for u, i, t, r in zip(data.users, data.items, data.times, data.ratings, strict=True)
    ]


def by_python(content: bytes, separator: str) -> list[Row] | None:
    """The rows as the csv module has them; None where something in them is wrong."""
    try:
        text = content.decode()
        lines = list(
            csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=separator)
        )
        rows = []
        for fields in lines[1:]:
            if fields:
                user, item, rating, time = fields
                if any(re.search(r"[\r\n]", field) for field in (user, item)):
                    return None
                if any(field in MISSING or not field.strip() for field in fields):
                    return None
                rows.append((user, item, Decimal(time.strip()), np.float32(rating.strip())))
    except (UnicodeDecodeError, ValueError, csv.Error, InvalidOperation):
        return None
    return rows


def plain(ids: list[str]) -> list[str]:
    """Ids as they are told: "7.0" of a column of such is 7."""
    if all(re.fullmatch(r"(0|-?[1-9][0-9]{0,15})\.0", entry) for entry in ids):
        return [entry.removesuffix(".0") for entry in ids]
    return ids


@budget(short=400, long=10_000)
def test_delimited_text(cases: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "cache"))
    path = tmp_path / "clicks.csv"

    def check(case: tuple[str, bytes]) -> None:
        separator, content = case
        whole = separator.join(COLUMNS).encode() + b"\n" + content
        path.write_bytes(whole)
        found = read(path, separator=separator, columns="time=ts")
        if isinstance(found, str):
            return
        expected = by_python(whole, separator)
        assert expected is not None, found.lines()
        finest = max([0, *(-int(row[2].normalize().as_tuple().exponent) for row in expected)])
        got = rows_of(found, next(k for k in (0, 3, 6, 9) if k >= finest))
        for k in (0, 1):
            assert [row[k] for row in got] == plain([row[k] for row in expected])
        for k in (2, 3):
            assert [row[k] for row in got] == [row[k] for row in expected]

    def changed(separator: str) -> st.SearchStrategy[tuple[str, bytes]]:
        content = body(separator)
        broken = st.one_of(of_bytes(content), of_a_field(content, separator.encode()))
        return st.tuples(st.just(separator), broken)

    fuzz(st.sampled_from([",", "\t", ";", "|"]).flatmap(changed), check, cases)


def json_lines(table: pa.Table) -> bytes:
    return "".join(json.dumps(row, default=str) + "\n" for row in table.to_pylist()).encode()


def parquet_bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(table, sink, row_group_size=7)
    return sink.getvalue()


def feather_bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    feather.write_feather(table, sink, compression="uncompressed", chunksize=7)
    return sink.getvalue()


def zipped(content: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("clicks.csv", content)
    return sink.getvalue()


GOOD = pa.table({name: [row[k] for row in RATED] for k, name in enumerate(COLUMNS)})
PACKED: dict[str, bytes] = {
    "json": json_lines(GOOD),
    "escaped json": json_lines(GOOD).replace(b'"user": 3', b'"user": "\\ud83c\\udfb2"'),
    "parquet": parquet_bytes(GOOD),
    "feather": feather_bytes(GOOD),
    "gz": gzip.compress(body("\t")),
    "zip": zipped(body("\t")),
    "zst": pa.Codec("zstd").compress(body("\t"), asbytes=True),
    "double colon": body("::"),
    "utf-16": body(",").decode().encode("utf-16"),
    "shift_jis": body("::").replace(b"1::", b"\x83\x41::"),
    "adjacency": b"".join(b"%d 1 2 3%s\n" % (u, b" 4" * (u % 3)) for u in range(9)),
    "atomic": b"user:token\titem:token\trating:float\tts:float\n" + body("\t"),
}


@budget(short=400, long=10_000)
def test_other_formats(cases: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "cache"))

    def check(case: tuple[str, bytes]) -> None:
        kind, content = case
        path = tmp_path / f"clicks.{'inter' if kind == 'atomic' else 'bin'}"
        path.write_bytes(content)
        options = {"encoding": kind} if kind in ("utf-16", "shift_jis") else {}
        if kind in ("json", "escaped json", "parquet", "feather", "atomic"):
            options["columns"] = "time=ts"
        for order in (None, "file"):
            found = read(path, order=order, **options)
            if not isinstance(found, str):
                data = found.data.interactions
                assert len(data) > 0
                assert data.times.min() >= 0
                assert len(np.unique(data.users)) == data.n_users
                assert len(np.unique(data.items)) == data.n_items
                assert data.ratings is None or np.isfinite(data.ratings).all()

    def changed(kind: str) -> st.SearchStrategy[tuple[str, bytes]]:
        return st.tuples(st.just(kind), of_bytes(PACKED[kind]))

    fuzz(st.sampled_from(sorted(PACKED)).flatmap(changed), check, cases)


VALUES: list[Any] = [
    *(None, 0, 1, -1, 7, 2**40, 1.5, float("nan"), float("inf"), True, "", " ", "x", "007", "7"),
    *("2020-01-01", "2020-01-01T10:00:00Z", "978300760", "978300760.5", b"\xff", [1], {"a": 1}),
    *(np.datetime64("2020-01-01T10:00:00", "ns"), Decimal("1.5")),
]


@budget(short=400, long=10_000)
def test_tables_in_memory(cases: int) -> None:
    """Columns of any type: read with every row, or refused in one line."""

    def check(columns: list[list[Any]]) -> None:
        arrays = []
        for values in columns:
            try:
                arrays.append(pa.array(values))
            except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError):
                return  # no such table can be
        table = pa.table(dict(zip(COLUMNS, arrays, strict=True)))
        try:
            found = read_data(table, ReadOptions.of({"columns": "time=ts"}))
        except (UsageError, Problem) as error:
            assert str(error).partition("\n")[0].isprintable()
            return
        data = found.data.interactions
        assert len(data) == len(table)
        for ids, codes, values in (
            (data.user_ids, data.users, columns[0]),
            (data.item_ids, data.items, columns[1]),
        ):
            alike = {
                (str(ids[code]), str(value)) for code, value in zip(codes, values, strict=True)
            }
            assert len(alike) == len(ids)

    value = st.sampled_from(VALUES)
    column = st.one_of(
        st.lists(value, min_size=2, max_size=2),
        st.lists(st.integers(0, 5), min_size=2, max_size=2),
        st.lists(st.sampled_from(["a", "b"]), min_size=2, max_size=2),
    )
    fuzz(st.lists(column, min_size=4, max_size=4), check, cases)


def unlike(table: pa.Table) -> list[Callable[[], pa.Table]]:
    """The table with a schema of another part's kind."""
    return [
        lambda: table.drop_columns(["ts"]),
        lambda: table.append_column("more", table["ts"]),
        lambda: table.rename_columns(["USER", "item", "rating", "ts"]),
        lambda: table.set_column(0, "user", table["user"].cast(pa.string())),
        lambda: table.set_column(3, "ts", table["ts"].cast(pa.timestamp("s"))),
        lambda: table.set_column(3, "ts", pa.nulls(len(table), pa.int64())),
        lambda: table.set_column(2, "rating", pa.array(["good"] * len(table))),
        lambda: table.select(["ts", "item", "user", "rating"]),
        lambda: table.slice(0, 0),
    ]


@pytest.mark.parametrize("writer", [parquet_bytes, feather_bytes, json_lines])
@pytest.mark.parametrize("number", range(9))
def test_parts_with_different_schemas(
    number: int,
    writer: Callable[[pa.Table], bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "clicks"
    folder.mkdir()
    other = unlike(GOOD)[number]()
    (folder / "part-1").write_bytes(writer(GOOD))
    (folder / "part-2").write_bytes(writer(other))
    try:
        found = read_data(folder, ReadOptions.of({"columns": "time=ts"}))
    except Problem as error:
        assert re.match(r"part-2(, (row|line) \d+)?: ", str(error)), error
        assert "\n" not in str(error)
        assert number not in (3, 7, 8)
    else:
        assert number in (3, 7, 8)  # ids as numbers and as text are one column of ids
        assert len(found.data.interactions) == len(GOOD) + len(other)


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: repr(token[:12]))
@pytest.mark.parametrize("column", range(4))
def test_any_field_may_be_odd(
    token: bytes, column: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the last of many lines, where nothing is seen of it beforehand."""
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "cache"))
    path = tmp_path / "clicks.csv"
    fields = [b"1", b"2", b"3", b"900000000"]
    fields[column] = token
    path.write_bytes(b"user,item,rating,ts\n" + body(",") * 40 + b",".join(fields) + b"\n")
    found = read(path)
    if isinstance(found, str) and "\n" not in found:
        # A line end, in a field or instead of one, begins another line.
        lines = [1 + 40 * len(RATED) + k for k in (1, 2)]
        assert any(f"clicks.csv, line {line}: " in found for line in lines), found
