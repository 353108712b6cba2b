"""A board of embeddings, and its CSV: everything that stands on a page of it is in there."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bench.embeddings.columns import NAMES, Figures
from bench.records.files import BadRecord

BASELINE = "baseline"
HEADER = (
    *("dataset", "protocol", "items", "users", "genre_of_any", "model", "kind", "similarity"),
    *("width", "seeds", "keys", *NAMES, "inputs", "remark"),
)


@dataclass(frozen=True, kw_only=True)
class EmbeddingsRow:
    """One space of items: the mean of its figures over seeds."""

    model: str  # its name on the board, or that of a baseline
    kind: str  # "vectors", "profile" or "baseline"; empty where nothing was measured
    similarity: str = ""  # "centred", "cosine", "dot", or of a baseline what is compared
    width: int | None = None  # numbers in a vector, biases left out
    seeds: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()  # of the cells, one for each seed
    figures: Figures
    inputs: tuple[str, ...] = ()  # labels that the model was given: "genre", "gender"
    remark: str = ""  # why nothing was measured

    def figure(self, name: str) -> float | None:
        """A figure, None where it is not known."""
        return self.figures.get(name)


@dataclass(frozen=True, kw_only=True)
class EmbeddingsSection:
    """The spaces of one data set under one protocol."""

    dataset: str
    protocol: str
    items: int  # that are compared
    users: int  # that are asked for their next item
    genre_of_any: float | None  # what `genre` is for neighbours at random
    rows: tuple[EmbeddingsRow, ...]  # the best next item first, those without figures last

    @classmethod
    def sorted(cls, rows: Iterable[EmbeddingsRow], **attributes: object) -> Self:
        """A section with its rows in order."""

        def place(row: EmbeddingsRow) -> tuple[bool, float, str]:
            figure = row.figure("next_item")
            return (not row.figures, -(figure or 0.0), row.model)

        return cls(rows=tuple(sorted(rows, key=place)), **attributes)  # type: ignore[arg-type]


def comma_separated(board: Iterable[EmbeddingsSection]) -> str:
    """Every figure at full precision, for programs."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for section in board:
        about = (section.dataset, section.protocol, section.items, section.users)
        for row in section.rows:
            writer.writerow(
                (
                    *about,
                    _cell(section.genre_of_any),
                    row.model,
                    row.kind,
                    row.similarity,
                    "" if row.width is None else row.width,
                    " ".join(map(str, row.seeds)),
                    " ".join(row.keys),
                    *(_cell(row.figure(name)) for name in NAMES),
                    " ".join(row.inputs),
                    row.remark,
                )
            )
    return text.getvalue()


def read_board(path: Path) -> list[EmbeddingsSection]:
    """The board of a CSV.

    Raises:
        BadRecord: it is no board of embeddings; the message names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRecord(f"{path}: {error}") from error
    lines = list(csv.reader(io.StringIO(text)))
    if not lines or tuple(lines[0]) != HEADER:
        raise BadRecord(f"{path}, line 1: not the columns of a board of embeddings")
    found: dict[tuple[str, ...], list[EmbeddingsRow]] = {}
    for number, line in enumerate(lines[1:], start=2):
        try:
            found.setdefault(tuple(line[:5]), []).append(_row(dict(zip(HEADER, line, strict=True))))
        except ValueError as error:
            raise BadRecord(f"{path}, line {number}: {error}") from error
    return [
        EmbeddingsSection(
            dataset=dataset,
            protocol=protocol,
            items=int(items),
            users=int(users),
            genre_of_any=_number(genre),
            rows=tuple(rows),
        )
        for (dataset, protocol, items, users, genre), rows in found.items()
    ]


def _row(cells: dict[str, str]) -> EmbeddingsRow:
    figures = {name: value for name in NAMES if (value := _number(cells[name])) is not None}
    return EmbeddingsRow(
        model=cells["model"],
        kind=cells["kind"],
        similarity=cells["similarity"],
        width=int(cells["width"]) if cells["width"] else None,
        seeds=tuple(map(int, cells["seeds"].split())),
        keys=tuple(cells["keys"].split()),
        figures=figures,
        inputs=tuple(cells["inputs"].split()),
        remark=cells["remark"],
    )


def _cell(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def _number(cell: str) -> float | None:
    return float(cell) if cell else None
