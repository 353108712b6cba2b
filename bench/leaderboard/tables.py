"""What the board looks like: as CSV, Markdown, HTML and in the terminal."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from bench.leaderboard import published
from bench.leaderboard.columns import CSV_COLUMNS, Column, all_columns, columns
from bench.leaderboard.remarks import about, different, invalid_lines, remarks_below, sources
from bench.leaderboard.sections import Section
from bench.text import compact, one_line
from bench.text import markdown as as_text


def comma_separated(board: Sequence[Section]) -> str:
    """Every figure at full precision, for programs."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for section, row in ((each, row) for each in board for row in each.rows):
        values = {
            **asdict(replace(row, records=())),
            **row.figures,
            **published.cells(row),
            "params": compact(row.params),
            "key": " ".join(dict.fromkeys(record.key for record in row.records)),
            "tie_sensitive": "yes" if row.tie_sensitive else "",
            "busy": "yes" if row.busy else "",
            "drifted": "yes" if row.drifted else "",
            "tuned": "; ".join(different(record.tuned for record in row.records)),
            "git_commit": " ".join(
                different(record.environment.get("git_commit") for record in row.records)
            ),
            "started": max(record.started for record in row.records),
            "invalid": one_line("; ".join(section.invalid)),
        }
        writer.writerow([values.get(column, "") for column in CSV_COLUMNS])
    return text.getvalue()


def markdown(board: Sequence[Section]) -> str:
    """Tables, what their columns mean, and what they were measured on."""
    parts = ["# Leaderboard"]
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
        title = [one_line(f"{section.dataset}, {section.protocol}"), *invalid_lines(section)]
        lines = [*title, "", *table.splitlines()]
        remarks = remarks_below(section)
        parts.append("\n".join([*lines, *([""] if remarks else []), *remarks]))
    return "\n\n".join(parts or ["No records yet."]) + "\n"


def _table(
    section: Section, shown: Sequence[Column], form: str, clean: Callable[[str], str]
) -> str:
    import tabulate

    tabulate.MIN_PADDING = 0  # of headers, which would cost two columns on a narrow terminal
    titles = ["#", *(column.title for column in shown)]
    if form == "simple":
        titles = [title.replace("expected", "exp.").replace(" ", "\n") for title in titles]
    lines = [
        [str(place) if row.seeds else "", *(clean(column.cell(row)) for column in shown)]
        for place, row in enumerate(section.rows, start=1)
    ]
    align = ["right", "left", *["right"] * (len(titles) - 2)]
    return tabulate.tabulate(lines, titles, form, colalign=align, disable_numparse=True)
