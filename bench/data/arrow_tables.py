"""Tables that have types: parquet, Feather and Arrow IPC files, and tables in memory."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from bench.data.delimited import BadData
from bench.data.table import SAMPLE_ROWS, Batch, Table, Wanted
from bench.text import first_line, one_line, quoted

ROWS = 1 << 18  # read at a time


class ArrowTable(Table):
    """A table whose values have types; a column is read as it is, whatever is wanted of it."""

    def __init__(self, name: str) -> None:
        """Raises BadData where the file is damaged, or two columns have one name."""
        self.name = name
        self.columns = tuple(self._guarded(self._schema).names)
        for column in self.columns:
            if self.columns.count(column) > 1:
                raise BadData(f"{name}: two columns are called {quoted(column)}")

    @abstractmethod
    def _schema(self) -> Any: ...

    @abstractmethod
    def _read(self, columns: list[str], rows: int) -> Iterator[Any]:
        """Record batches of these columns, of about so many rows."""

    def sample(self) -> Any:
        import pyarrow as pa

        schema = self._guarded(self._schema)
        found = self._guarded(lambda: list(islice(self._read(list(self.columns), SAMPLE_ROWS), 1)))
        return pa.Table.from_batches(found, None if found else schema).slice(0, SAMPLE_ROWS)

    def batches(self, wanted: Mapping[str, Wanted]) -> Iterator[Batch]:
        first = 0
        batches = self._read(list(wanted), ROWS)
        while (rows := self._guarded(lambda: next(batches, None))) is not None:
            if rows.num_rows:
                yield Batch(rows.select(list(wanted)), self, first)
            first += rows.num_rows

    def _guarded(self, read: Any) -> Any:
        import pyarrow as pa

        try:
            return read()
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            raise BadData(
                f"{self.name}: damaged, or not read ({one_line(first_line(error))})"
            ) from None


class ParquetTable(ArrowTable):
    """A parquet file."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        super().__init__(name)

    def _schema(self) -> Any:
        from pyarrow import parquet

        with parquet.ParquetFile(str(self._path)) as file:
            return file.schema_arrow

    def _read(self, columns: list[str], rows: int) -> Iterator[Any]:
        from pyarrow import parquet

        with parquet.ParquetFile(str(self._path), pre_buffer=False) as file:
            yield from file.iter_batches(rows, columns=columns, use_threads=False)


class IpcTable(ArrowTable):
    """A Feather file, which is an Arrow IPC file, or an Arrow IPC stream."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        super().__init__(name)

    def _schema(self) -> Any:
        with self._open(None) as reader:
            return reader.schema

    def _open(self, columns: list[str] | None) -> Any:
        import pyarrow as pa
        from pyarrow import ipc

        file = pa.OSFile(str(self._path))
        if file.read(6) != b"ARROW1":
            file.seek(0)
            return ipc.open_stream(file)
        fields = None
        if columns is not None:
            names = ipc.open_file(file).schema.names
            fields = [names.index(column) for column in columns]
        return ipc.open_file(file, options=ipc.IpcReadOptions(included_fields=fields))

    def _read(self, columns: list[str], rows: int) -> Iterator[Any]:
        from pyarrow import ipc

        with self._open(columns) as reader:
            if isinstance(reader, ipc.RecordBatchFileReader):
                batches = (reader.get_batch(k) for k in range(reader.num_record_batches))
            else:
                batches = iter(reader)
            for batch in batches:
                batch.validate(full=True)  # what is damaged would be read beyond its buffers
                for start in range(0, batch.num_rows, rows):
                    yield batch.select(columns).slice(start, rows)


class MemoryTable(ArrowTable):
    """A table in memory that has the Arrow C stream interface."""

    def __init__(self, table: Any) -> None:
        import pyarrow as pa

        self._table: Any = None
        try:
            self._table = pa.table(table)
        except Exception as error:  # whatever another library raises
            raise BadData(
                f"table of {type(table).__name__}: {one_line(first_line(error))}"
            ) from None
        super().__init__(f"table of {type(table).__module__.partition('.')[0]}")

    def _schema(self) -> Any:
        return self._table.schema

    def _read(self, columns: list[str], rows: int) -> Iterator[Any]:
        return iter(self._table.select(columns).to_batches(rows))
