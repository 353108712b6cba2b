"""Delimited text read into arrays: by pyarrow when well formed, exact about the fault when not."""

import csv
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.fetch import warn
from bench.data.fields import DTYPES, LATEST_SECONDS, PARSERS, Kind
from bench.errors import Problem
from bench.text import quoted

Table = dict[str, NDArray[Any]]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "'|'", "::": "'::'"}
# What a table of plain numbers consists of. Anything else (NaN, quotes, a header, hexadecimal) is
# left to the slow path, so that both paths accept the same files.
NUMERIC_BYTES = b"0123456789+-.eE \r\n"
UNENDED = "the last line has no line end; if the file was cut off, its last value is wrong"
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
    quotes: bool = False,
) -> Table:
    r"""Read a delimited file. Blank lines, CRLF and a BOM are tolerated.

    pyarrow reads what is well formed. Where it refuses, or would read otherwise than we do, the
    file is read again line by line: pyarrow's errors count rows instead of lines and do not name
    every fault, and it has no "+5" and no "5.0" for a whole number.

    Args:
        data: the whole file.
        name: the file's name, for the messages.
        separator: what stands between two fields; may be longer than one character.
        columns: what each field of a line holds, in the file's order:
            "integer" int64 [n]; "number" float32 [n], finite;
            "time" int64 [n], seconds since 1970, never negative; "text" object [n] of str.
        header: the first line, if the file has one, as "user_id\titem_id".
        encoding: of the text; "latin-1" for the older MovieLens files.
        quotes: a field may stand in double quotes, as in CSV, and then hold the separator, but no
            line end. Without it a quote is a character like any other.

    Raises:
        BadData: empty, no or another header, a wrong separator, a field missing, too many or not
            of its kind, a quote that is not closed, a time in milliseconds, or bytes that are not
            text in that encoding.
    """
    data = data.removeprefix(BYTE_ORDER_MARK)
    if not data or data.isspace():
        raise BadData(f"{name}: the file is empty")
    if not _is_ended(data):
        warn(f"{name}: {UNENDED}")
    table, start = None, 0
    if header is not None:
        start = data.find(b"\n") + 1 or len(data)
    if header is None or _without_end(data[:start]) == header.encode():
        table = _read_well_formed(data, start, separator, columns, encoding, quotes)
    if table is None:
        table = _read_lines(data, name, separator, columns, header, encoding, quotes)
    return table


def refuse_cut_off(data: bytes, name: str) -> None:
    """Refuse a file that differs from the publisher's, where its last line has no end.

    For files of which the checksum is known: theirs all end with a line end.

    Raises:
        BadData: it was cut off, maybe inside its last number, which then is another.
    """
    if not _is_ended(data):
        raise BadData(
            f"{name}: not the publisher's file, by its checksum, and the last line has no line "
            "end: it was cut off, so fetch it again"
        )


def _is_ended(data: bytes) -> bool:
    return data.endswith((b"\n", b"\r"))


def _without_end(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")


def _read_well_formed(
    data: bytes,
    start: int,
    separator: str,
    columns: Mapping[str, Kind],
    encoding: str,
    quotes: bool,
) -> Table | None:
    """The table from `start` on, or None where anything is unusual.

    For plain numbers nothing of the size of the file is held beside it and the table.
    """
    if encoding == "latin-1":
        data, start = data[start:].decode(encoding).encode(), 0
    if len(separator) > 1:
        if b"\t" in data:
            return None
        data, start, separator = data[start:].replace(separator.encode(), b"\t"), 0, "\t"
    if _is_unusual(data, start, separator, columns):
        return None

    import pyarrow as pa  # takes 0.1 s, and `bench list` has no use for it
    from pyarrow import csv as arrow_csv

    types = {
        "integer": pa.int64(),
        "number": pa.float32(),
        "time": pa.int64(),
        "text": pa.string(),
    }
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
            batch = arrow_csv.read_csv(
                part,
                read_options=arrow_csv.ReadOptions(column_names=list(columns), use_threads=False),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=separator, quote_char='"' if quotes else False
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types={column: types[kind] for column, kind in columns.items()},
                    null_values=[],
                ),
            )
            for (column, kind), values in zip(columns.items(), batch.columns, strict=True):
                given = values.to_numpy()
                if not _has_usual_values(given, kind):
                    return None
                table[column][rows : rows + len(given)] = given
            rows += batch.num_rows
    except pa.ArrowInvalid:
        return None
    return {column: values[:rows] for column, values in table.items()} if rows else None


def _is_unusual(data: bytes, start: int, separator: str, columns: Mapping[str, Kind]) -> bool:
    """Whether there are bytes that pyarrow would read otherwise than `_read_lines` does."""
    if "text" in columns.values():
        # Hexadecimal numbers, which pyarrow takes, and a byte order mark, which it drops.
        if any(bytes_ in data for bytes_ in (b"0x", b"0X", BYTE_ORDER_MARK)):
            return True
    else:
        plain = NUMERIC_BYTES + separator.encode()
        parts = (data[first : first + PART] for first in range(start, len(data), PART))
        if any(part.translate(None, plain) for part in parts):
            return True
    return b"\r" in data and data.count(b"\r", start) != data.count(b"\r\n", start)


def _has_usual_values(values: NDArray[Any], kind: Kind) -> bool:
    match kind:
        case "time":
            return bool(np.all((values >= 0) & (values < LATEST_SECONDS)))
        case "number":
            return bool(np.all(np.isfinite(values)))
        case "text":  # a quote that is not closed takes the next lines in
            return not any("\n" in value for value in values)
    return True


def _read_lines(
    data: bytes,
    name: str,
    separator: str,
    columns: Mapping[str, Kind],
    header: str | None,
    encoding: str,
    quotes: bool,
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
        try:
            fields = _split(line, separator) if quotes else line.split(separator)
        except (ValueError, csv.Error) as error:
            raise BadData(f"{name}, line {number}: {error}") from None
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


def _split(line: str, separator: str) -> list[str]:
    """The fields of a line, some in quotes. Raises ValueError where a quote is not closed."""
    (fields,) = csv.reader([f"{line}\n"], delimiter=separator)
    if fields and fields[-1].endswith("\n"):
        raise ValueError("a quote is not closed")
    return fields


def _wrong_number_of_fields(line: str, fields: list[str], separator: str, expected: int) -> str:
    named = SEPARATORS.get(separator, repr(separator))
    found = f"{len(fields)} in {quoted(line)}"
    fault = f"expected {expected} fields separated by {named}, found {found}"
    for other, other_named in SEPARATORS.items():
        if other != separator and len(line.split(other)) == expected:
            return f"{fault}; it looks separated by {other_named}"
    return fault
