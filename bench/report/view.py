"""All that the template of a section shows: rows, their stories, and the data of charts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.leaderboard import published
from bench.leaderboard.published import Published
from bench.leaderboard.remarks import about, invalid_lines, remarks_below
from bench.leaderboard.rows import BoardRow
from bench.leaderboard.sections import Section
from bench.leaderboard.statistics import records_of_rows
from bench.records.certificates import COUNTED, Certificate
from bench.records.files import BadRecord
from bench.records.folder import Results
from bench.records.record import Record
from bench.report import curves
from bench.report.answer import answer, best_first
from bench.report.differences import difference_cells
from bench.report.figures import ACCURACIES, COSTS, MAIN
from bench.report.groups import Group, groups
from bench.report.scale import Scale, views
from bench.report.universes import multiverse_lines, multiverse_of, place_points
from bench.report.users import Users
from bench.statistics.aligned import Aligned, load_aligned
from bench.statistics.paired import NotComparable
from bench.statistics.user_figures import DEFAULT as EXACT
from bench.text import one_line


@dataclass(frozen=True)
class Bar:
    """An interval in a cell, in percent of the cell's width."""

    at: float
    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass(frozen=True)
class RowView:
    """A row of the board and all that its story tells."""

    row: BoardRow
    anchor: str  # of its story, unique in the page
    bar: Bar | None
    tier: int | None
    published: Published | None
    certificate: Certificate | None

    @property
    def name(self) -> str:
        return one_line(self.row.model)

    @property
    def figures(self) -> Mapping[str, float | None]:
        """Those of the row; None for one that it has not."""
        return defaultdict(lambda: None, self.row.figures)

    @property
    def environment(self) -> dict[str, Any]:
        """What the first record was measured in."""
        return self.row.records[0].environment

    @property
    def good(self) -> Record | None:
        """The first record that is ok."""
        return next((each for each in self.row.records if each.status == "ok"), None)


@dataclass(frozen=True)
class SectionView:
    """A section of the board, ready for the template."""

    section: Section
    number: int
    rows: list[RowView]
    answer: list[str]
    groups: list[Group] = field(default_factory=list)
    no_groups: str = ""  # why there are none
    multiverse: list[str] = field(default_factory=list)  # its sentences
    notes: list[str] = field(default_factory=list)  # what is left out, and why
    data: dict[str, Any] = field(default_factory=dict)  # of the charts, fit for JSON

    @property
    def title(self) -> str:
        return one_line(self.section.title)

    @property
    def invalid(self) -> list[str]:
        return invalid_lines(self.section)

    @property
    def about(self) -> list[str]:
        return about(self.section)

    @property
    def has_cold_items(self) -> bool:
        """Whether items were cold, and ranked beside warm ones too."""
        return any("beside_hr_at_10" in view.figures for view in self.rows)

    @property
    def has_published(self) -> bool:
        """Whether a row can be compared with what others published."""
        return any(view.published for view in self.rows)

    @property
    def remarks(self) -> list[str]:
        return remarks_below(self.section)


def section_view(
    section: Section,
    number: int,
    results: Results,
    certificates: Sequence[Certificate],
    users: Users,
) -> SectionView:
    """All that the page shows of a section.

    Args:
        users: groups of its users, where the data are at hand.
        number: of the section in the page, from 0.
        results: where its ledgers and its trials' records stand.
        certificates: of all models.
    """
    ranked = best_first(section.rows)
    shown = [*ranked, *(row for row in section.rows if row not in ranked)]
    axis = views(row.figures[MAIN.name] for row in ranked).competing if ranked else None
    notes: list[str] = []
    aligned = _aligned(section, results, notes)
    found = multiverse_of(aligned, users.popularity) if aligned and len(ranked) > 1 else None
    trials = results.study_of(section.data, section.protocol).read_records()
    rows = [
        RowView(
            row=row,
            anchor=f"row-{number}-{place}",
            bar=_bar(row, axis),
            tier=row.tier or None,
            published=published.target(row),
            certificate=_certificate(row, certificates),
        )
        for place, row in enumerate(shown)
    ]
    data = {
        "rows": [_chart_row(row) for row in rows],
        "views": {
            figure.name: views(some)._asdict()
            for figure in ACCURACIES
            if (some := [row.figures[figure.name] for row in ranked if figure.name in row.figures])
        },
        "differences": list(difference_cells(section, [row.model for row in shown], found)),
        "places": list(place_points(found)) if found else [],
        "cutoffs": list(curves.cutoff_points(aligned)) if aligned else [],
        "losses": list(curves.loss_points(shown)),
        "validation": list(curves.validation_points(trials, {row.adapter for row in shown})),
    }
    return SectionView(
        section=section,
        number=number,
        rows=rows,
        answer=answer(section),
        groups=groups(aligned, users.strata) if aligned and users.strata else [],
        no_groups=one_line(users.missing),
        multiverse=multiverse_lines(found) if found else [],
        notes=notes,
        data=data,
    )


def _aligned(section: Section, results: Results, notes: list[str]) -> Aligned | None:
    """The ledgers of the section; None where they cannot be compared, and then a note says why."""
    try:
        return load_aligned(results, records_of_rows(section))
    except (NotComparable, BadRecord) as error:
        notes.append(f"What needs ledgers is left out: {one_line(str(error))}.")
        return None


def _bar(row: BoardRow, axis: Scale | None) -> Bar | None:
    if axis is None or MAIN.name not in row.figures:
        return None
    at = row.figures[MAIN.name]
    ends = [row.figures.get(f"{EXACT}_ci_{end}", at) for end in ("low", "high")]
    return Bar(100 * axis.share(at), *(100 * axis.share(end) for end in ends))


def _certificate(row: BoardRow, certificates: Sequence[Certificate]) -> Certificate | None:
    """What was found of the row's code, by these laws and with the model's own parameters."""
    code = {record.code_sha256 for record in row.records} - {""}
    found = [
        each
        for each in certificates
        if each.code_sha256 in code and not each.params and each.laws in COUNTED
    ]
    return found[-1] if found else None


def _chart_row(view: RowView) -> dict[str, Any]:
    row = view.row
    names = [figure.name for figure in (*ACCURACIES, *COSTS)]
    figures = {name: row.figures[name] for name in names if name in row.figures}
    return {"model": view.name, "anchor": view.anchor, "tier": view.tier, **figures}
