"""The dialect of a delimited text file, told from its first lines: separator, and header or not."""

import csv
import io

from bench.data.columns import is_number
from bench.data.roles import A_DATE, NAMES, compared
from bench.data.table import MISSING
from bench.errors import UsageError

SEPARATORS = ("\t", ",", ";", "|", " ")


def sniffed_separator(text: str) -> str:
    """The separator that gives all first lines the same number of fields, and the most of them."""
    best, most = ",", 1
    lines = [line for line in text.splitlines(keepends=True) if line.strip()][:100]
    for separator in SEPARATORS:
        try:
            rows = csv.reader(io.StringIO("".join(lines), newline=""), delimiter=separator)
            counts = {len(row) for row in rows if row}
        except csv.Error:
            continue
        if len(counts) == 1 and (count := counts.pop()) > most:
            best, most = separator, count
    if most > 1:
        return best
    # Faults come later: the one that splits most lines as the first is split.
    first = {separator: lines[0].count(separator) for separator in SEPARATORS}
    alike = {
        separator: sum(line.count(separator) == first[separator] for line in lines)
        for separator in SEPARATORS
        if first[separator]
    }
    return max(alike, key=lambda separator: alike[separator], default=",")


def has_header(rows: list[list[str]], named: set[str]) -> bool | None:
    """Whether the first row names the columns; None where all rows look alike.

    It does where a column that is asked for stands in it, or a name that people use; and it does
    not where one of its fields is a number, a date or missing.
    """
    first = [field.strip() for field in rows[0]]
    if any(field in named and not field.isdecimal() for field in first):
        return True
    if any(
        field in MISSING or is_number(field) or field.isdigit() or A_DATE.match(field)
        for field in first
    ):
        return False
    known = {name for names in NAMES.values() for name in names}
    if any(compared(field) in known for field in first):
        return True
    later = rows[1:50]
    numeric = (all(len(row) > k and is_number(row[k]) for row in later) for k in range(len(first)))
    return True if later and any(numeric) else None


def check_separator(separator: str) -> None:
    """Raises UsageError for what no file is separated by."""
    if len(separator) == 1 and not (separator.isascii() and separator not in '\r\n"'):
        raise UsageError(
            f"a separator is one ASCII character, or several as '::', not {separator!r}"
        )
