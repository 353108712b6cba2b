"""A table of any kind, as the reader sees it: columns, a sample, and batches with their places."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

Wanted = Literal["id", "number", "text"]  # how a column is wanted where a file has only text
SAMPLE_ROWS = 1000
# What stands for "nothing" in text files, beside an empty field.
MISSING = ("", "NULL", "null", "NaN", "nan", "NA", "N/A", "None", "<NA>", "\\N")


class BadValue(Exception):
    """One value that cannot be used; who knows the file adds the place.

    Attributes:
        row: of the batch that was looked at, from 0.
    """

    def __init__(self, row: int, why: str) -> None:
        super().__init__(why)
        self.row = row


class NeedsExactReading(Exception):
    """The quick way of reading would give wrong values, or cannot say what is wrong where."""


class Batch(NamedTuple):
    """Some rows of one file."""

    rows: Any  # a pyarrow.RecordBatch
    table: "Table"  # the single file that they are of
    first: int  # number of the first one in the file, from 0


class Table(ABC):
    """A table that can be read several times; one file, or several of the same columns."""

    name: str  #: for messages
    columns: tuple[str, ...]
    has_header: bool = True  #: without, the columns are called "1", "2", ...
    header_is_certain: bool = True  #: whether the first line can only be what it was taken for
    exact: bool = False  #: whether values come as text and are parsed by the reader, row by row
    notes: tuple[str, ...] = ()  #: what was found out of the file, to be said

    @abstractmethod
    def sample(self) -> Any:
        """A pyarrow.Table of the first rows, at most SAMPLE_ROWS; of a text file all are text."""

    @abstractmethod
    def batches(self, wanted: Mapping[str, Wanted]) -> Iterator[Batch]:
        """All rows, these columns only.

        Raises:
            BadData: the file is damaged.
            NeedsExactReading: only where not `exact`.
        """

    def place(self, row: int) -> str:
        """Where a row stands, for messages: "ratings.csv, line 7"."""
        return f"{self.name}, row {row + 1}"

    def kinds(self) -> Mapping[str, str]:
        """Column -> kind, where the file itself says what its columns hold: "token_seq"."""
        return {}
