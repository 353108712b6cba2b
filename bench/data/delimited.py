"""Delimited text read into arrays: fast when it is well formed, exact about the fault when not."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bench.errors import Problem
from bench.text import quoted

Kind = Literal["integer", "number", "time", "text"]
Table = dict[str, NDArray[Any]]

# As seconds this is the year 5138, as milliseconds the year 1973: a larger time is milliseconds.
LATEST_SECONDS = 10**11
SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "'|'", "::": "'::'"}
WHOLE_NUMBER = re.compile(r"\s*([+-]?[0-9]+)(?:\.0*)?\s*")
NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
# What a table of plain numbers consists of. Anything else (NaN, quotes, a header, hexadecimal) is
# left to the slow path, so that both paths accept the same files.
NUMERIC_BYTES = b"0123456789+-.eE \r\n"
PART = 1 << 22  # bytes that are looked at, and parsed, at a time


class BadData(Problem, ValueError):
    """A file whose content cannot be used; one line that names file, line and value."""


def read_columns(
    data: bytes,
    *,
    name: str,
    separator: str,
    columns: Mapping[str, Kind],
    header: str | None = None,
    encoding: str = "utf-8",
) -> Table:
    r"""Read a delimited file. Fields are never quoted; blank lines, CRLF and a BOM are tolerated.

    Args:
        data: the whole file.
        name: the file's name, for the messages.
        separator: what stands between two fields; may be longer than one character.
        columns: what each field of a line holds, in the file's order:
            "integer" int64 [n]; "number" float32 [n], finite;
            "time" int64 [n], seconds since 1970, never negative; "text" object [n] of str.
        header: the first line, if the file has one, as "user_id\titem_id".
        encoding: of the text; "latin-1" for the older MovieLens files.

    Raises:
        BadData: empty, no or another header, a wrong separator, a field missing, too many or not
            of its kind, a time in milliseconds, or bytes that are not text in that encoding.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data or data.isspace():
        raise BadData(f"{name}: the file is empty")
    table = None
    if "text" not in columns.values():
        end = data.find(b"\n") + 1 or len(data)
        if header is None:
            table = _read_numbers(data, 0, separator, columns)
        elif data[:end].removesuffix(b"\n").removesuffix(b"\r") == header.encode():
            table = _read_numbers(data, end, separator, columns)
    return _read_lines(data, name, separator, columns, header, encoding) if table is None else table


def _read_numbers(
    data: bytes, start: int, separator: str, columns: Mapping[str, Kind]
) -> Table | None:
    """A table of plain numbers from `start` on, or None where anything is unusual.

    Nothing of the size of the file is held beside it and the table.
    """
    if len(separator) > 1:
        if b"\t" in data:
            return None
        data, start, separator = data[start:].replace(separator.encode(), b"\t"), 0, "\t"
    plain = NUMERIC_BYTES + separator.encode()
    parts = (data[first : first + PART] for first in range(start, len(data), PART))
    if any(part.translate(None, plain) for part in parts):
        return None
    if b"\r" in data and data.count(b"\r", start) != data.count(b"\r\n", start):
        return None

    import pyarrow as pa  # takes 0.1 s, and `bench list` has no use for it
    from pyarrow import csv

    types = {"integer": pa.int64(), "number": pa.float32(), "time": pa.int64()}
    most = data.count(b"\n", start) + 1  # blank lines are none
    table = {column: np.empty(most, dtype=DTYPES[kind]) for column, kind in columns.items()}
    rows = 0
    try:
        while start < len(data):
            end = data.find(b"\n", start + PART) + 1 or len(data)
            # In memory of pyarrow's own: its threads may outlive what they read, and one that gives
            # memory of Python back while the process ends aborts it.
            part = pa.allocate_buffer(end - start)
            memoryview(part).cast("B")[:] = memoryview(data)[start:end]
            start = end
            batch = csv.read_csv(
                part,
                read_options=csv.ReadOptions(column_names=list(columns), use_threads=False),
                parse_options=csv.ParseOptions(delimiter=separator, quote_char=False),
                convert_options=csv.ConvertOptions(
                    column_types={column: types[kind] for column, kind in columns.items()},
                    null_values=[],
                ),
            )
            for (column, kind), values in zip(columns.items(), batch.columns, strict=True):
                given = values.to_numpy()
                if kind == "time" and not np.all((given >= 0) & (given < LATEST_SECONDS)):
                    return None
                if kind == "number" and not np.all(np.isfinite(given)):
                    return None
                table[column][rows : rows + len(given)] = given
            rows += batch.num_rows
    except pa.ArrowInvalid:
        return None
    return {column: values[:rows] for column, values in table.items()} if rows else None


def _read_lines(
    data: bytes,
    name: str,
    separator: str,
    columns: Mapping[str, Kind],
    header: str | None,
    encoding: str,
) -> Table:
    """Line by line: slow, and able to say what is wrong where."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        bad_line = data.count(b"\n", 0, error.start) + 1
        raise BadData(
            f"{name}, line {bad_line}: byte 0x{data[error.start]:02X} is not {encoding} text"
        ) from None
    # Not splitlines(), which also splits at characters that latin-1 titles may hold.
    lines = enumerate((line.removesuffix("\r") for line in text.split("\n")), start=1)
    if header is not None:
        first = next(lines)[1]
        if first != header:
            raise BadData(f"{name}, line 1: expected the header {header!r}, not {quoted(first)}")

    parsers = [PARSERS[kind] for kind in columns.values()]
    values: list[list[Any]] = [[] for _ in columns]
    for number, line in lines:
        if not line.strip(" "):  # but a line of separators alone lacks all its fields
            continue
        fields = line.split(separator)
        if len(fields) != len(columns):
            fault = _wrong_number_of_fields(line, fields, separator, len(columns))
            raise BadData(f"{name}, line {number}: {fault}")
        for column, parse, target, field in zip(columns, parsers, values, fields, strict=True):
            try:
                target.append(parse(field))
            except ValueError as error:
                fault = f"{column} {quoted(field)} {error}"
                if number == 1 and header is None and not re.search("[0-9]", line):
                    fault += " (a header? This file should have none)"
                raise BadData(f"{name}, line {number}: {fault}") from None
    if not values[0]:
        raise BadData(f"{name}: no lines after the header")
    return {
        column: np.array(column_values, dtype=DTYPES[kind])
        for (column, kind), column_values in zip(columns.items(), values, strict=True)
    }


def _wrong_number_of_fields(line: str, fields: list[str], separator: str, expected: int) -> str:
    named = SEPARATORS.get(separator, repr(separator))
    found = f"{len(fields)} in {quoted(line)}"
    fault = f"expected {expected} fields separated by {named}, found {found}"
    for other, other_named in SEPARATORS.items():
        if other != separator and len(line.split(other)) == expected:
            return f"{fault}; it looks separated by {other_named}"
    return fault


def _integer(field: str) -> int:
    match = WHOLE_NUMBER.fullmatch(field)
    if match is None:
        raise ValueError("is missing" if not field.strip() else "is not a whole number")
    # The length first: int() of very many digits is slow, and refused by Python.
    if len(match[1]) > 30 or not -(2**63) <= int(match[1]) < 2**63:
        raise ValueError("does not fit into 64 bits")
    return int(match[1])


def _number(field: str) -> float:
    if not field.strip():
        raise ValueError("is missing")
    if NUMBER.fullmatch(field) is None:
        raise ValueError("is not a finite number")
    value = float(field)
    if math.isinf(value) or abs(value) > float(np.finfo(np.float32).max):
        raise ValueError("is too large")
    return value


def _time(field: str) -> int:
    value = _integer(field)
    if value < 0:
        raise ValueError("is negative; times are seconds since 1970")
    if value >= LATEST_SECONDS:
        raise ValueError("looks like milliseconds; times are seconds since 1970")
    return value


PARSERS: dict[Kind, Callable[[str], Any]] = {
    "integer": _integer,
    "number": _number,
    "time": _time,
    "text": str,
}
DTYPES: dict[Kind, Any] = {
    "integer": np.int64,
    "number": np.float32,
    "time": np.int64,
    "text": object,
}
