"""Any file of rows as a table: its format is told from its first bytes, not from its name."""

from collections.abc import Mapping
from pathlib import Path

from bench.data.csv_table import CsvTable, check_separator
from bench.data.delimited import BadData
from bench.data.plain import PlainFile, as_utf8, unpacked, with_one_separator
from bench.data.table import Table


def open_table(
    path: Path,
    scratch: Path,
    *,
    separator: str | None = None,
    encoding: str = "utf-8",
    columns: Mapping[str, str] | None = None,
) -> Table:
    """The table in a file.

    Args:
        path: of the file; it may be packed.
        scratch: a folder for what must be unpacked or translated; the table needs it.
        separator: of a delimited text; None: told from the first lines.
        encoding: of a text.
        columns: role -> column as the user gave them; a header is told by them.

    Raises:
        DataUnavailable: no such file, or it cannot be read.
        BadData: what is in it is no table.
        UsageError: the separator is none.
    """
    if separator is not None:
        check_separator(separator)
    plain, name = unpacked(path, path.name, scratch)
    return _text_table(plain, name, scratch, separator, encoding, columns or {})


def _text_table(
    plain: PlainFile,
    name: str,
    scratch: Path,
    separator: str | None,
    encoding: str,
    columns: Mapping[str, str],
) -> Table:
    plain = as_utf8(plain, name, encoding, scratch)
    if separator is None and b"::" in plain.start(1 << 16).partition(b"\n")[0]:
        separator = "::"
    if separator is not None and len(separator) > 1:
        plain = with_one_separator(plain, name, separator, scratch)
    if not plain.start(1):
        raise BadData(f"{name}: the file is empty")
    return CsvTable(plain, name, separator, columns)
