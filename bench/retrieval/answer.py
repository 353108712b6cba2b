"""An answer: items in order, of which model, and why; as text, HTML, CSV, JSON and a data frame."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from bench.kept.model import KeptModel
from bench.retrieval.labels import Labels
from bench.text import one_line

WIDTH = 100  # columns of the table as text, where there is no terminal
# Of a row for programs; `score` unrounded, `genres` between bars.
COLUMNS = ("place", "id", "title", "year", "genres", "users", "score", "why")
OF_MODEL = ("model", "key", "kind")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One item of an answer."""

    place: int
    id: int | str
    title: str  #: as the catalogue has it, without the year
    year: int | None
    genres: tuple[str, ...]
    users: int  #: who have it in train
    score: float | None = None  #: similarity or score; None where items are only named
    why: str = ""
    label: str = ""  #: title and year as people say them

    def to_dict(self) -> dict[str, Any]:
        """Its columns, fit for JSON."""
        return {name: getattr(self, name) for name in COLUMNS}


@dataclass(frozen=True, kw_only=True, repr=False)
class Answer:
    """Items in order. In a notebook it is a table, else text."""

    said: str  #: in one line, what was asked for and which model answers
    query: dict[str, Any]  #: what was asked for, fit for JSON
    model: dict[str, Any]  #: its name, data set, protocol, seed, key and kind
    score_name: str  #: "similarity" or "score"; "" where items are only named
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()  #: a line each, for people

    def to_dict(self) -> dict[str, Any]:
        """Query, model and items, fit for JSON."""
        lines = [line.to_dict() for line in self.lines]
        return {"query": self.query, "model": self.model, "items": lines}

    def to_frame(self) -> Any:
        """A pandas DataFrame with the columns of the CSV, a row for each item."""
        import pandas as pd

        return pd.DataFrame(_rows(self), columns=[*COLUMNS, *OF_MODEL])

    def to_text(self, width: int = WIDTH) -> str:
        """A table with a line above it, and notes below."""
        parts = [self.said, _table(self, width) if self.lines else "Nothing.", *self.notes]
        return "\n\n".join(one_line(each) if "\n" not in each else each for each in parts)

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        heads = [name for name, shown in _shown(self) if shown]
        rows = [heads, *(_cells(self, line, heads) for line in self.lines)]
        lines = []
        for at, row in enumerate(rows):
            tag = "td" if at else "th"
            cells = (
                f'<{tag} style="text-align:{"right" if name in _RIGHT else "left"}">'
                f"{escape(one_line(cell))}</{tag}>"
                for name, cell in zip(heads, row, strict=True)
            )
            lines.append(f"<tr>{''.join(cells)}</tr>")
        notes = [f"<div>{escape(one_line(note))}</div>" for note in self.notes]
        body = "\n".join(lines)
        table = f"<table>\n{body}\n</table>" if self.lines else "<p>Nothing.</p>"
        return "\n".join([f"<p>{escape(one_line(self.said))}</p>", table, *notes])


def comma_separated(answers: Sequence[Answer]) -> str:
    """A row for each item of each answer."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS, *OF_MODEL])
    for answer in answers:
        writer.writerows(_rows(answer))
    return text.getvalue()


def as_json(answers: Sequence[Answer]) -> str:
    """One object: query, model and items; of several models, query and answers."""
    found = [answer.to_dict() for answer in answers]
    if len(found) == 1:
        return json.dumps(found[0], ensure_ascii=False, indent=2)
    whole = {"query": found[0]["query"], "answers": [dict(list(e.items())[1:]) for e in found]}
    return json.dumps(whole, ensure_ascii=False, indent=2)


def side_by_side(answers: Sequence[Answer], width: int = WIDTH) -> str:
    """One line for each model: its items, each with its similarity."""
    first = answers[0].said.partition(", by ")[0]
    rows = []
    for answer in answers:
        items = (
            f"{line.label} {short(line.score)}" for line in answer.lines if line.score is not None
        )
        rows.append([answer.model["name"], "; ".join(items)])
    notes = dict.fromkeys(note for answer in answers for note in answer.notes)
    return "\n\n".join([f"{first}, by each kept model", _columns(["", ""], rows, width), *notes])


def line_of(
    kept: KeptModel,
    labels: Labels,
    item: int,
    place: int,
    score: float | None = None,
    why: str = "",
) -> Line:
    """An item of a kept model's catalogue as a line of an answer."""
    return Line(
        place=place,
        id=plain_id(kept.catalogue.item_ids[item]),
        title=labels.titles[item],
        year=labels.years[item],
        genres=kept.catalogue.genres[item],
        users=int(kept.catalogue.users[item]),
        score=score,
        why=why,
        label=labels.label(item),
    )


def facts_of(kept: KeptModel) -> dict[str, Any]:
    """What an answer says of its model."""
    cell = kept.cell
    return {
        **{"name": kept.name, "dataset": cell.dataset, "protocol": cell.protocol},
        **{"seed": cell.seed, "key": kept.key, "kind": kept.kind},
    }


def plain_id(id_: Any) -> int | str:
    """An id, fit for JSON."""
    return id_ if isinstance(id_, str) else int(id_)


_RIGHT = {"#", "users", "similarity", "score"}
_WIDEST = {"title": 34, "genres": 22}  # columns of the terminal, where reasons need the rest
_BLANK = "\ue000"  # stands for a blank at which no line is broken


def _shown(answer: Answer) -> list[tuple[str, bool]]:
    """The columns for people, and whether this answer has them."""
    lines = answer.lines
    return [
        ("#", bool(answer.score_name)),
        ("id", not answer.score_name and any(line.label != str(line.id) for line in lines)),
        ("title", True),
        ("genres", any(line.genres for line in lines)),
        ("users", True),
        (answer.score_name, bool(answer.score_name)),
        ("why", any(line.why for line in lines)),
    ]


def _cells(answer: Answer, line: Line, heads: Sequence[str]) -> list[str]:
    cells = {
        "#": str(line.place),
        "id": f"#{line.id}",
        "title": line.label,
        "genres": ", ".join(line.genres),
        "users": f"{line.users:,}",
        answer.score_name: "" if line.score is None else short(line.score),
        "why": line.why,
    }
    return [one_line(cells[name]) for name in heads]


def _table(answer: Answer, width: int) -> str:
    heads = [name for name, shown in _shown(answer) if shown]
    return _columns(heads, [_cells(answer, line, heads) for line in answer.lines], width)


def _columns(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """A table that fits: what is long is wrapped. Letters of double width count as two."""
    from rich import console, table, text

    grid = table.Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(heads))
    for name in heads:
        right, widest = name in _RIGHT, _WIDEST.get(name) if "why" in heads else None
        justify: Literal["left", "right"] = "right" if right else "left"
        grid.add_column(text.Text(name), justify=justify, no_wrap=right, max_width=widest)
    for row in rows:
        grid.add_row(*(text.Text(one_line(cell).replace(" %", f"{_BLANK}%")) for cell in row))
    page = io.StringIO()
    console.Console(file=page, width=width, color_system=None).print(grid)
    lines = page.getvalue().replace(_BLANK, " ").splitlines()
    return "\n".join(each.rstrip() for each in lines)


def short(value: float) -> str:
    """A similarity or a score for people, as .83 or 12.4."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    text = f"{value:.2f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def _rows(answer: Answer) -> list[list[Any]]:
    model = [answer.model["name"], answer.model["key"], answer.model["kind"]]
    found = []
    for line in answer.lines:
        row = line.to_dict() | {"genres": "|".join(line.genres)}
        found.append([*row.values(), *model])
    return found
