"""Figures that others published, from published.csv, and how ours compare with them."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from pathlib import Path

from bench.errors import Problem
from bench.leaderboard.rows import BoardRow
from bench.records.record import HEADLINE

TABLE = Path(__file__).with_name("published.csv")
# What a source can be: a paper with its additional material, a repository or notebook of those who
# wrote the code, or others who ran the authors' own code again.
KINDS = "paper", "repository", "re-run"
READ = "yes", "no"
COUNTED = "users", "items", "interactions"
# What the authors' files have of each, train and test together.
AUTHORS = {
    "ncf_ml_1m": (6_040, 3_706, 1_000_209),
    "ncf_pinterest_20": (55_187, 9_916, 1_500_809),
}


class BadTable(Problem, ValueError):
    """A table of published figures that cannot be used; the message names the file and the line."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """One line of the table: what a source says of a model."""

    dataset: str  # name in the registry
    protocol: str
    model: str  # name in the registry, or a label that begins with it, as "neumf (pre-trained)"
    hr_at_10: float
    ndcg_at_10: float
    kind: str  # of the source, one of KINDS
    read: str  # "yes" where the figure was read at the link, "no" where only at second hand
    source: str  # paper or repository, and the place in it
    link: str

    @property
    def origin(self) -> str:
        """As "paper, not read there"."""
        return f"{self.kind}, {'read' if self.read == 'yes' else 'not read'} there"


def target(row: BoardRow) -> Published | None:
    """What a row is compared with, if others published its model under its data set and protocol.

    Figures of one way to train a model are for the rows that have its label. Rows are compared with
    none unless the counts of their data are the authors'.

    Raises:
        BadTable: published.csv cannot be used.
    """
    figures = load(TABLE)
    if other_data(row):
        return None
    of_label = figures.get((row.records[0].cell.dataset, row.protocol, row.label))
    if of_label and row.label.startswith(f"{row.adapter} ("):
        return of_label
    return figures.get((row.records[0].cell.dataset, row.protocol, row.adapter))


def other_data(row: BoardRow) -> str:
    """How the data of a row are not the authors', by their counts; "" where they may be.

    A row whose records tell no counts is of data that nobody has compared with theirs.
    """
    theirs = AUTHORS.get(row.records[0].cell.dataset)
    if theirs is None:
        return ""
    counted = [tuple(record.audit.get(name) for name in COUNTED) for record in row.records]
    for ours in counted:
        if any(
            count is not None and count != other for count, other in zip(ours, theirs, strict=True)
        ):
            pairs = zip(ours, theirs, COUNTED, strict=True)
            return ", ".join(f"{a} {name}, theirs {b}" for a, b, name in pairs if a != b)
    return "" if theirs in counted else "their counts are not known"


def cells(row: BoardRow) -> dict[str, float | str]:
    """The published figures and how ours compare, by the names of CSV_COLUMNS."""
    found = target(row)
    if found is None:
        return {}
    values: dict[str, float | str] = {
        "published_source": found.source,
        "published_link": found.link,
        "published_kind": found.kind,
        "published_read": found.read,
    }
    for metric in HEADLINE:
        published = getattr(found, metric)
        values[f"published_{metric}"] = published
        if metric in row.figures:
            difference = row.figures[metric] - published
            values[f"{metric}_difference"] = difference
            values[f"{metric}_verdict"] = verdict(difference, row.figures.get(f"{metric}_se"))
    return values


def in_short(row: BoardRow) -> str:
    """As ".7300 / .4470 (-.0040, within)": difference and verdict are those of HR@10."""
    found, values = target(row), cells(row)
    if found is None:
        return ""
    theirs = f"{_bare(found.hr_at_10)} / {_bare(found.ndcg_at_10)}"
    if "hr_at_10_difference" not in values:
        return theirs
    ours = _bare(values["hr_at_10_difference"], "+"), values["hr_at_10_verdict"]
    return f"{theirs} ({', '.join(str(word) for word in ours if word)})"


def verdict(difference: float, error: float | None) -> str:
    """Whether ours less theirs is "within" the standard error of ours, or "above" or "below" it.

    The error is that over the test users. Theirs is not known and so not counted; where the test
    users are the same, as in a published split, the two figures err together. "" without an error.
    """
    if error is None:
        return ""
    if abs(difference) <= error:
        return "within"
    return "above" if difference > 0 else "below"


@cache
def load(path: Path) -> Mapping[tuple[str, str, str], Published]:
    """The figures of a table by data set, protocol and model: of several, the highest HR@10.

    Where two have the same, the higher NDCG@10 decides. A figure that its authors have withdrawn
    has no line.

    Raises:
        BadTable: a column is missing or unknown, a cell is empty, a figure is not in [0, 1], a kind
            or `read` is none of its words, a link is not https, or a source stands twice for the
            same model, data set and protocol.
    """
    highest: dict[tuple[str, str, str], Published] = {}
    seen = set()
    columns = [field.name for field in fields(Published)]
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != columns:
            raise BadTable(
                f"{path}, line 1: the columns must be {','.join(columns)},"
                f" not {','.join(reader.fieldnames or [])}"
            )
        for line in reader:
            try:
                figure = _figure(line)
                key = figure.dataset, figure.protocol, figure.model
                if (key, figure.source) in seen:
                    raise BadTable(f"{' '.join(key)} of {figure.source!r} stands there twice")
            except BadTable as error:
                raise BadTable(f"{path}, line {reader.line_num}: {error}") from None
            seen.add((key, figure.source))
            highest[key] = max(highest.get(key, figure), figure, key=attrgetter(*HEADLINE))
    return highest


def _figure(line: dict[str, str]) -> Published:
    """One line, checked."""
    if None in line or None in line.values():
        raise BadTable(f"{len(fields(Published))} cells are needed; quote one with a comma in it")
    for name, cell in line.items():
        if not cell.strip():
            raise BadTable(f"{name} is empty")
    if not line["link"].startswith("https://"):
        raise BadTable(f"link must start with https://, not {line['link']!r}")
    for name, words in (("kind", KINDS), ("read", READ)):
        if line[name] not in words:
            raise BadTable(f"{name} must be one of {', '.join(words)}, not {line[name]!r}")
    numbers = {name: _share(name, line[name]) for name in HEADLINE}
    return Published(**{**line, **numbers})  # type: ignore[arg-type]


def _share(name: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:  # NaN neither
        raise BadTable(f"{name} must be a number in [0, 1], not {cell!r}")
    return value


def _bare(value: float | str, sign: str = "") -> str:
    """Four digits without the zero before the point."""
    return f"{value:{sign}.4f}".replace("0.", ".", 1)
