"""What the board looks like: as CSV, Markdown, HTML and in the terminal."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import published
from bench.columns import (
    BUSY_MARK,
    COLUMNS,
    CSV_COLUMNS,
    DRIFT_MARK,
    MARKS,
    TIE_MARK,
    Column,
    columns,
)
from bench.text import compact, one_line
from bench.text import markdown as as_text

NO_CANARIES = "canaries: none vouch for this split; `bench run` measures them"

if TYPE_CHECKING:
    import jinja2

    from bench.leaderboard import Section


def comma_separated(board: Sequence["Section"]) -> str:
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
            "tuned": "; ".join(_different(record.tuned for record in row.records)),
            "git_commit": " ".join(
                _different(record.environment.get("git_commit") for record in row.records)
            ),
            "started": max(record.started for record in row.records),
            "invalid": one_line("; ".join(section.invalid)),
        }
        writer.writerow([values.get(column, "") for column in CSV_COLUMNS])
    return text.getvalue()


def markdown(board: Sequence["Section"]) -> str:
    """Tables, what their columns mean, and what they were measured on."""
    parts = ["# Leaderboard"]
    for section in board:
        parts += [f"## {as_text(section.dataset)}, {as_text(section.protocol)}"]
        parts += [f"**{as_text(line)}**" for line in _invalid(section)]
        parts += [_table(section, columns(section), "github", as_text)]
        remarks = [*_remarks(section), *_sources(section)]
        parts += ["\n".join(f"- {as_text(line)}" for line in remarks)] if remarks else []
        parts += [as_text(line) for line in about(section)]
    if not board:
        return "\n\n".join([*parts, "No records yet."]) + "\n"
    meanings = [f"- **{column.title}**: {column.meaning}" for column in _all_columns(board)]
    return "\n\n".join([*parts, "## Columns", "\n".join(meanings)]) + "\n"


def terminal(board: Sequence["Section"], width: int) -> str:
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
        title = [one_line(f"{section.dataset}, {section.protocol}"), *_invalid(section)]
        lines = [*title, "", *table.splitlines()]
        remarks = _remarks(section)
        parts.append("\n".join([*lines, *([""] if remarks else []), *remarks]))
    return "\n\n".join(parts or ["No records yet."]) + "\n"


def html(board: Sequence["Section"]) -> str:
    """The page of leaderboard.html.jinja."""
    from bench.scatter import scatter

    tables = [
        {
            "title": f"{section.dataset}, {section.protocol}",
            "columns": columns(section),
            "rows": section.rows,
            "invalid": _invalid(section),
            "remarks": _remarks(section),
            "about": about(section),
            "plot": scatter(section),
        }
        for section in board
    ]
    page = _page().render(
        tables=tables, columns=_all_columns(board), compact=compact, target=published.target
    )
    return page + "\n"


@cache
def _page() -> "jinja2.Template":
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("leaderboard.html.jinja")


def about(section: "Section") -> list[str]:
    """On what data, which machine and which state of the code the figures were measured."""
    records = section.records
    audit = next((record.audit for record in reversed(records) if record.audit), {})
    counts = [
        f"{audit[name]:,} {name.replace('_', ' ')}"
        for name in ("users", "items", "interactions", "tested_users", "untested_users")
        if isinstance(audit.get(name), int)
    ]
    lines = [f"Data: {', '.join(counts)}."] if counts else []
    versions = _different(record.data_sha256[:12] for record in records)
    if len(versions) > 1:
        lines.append(f"Careful: the rows saw different data, {' and '.join(versions)} (SHA-256).")
    machines = _different(_machine(record.environment) for record in records)
    threads = sorted({record.cell.threads for record in records})
    loads = [record.timings["load_before"] for record in records if "load_before" in record.timings]
    speeds = [
        record.timings[name]
        for record in records
        for name in ("reference_seconds_before", "reference_seconds_after")
        if name in record.timings
    ]
    machine = [
        *machines,
        f"{', '.join(sorted({record.cell.device for record in records}))}",
        f"{', '.join(map(str, threads))} thread{'s' * (threads != [1])}",
        *([f"load average before a cell up to {max(loads):.2f}"] if loads else []),
        *([f"reference kernel {min(speeds):.2f} to {max(speeds):.2f} s"] if speeds else []),
    ]
    lines.append(f"Machine: {'; '.join(machine)}.")
    commits = _different(_commit(record.environment) for record in records)
    return [*lines, f"Code: git {', '.join(commits)}."] if commits else lines


def _table(
    section: "Section", shown: Sequence[Column], form: str, clean: Callable[[str], str]
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


def _all_columns(board: Sequence["Section"]) -> list[Column]:
    """The columns that stand in any table of a board."""
    present = {column for section in board for column in columns(section)}
    return [column for column in COLUMNS if column in present]


def _remarks(section: "Section") -> list[str]:
    canaries = [one_line(str(each)) for each in section.canaries] or [NO_CANARIES]
    return [*_missing(section), *_marks(section), *_sampled(section), *canaries]


def _invalid(section: "Section") -> list[str]:
    return [f"INVALID: {one_line(reason)}" for reason in section.invalid]


def _missing(section: "Section") -> list[str]:
    return [
        f"{one_line(row.model)}: {row.status}, {one_line(row.reason)}"
        for row in section.rows
        if row.reason
    ]


def _marks(section: "Section") -> list[str]:
    present = {TIE_MARK: False, BUSY_MARK: False, DRIFT_MARK: False}
    for row in section.rows:
        present[TIE_MARK] |= row.tie_sensitive
        present[BUSY_MARK] |= row.busy
        present[DRIFT_MARK] |= row.drifted
    return [f"{mark} {MARKS[mark]}" for mark, there in present.items() if there]


def _sampled(section: "Section") -> list[str]:
    """That only a sample of the test users was scored, where it was."""
    sizes = sorted({record.cell.eval_users for record in section.records} - {0})
    return [f"figures of a sample of {size:,} test users, the same for all rows" for size in sizes]


def _sources(section: "Section") -> list[str]:
    """Where the published figures come from, and for which models."""
    models: dict[tuple[str, str], set[str]] = {}
    for row in section.rows:
        if found := published.target(row):
            models.setdefault((found.source, found.link), set()).add(row.label)
    return [
        f"published for {', '.join(sorted(names))}: {source}, {link}"
        for (source, link), names in sorted(models.items())
    ]


def _machine(environment: dict[str, Any]) -> str:
    cores, memory = environment.get("cores"), environment.get("memory_mb")
    facts = [
        str(environment.get("cpu") or ""),
        f"{cores} cores" if cores else "",
        f"{memory / 1024:.0f} GB" if isinstance(memory, int | float) else "",
    ]
    return ", ".join(fact for fact in facts if fact)


def _commit(environment: dict[str, Any]) -> str:
    commit = str(environment.get("git_commit") or "")[:12]
    return f"{commit} with local changes" if commit and environment.get("git_dirty") else commit


def _different(words: Iterable[object]) -> list[str]:
    return sorted({one_line(str(word)) for word in words if word})
