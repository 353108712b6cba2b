"""Adjacency lists, one line for a user: "user item item ...", as NGCF and LightGCN publish them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bench.data.delimited import BadData
from bench.data.plain import PlainFile
from bench.data.table import SAMPLE_ROWS, Batch, NeedsExactReading, Table, Wanted
from bench.text import first_line, one_line

BLOCK = 1 << 24  # bytes; no line may be longer
NUMBERS = re.compile(rb"\s*[0-9]+( +[0-9]+)*\s*")


class AdjacencyTable(Table):
    """Columns "user" and "item", a row for each item of a line. There are no times."""

    columns = ("user", "item")
    notes = ("a line for each user: the user, then the items",)

    def __init__(self, plain: PlainFile, name: str) -> None:
        self.name, self._plain = name, plain

    def sample(self) -> Any:
        import pyarrow as pa

        pairs = []
        for line in self._plain.start(1 << 16).split(b"\n")[:SAMPLE_ROWS]:
            user, *items = line.decode(errors="replace").split() or [""]
            pairs += [(user, item) for item in items]
        pairs = pairs[:SAMPLE_ROWS]
        return pa.table(
            {name: pa.array([pair[k] for pair in pairs]) for k, name in enumerate(self.columns)}
        )

    def batches(self, wanted: Mapping[str, Wanted]) -> Iterator[Batch]:
        import pyarrow as pa
        from pyarrow import compute
        from pyarrow import csv as arrow_csv

        first = 0
        try:
            with arrow_csv.open_csv(
                str(self._plain.path),
                arrow_csv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=["line"]),
                arrow_csv.ParseOptions(delimiter="\x1f", quote_char=False),
                arrow_csv.ConvertOptions(column_types={"line": pa.string()}),
            ) as reader:
                for lines in reader:
                    words = compute.ascii_split_whitespace(
                        compute.ascii_trim_whitespace(lines.column(0))
                    )
                    users = compute.list_element(words, 0)
                    items = compute.list_slice(words, 1)
                    found = {
                        "user": users.take(compute.list_parent_indices(items)),
                        "item": compute.list_flatten(items),
                    }
                    rows = pa.record_batch({name: found[name] for name in wanted})
                    yield Batch(rows, self, first)
                    first += rows.num_rows
        except pa.ArrowInvalid as error:
            if not self.exact:
                raise NeedsExactReading from None
            raise BadData(self._fault(str(error))) from None

    def place(self, row: int) -> str:
        before = 0
        with self._plain.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                before += max(len(line.split()) - 1, 0)
                if before > row:
                    return f"{self.name}, line {number}"
        return f"{self.name}, pair {row + 1}"

    def _fault(self, message: str) -> str:
        with self._plain.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode()
                except UnicodeDecodeError as error:
                    return (
                        f"{self.name}, line {number}: byte 0x{line[error.start]:02X} is not utf-8"
                    )
                if b"\x1f" in line:
                    return f"{self.name}, line {number}: a control character"
        return f"{self.name}: {one_line(first_line(message))}"


def is_adjacency(start: bytes, *, beside_lists: bool = False) -> bool:
    """Whether the first lines are whole numbers between spaces, not as many on each line.

    And each begins with another: else it is a table of which a line lacks a field. Beside a part
    that is one, there may be as many on each line: one test item for each user, say.
    """
    lines = [line for line in start.split(b"\n")[:200] if line.strip()]
    if len(start) >= 1 << 16 and len(lines) > 1 and not start.endswith(b"\n"):
        lines.pop()  # cut
    if not all(map(NUMBERS.fullmatch, lines)):
        return False
    words = [line.split() for line in lines]
    counts = {len(of_line) for of_line in words}
    one_each = len({of_line[0] for of_line in words}) == len(words)
    uneven = max(counts, default=0) > 2 and len(counts) > 1
    return one_each and (uneven or beside_lists)
