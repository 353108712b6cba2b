"""Paragraphs of a study: a question, sentences and tables. Pages and pictures are made of these."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

Value = str | int | float | None  # None where there is none


@dataclass(frozen=True)
class Table:
    """Rows of values under titles."""

    name: str  # among the tables of its paragraph; of one board it is the board's name
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    digits: tuple[int, ...] = ()  # behind the point, of each column's numbers; none for 0 of all
    title: str = ""  # above it; empty where the paragraph has one table
    needs_data: bool = False  # so it cannot be computed again from ledgers alone

    def cells(self) -> Iterator[tuple[str, ...]]:
        """The rows as text."""
        digits = self.digits or (0,) * len(self.columns)
        for row in self.rows:
            yield tuple(text_of(value, places) for value, places in zip(row, digits, strict=True))

    def column(self, name: str) -> list[Value]:
        """The values under a title."""
        at = self.columns.index(name)
        return [row[at] for row in self.rows]

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """From JSON."""
        rows = tuple(tuple(row) for row in values["rows"])
        columns, digits = tuple(values["columns"]), tuple(values["digits"])
        return cls(**{**values, "columns": columns, "digits": digits, "rows": rows})


@dataclass(frozen=True)
class Paragraph:
    """One question of the study with its answer."""

    name: str  # "F1" to "F6"
    question: str
    sentences: tuple[str, ...]  # written by a program from the tables
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()  # on how it was computed; what was left out, and why
    needs_data: bool = field(default=False)  # a sentence of it does

    def as_json(self) -> dict[str, Any]:
        """For study.json."""
        return asdict(self)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """From JSON."""
        tables = tuple(map(Table.read, values["tables"]))
        lists = {name: tuple(values[name]) for name in ("sentences", "notes")}
        return cls(**{**values, **lists, "tables": tables})


def text_of(value: Value, digits: int) -> str:
    """A value for people: .713 and not 0.713; empty for none."""
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    return decimals(value, digits)


def decimals(value: float, digits: int) -> str:
    """A number with so many digits behind the point, and without a 0 before it."""
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("0.", ".", 1) if text.removeprefix("-").startswith("0.") else text


def listed(words: list[str]) -> str:
    """Words in a sentence: "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
