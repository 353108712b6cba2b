"""A folder of parts as one table; also one that is partitioned by key=value folders (Hive)."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from bench.data.delimited import BadData
from bench.data.fetch import DataUnavailable
from bench.data.table import Batch, Table, Wanted
from bench.text import quoted

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
MOST_PARTS = 100_000


class Part(Table):
    """One part, called by its path in the folder, with what the names of its folders say."""

    def __init__(self, table: Table, name: str, keys: Mapping[str, str | None]) -> None:
        self._table, self._keys = table, keys
        self.name = table.name = name
        self.columns = tuple(dict.fromkeys((*table.columns, *keys)))
        self.has_header, self.notes = table.has_header, table.notes
        self.header_is_certain = table.header_is_certain

    def sample(self) -> Any:
        import pyarrow as pa

        found = self._table.sample()
        for key, value in self._keys.items():
            column = pa.array([value] * found.num_rows, pa.string())
            found = found.drop_columns([key]) if key in found.column_names else found
            found = found.append_column(key, column)
        return found.select(self.columns)

    def batches(self, wanted: Mapping[str, Wanted]) -> Iterator[Batch]:
        import pyarrow as pa

        self._table.exact = self.exact
        inside = {column: kind for column, kind in wanted.items() if column not in self._keys}
        if not inside:
            raise BadData(f"{self.name}: no column but those of the folders' names is wanted")
        for batch in self._table.batches(inside):
            columns = {name: batch.rows.column(name) for name in inside}
            for key in wanted.keys() & self._keys.keys():
                value = pa.scalar(self._keys[key], pa.string())
                columns[key] = pa.repeat(value, batch.rows.num_rows)
            rows = pa.record_batch({name: columns[name] for name in wanted})
            yield Batch(rows, self, batch.first)

    def place(self, row: int) -> str:
        return self._table.place(row)

    def kinds(self) -> Mapping[str, str]:
        return self._table.kinds()


class FolderTable(Table):
    """Parts in natural order of their paths: part-2 before part-10. Each is opened in its turn."""

    def __init__(
        self, folder: Path, paths: list[Path], opened: Callable[[Path, Table | None], Table]
    ) -> None:
        """
        Args:
            folder: where they are.
            paths: of the parts, below the folder.
            opened: makes a table of one, knowing that of the first one.
        """
        self.name, self._folder, self._paths, self._opened = folder.name, folder, paths, opened
        self._parts: dict[Path, Part] = {}
        self._first: Table | None = None
        first = self._part(paths[0])
        self.columns, self.has_header = first.columns, first.has_header
        self.header_is_certain = first.header_is_certain
        said = f"{len(paths):,} parts, from {first.name} to {self._named(paths[-1])}"
        self.notes = (said if len(paths) > 1 else f"one part, {first.name}", *first.notes)

    def sample(self) -> Any:
        return self._part(self._paths[0]).sample()

    def batches(self, wanted: Mapping[str, Wanted]) -> Iterator[Batch]:
        of_first = self._named(self._paths[0])
        for path in self._paths:
            part = self._part(path)
            part.exact = self.exact
            for column in wanted:
                if column not in part.columns:
                    raise BadData(
                        f"{part.name}: no column {quoted(column)}, which {of_first} has; the files"
                        " of a folder are read as parts of one table"
                    )
            if set(part.columns) != set(self.columns):
                odd = sorted(set(part.columns) ^ set(self.columns))[0]
                raise BadData(
                    f"{part.name}: other columns than {of_first}: only one of them has"
                    f" {quoted(odd)}; the files of a folder are read as parts of one table"
                )
            yield from part.batches(wanted)

    def kinds(self) -> Mapping[str, str]:
        return self._part(self._paths[0]).kinds()

    def _named(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _part(self, path: Path) -> Part:
        if path not in self._parts:
            keys = {}
            for name in path.relative_to(self._folder).parts[:-1]:
                key, equals, value = name.partition("=")
                if equals:
                    keys[key] = None if value == NO_VALUE else unquote(value)
            table = self._opened(path, self._first)
            self._first = self._first or table
            self._parts[path] = Part(table, self._named(path), keys)
        return self._parts[path]


def parts_of(folder: Path) -> list[Path]:
    """The files in a folder and below, without hidden and empty ones and those begun by "_".

    Raises:
        DataUnavailable: a folder cannot be listed, or a link leads nowhere.
        BadData: there is no file, or a link to a folder, which is not followed.
    """

    def refuse(error: OSError) -> None:
        raise DataUnavailable(f"{error.filename}: {error.strerror or error}")

    found = []
    for where, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        for name in folders:
            if (Path(where) / name).is_symlink():
                raise BadData(f"{Path(where) / name}: links to folders are not followed")
        for name in files:
            if name.startswith((".", "_")) or name.endswith(".crc"):
                continue
            path = Path(where) / name
            try:
                size = path.stat().st_size
            except OSError as error:
                raise DataUnavailable(f"{path}: {error.strerror or error}") from None
            if size:
                found.append(path)
        if len(found) > MOST_PARTS:
            raise BadData(f"{folder}: more than {MOST_PARTS:,} files")
    if not found:
        raise BadData(f"{folder}: no file in it that is not empty")
    return sorted(found, key=lambda path: _natural(path.relative_to(folder).as_posix()))


def _natural(name: str) -> list[tuple[int, int, str]]:
    """A key by which part-2 comes before part-10."""
    return [
        (0, int(piece), "") if piece.isdecimal() else (1, 0, piece)
        for piece in re.split(r"([0-9]+)", name)
        if piece
    ]
