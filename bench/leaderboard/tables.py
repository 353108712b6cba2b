"""The board as CSV, as Markdown, in the terminal and in a notebook."""

import csv
import io
from collections.abc import Callable, Sequence
from html import escape

from bench.leaderboard.columns import Column, all_columns, columns
from bench.leaderboard.csv_columns import csv_columns
from bench.leaderboard.known_items import MEANING, Family, families
from bench.leaderboard.remarks import about, invalid_lines, remarks_below, sources
from bench.leaderboard.sections import Section
from bench.text import markdown as as_text
from bench.text import one_line


def comma_separated(board: Sequence[Section]) -> str:
    """Every figure at full precision, for programs."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    shown = csv_columns(board)
    writer.writerow([name for name, _ in shown])
    for section in board:
        for row in section.rows:
            writer.writerow([cell(section, row) for _, cell in shown])
    return text.getvalue()


def markdown(board: Sequence[Section]) -> str:
    """Tables, what their columns mean, and what they were measured on."""
    parts = ["# Leaderboard"]
    for family in families(board):
        parts += [f"## {as_text(_title(family))}", _by_known(family, "github", as_text)]
    for section in board:
        parts += [f"## {as_text(section.dataset)}, {as_text(section.protocol)}"]
        parts += [f"**{as_text(line)}**" for line in invalid_lines(section)]
        parts += [_table(section, columns(section), "github", as_text)]
        remarks = [*remarks_below(section), *sources(section)]
        parts += ["\n".join(f"- {as_text(line)}" for line in remarks)] if remarks else []
        parts += [as_text(line) for line in about(section)]
    if not board:
        return "\n\n".join([*parts, "No records yet."]) + "\n"
    meanings = [f"- **{column.title}**: {column.meaning}" for column in all_columns(board)]
    return "\n\n".join([*parts, "## Columns", "\n".join(meanings)]) + "\n"


def terminal(board: Sequence[Section], width: int) -> str:
    """Tables that fit, as far as leaving columns out can help."""
    parts = []
    for section in board:
        shown = columns(section)
        while True:
            table = _table(section, shown, "simple", one_line)
            if max(map(len, table.splitlines())) <= width:
                break
            least = max(shown, key=lambda column: column.give_way)
            if not least.give_way:
                break
            shown = [column for column in shown if column is not least]
        title = [one_line(section.title), *invalid_lines(section)]
        lines = [*title, "", *table.splitlines()]
        remarks = remarks_below(section)
        parts.append("\n".join([*lines, *([""] if remarks else []), *remarks]))
    for family in families(board):
        parts.append(f"{one_line(_title(family))}\n\n{_by_known(family, 'simple', one_line)}")
    return "\n\n".join(parts or ["No records yet."]) + "\n"


def notebook(board: Sequence[Section]) -> str:
    """Tables as HTML, to stand in a notebook."""
    parts = []
    for family in families(board):
        parts += [f"<h4>{escape(one_line(_title(family)))}</h4>"]
        parts += [_by_known(family, "html", one_line)]
    for section in board:
        parts += [f"<h4>{escape(one_line(section.title))}</h4>"]
        parts += [f"<p><b>{escape(line)}</b></p>" for line in invalid_lines(section)]
        parts += [_table(section, columns(section), "html", one_line)]
        parts += [f"<div>{escape(line)}</div>" for line in remarks_below(section)]
    return "\n".join(parts or ["<p>No records yet.</p>"])


def _title(family: Family) -> str:
    return f"{family.dataset}, {family.protocol}: {MEANING}"


def _by_known(family: Family, form: str, clean: Callable[[str], str]) -> str:
    import tabulate

    lines = [
        [clean(name), *(f"{hits:.4f}" for hits in line)] for name, line in family.lines.items()
    ]
    titles = ["model", *map(str, family.known)]
    align = ["left", *["right"] * len(family.known)]
    return tabulate.tabulate(lines, titles, form, colalign=align, disable_numparse=True)


def _table(
    section: Section, shown: Sequence[Column], form: str, clean: Callable[[str], str]
) -> str:
    import tabulate

    tabulate.MIN_PADDING = 0  # of headers, which would cost two columns on a narrow terminal
    titles = ["#", *(column.title for column in shown)]
    if form == "simple":
        titles = [title.replace(" ", "\n") for title in titles]
    lines = [
        [str(place) if row.seeds else "", *(clean(column.cell(row)) for column in shown)]
        for place, row in enumerate(section.rows, start=1)
    ]
    align = ["right", "left", *["right"] * (len(titles) - 2)]
    return tabulate.tabulate(lines, titles, form, colalign=align, disable_numparse=True)
