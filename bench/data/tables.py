"""Any file or folder of rows as a table: formats are told from the first bytes, not from names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.data.adjacency import AdjacencyTable, is_adjacency
from bench.data.arrow_tables import IpcTable, ParquetTable
from bench.data.atomic import AtomicTable, interactions_in, is_atomic
from bench.data.csv_dialect import check_separator
from bench.data.csv_table import CsvTable
from bench.data.delimited import BadData
from bench.data.fetch import DataUnavailable
from bench.data.folder import FolderTable, parts_of
from bench.data.json_table import JsonTable
from bench.data.packed import unpacked
from bench.data.plain import PlainFile, as_utf8, identity, with_one_separator
from bench.data.table import Table

LOOKED_AT = 1 << 16  # bytes of which the format is told
TRAIN_AND_TEST = ("train.txt", "test.txt")


@dataclass(frozen=True, kw_only=True)
class Opener:
    """Opens tables."""

    scratch: Path  #: a folder for what must be unpacked or translated; the tables need it
    separator: str | None = None  #: of a delimited text; None: told from the first lines
    encoding: str = "utf-8"  #: of a text
    columns: Mapping[str, str] = field(default_factory=dict)  #: as given: they tell a header

    def open(self, path: Path) -> Table:
        """The table in a file or a folder.

        Raises:
            DataUnavailable: no such file, or it cannot be read.
            BadData: what is in it is no table.
            UsageError: the separator is none.
        """
        if self.separator is not None:
            check_separator(self.separator)
        paths = files_of(path)
        return FolderTable(path, paths, self._file) if path.is_dir() else self._file(path)

    def _file(self, path: Path, beside: Table | None = None) -> Table:
        plain, name = unpacked(path, path.name, self.scratch)
        start = plain.start(8)
        if start.startswith(b"PAR1"):
            return ParquetTable(plain.path, name)
        if start.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
            return IpcTable(plain.path, name)
        if start.startswith(
            (b"FEA1", b"ORC", b"\x89HDF", b"\xd0\xcf\x11\xe0", b"SQLite", b"\x80\x04")
        ):
            raise BadData(
                f"{name}: this format is not read; delimited text, JSON lines, parquet and Arrow"
                " IPC (Feather) are"
            )
        return self._text(plain, name, isinstance(beside, AdjacencyTable))

    def _text(self, plain: PlainFile, name: str, beside_lists: bool) -> Table:
        plain = as_utf8(plain, name, self.encoding, self.scratch)
        start = plain.start(LOOKED_AT).removeprefix(b"\xef\xbb\xbf")
        if not start:
            raise BadData(f"{name}: the file is empty")
        if b"\0" in start:
            line = start[: start.index(b"\0")].count(b"\n") + 1
            raise BadData(
                f"{name}, line {line}: a zero byte: no text, and of no format that is read"
            )
        if start.lstrip().startswith((b"{", b"[")) and self.separator is None:
            return JsonTable(plain.path, name)
        if is_atomic(name):
            return AtomicTable(plain, name)
        lists = is_adjacency(start, beside_lists=beside_lists)
        if self.separator is None and not self.columns and lists:
            return AdjacencyTable(plain, name)
        separator = self.separator
        if separator is None and b"::" in start.partition(b"\n")[0]:
            separator = "::"
        if separator is not None and len(separator) > 1:
            plain = with_one_separator(plain, name, separator, self.scratch)
        return CsvTable(plain, name, separator, self.columns)


def files_of(path: Path) -> list[Path]:
    """The files that a table consists of: one, or the parts in a folder, in their order.

    Of a folder with RecBole's files it is those of interactions; of one with train.txt and
    test.txt, as adjacency lists are published, these two.

    Raises:
        DataUnavailable, BadData: see `parts_of`; or it is neither a file nor a folder.
    """
    identity(path)
    if not path.is_dir():
        if not path.is_file():
            raise DataUnavailable(f"{path}: neither a file nor a folder")
        return [path]
    if found := interactions_in(path):
        return found
    pair = [path / name for name in TRAIN_AND_TEST]
    return pair if all(part.is_file() for part in pair) else parts_of(path)
