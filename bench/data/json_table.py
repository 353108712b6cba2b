"""JSON lines as a table: read by pyarrow; line by line where lines differ in their types."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from bench.data.delimited import BadData
from bench.data.table import SAMPLE_ROWS, Batch, NeedsExactReading, Table, Wanted
from bench.text import quoted

BLOCK = 1 << 22  # bytes that pyarrow reads and parses at a time
MOST_LINE = 1 << 24  # bytes
ROWS = 1 << 16


class JsonTable(Table):
    """Its columns are the names that occur in the first objects, in order of appearance.

    Raises BadData where the first lines are no objects.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name, self._path = name, path
        names = dict.fromkeys(key for entry in self._first(text=True) for key in entry)
        if not names:
            raise BadData(f"{name}: no lines with objects")
        self.columns = tuple(names)

    def sample(self) -> Any:
        import pyarrow as pa

        first = self._first(text=True)
        return pa.table(
            {
                name: pa.array([_text(entry.get(name)) for entry in first], pa.string())
                for name in self.columns
            }
        )

    def batches(self, wanted: Mapping[str, Wanted]) -> Iterator[Batch]:
        if self.exact:
            yield from self._exactly(wanted)
            return
        import pyarrow as pa
        from pyarrow import json as arrow_json

        schema = pa.schema([(column, self._type(column, kind)) for column, kind in wanted.items()])
        first = 0
        try:
            with arrow_json.open_json(
                str(self._path),
                arrow_json.ReadOptions(use_threads=False, block_size=BLOCK),
                arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
            ) as reader:
                for rows in reader:
                    yield Batch(rows.select(list(wanted)), self, first)
                    first += rows.num_rows
        except (pa.ArrowException, KeyError):
            raise NeedsExactReading from None

    def place(self, row: int) -> str:
        number = next(islice((number for number, _ in self._lines()), row, None), row + 1)
        return f"{self.name}, line {number}"

    def _type(self, column: str, kind: Wanted) -> Any:
        """What pyarrow reads a column as; where a line has something else, it refuses."""
        import pyarrow as pa

        if kind == "number":
            return pa.float64()
        is_text = any(isinstance(entry.get(column), str) for entry in self._first(text=False))
        return pa.string() if is_text else pa.int64()

    def _first(self, *, text: bool) -> list[dict[str, Any]]:
        """The first objects. They are not kept: a folder may have thousands of parts."""
        return [entry for _, entry in islice(self._objects(text=text), SAMPLE_ROWS)]

    def _exactly(self, wanted: Mapping[str, Wanted]) -> Iterator[Batch]:
        import pyarrow as pa

        schema = pa.schema([(column, pa.string()) for column in wanted])
        first, objects = 0, self._objects(text=True)
        while part := [entry for _, entry in islice(objects, ROWS)]:
            columns = {column: [_text(entry.get(column)) for entry in part] for column in wanted}
            yield Batch(pa.record_batch(columns, schema=schema), self, first)
            first += len(part)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with self._path.open("rb") as file:
            number = 0
            while line := file.readline(MOST_LINE):
                number += 1
                if len(line) == MOST_LINE:
                    raise BadData(f"{self.name}, line {number}: more than {MOST_LINE:,} bytes")
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if line.strip():
                    yield number, line

    def _objects(self, *, text: bool) -> Iterator[tuple[int, dict[str, Any]]]:
        """The objects with their lines; `text`: numbers as they are written."""
        for number, line in self._lines():
            try:
                decoded = line.decode()
                if text:
                    entry = json.loads(decoded, parse_int=str, parse_float=str)
                else:
                    entry = json.loads(decoded)
                if "\\ud" in decoded.lower():  # half of a pair, which is no text
                    json.dumps(entry, ensure_ascii=False).encode()
            except UnicodeDecodeError as error:
                raise BadData(
                    f"{self.name}, line {number}: byte 0x{line[error.start]:02X} is not utf-8 text"
                ) from None
            except UnicodeEncodeError:
                raise BadData(f"{self.name}, line {number}: half a surrogate pair") from None
            except (ValueError, RecursionError) as error:
                raise BadData(
                    f"{self.name}, line {number}: not JSON ({getattr(error, 'msg', 'too deep')})"
                ) from None
            if not isinstance(entry, dict):
                shown = quoted(line.decode(errors="replace").strip())
                raise BadData(
                    f"{self.name}, line {number}: {shown} is no object; JSON lines have one a line"
                )
            yield number, entry


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    return json.dumps(value) if isinstance(value, list | dict | bool) else str(value)
