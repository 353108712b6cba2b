"""Statistics of the rows of a board: computed or kept from before, and said below the table."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations

from bench.errors import Problem
from bench.leaderboard.rows import BoardRow
from bench.leaderboard.sections import Section
from bench.records.folder import Results
from bench.records.record import Record
from bench.records.standings import Standings
from bench.statistics.paired import NotComparable
from bench.statistics.standings import key_of_rows, standings
from bench.statistics.user_figures import FIGURES
from bench.text import one_line

LATER = "not computed yet, ± is over users alone; `bench leaderboard` computes them"


def with_statistics(
    board: Iterable[Section], results: Results, *, compute: bool = True
) -> list[Section]:
    """The sections with the statistics of their rows; where there are none, with the reason.

    Those that are kept of the same ledgers are taken as they are. A section that is INVALID has
    none, and no reason but that.

    Args:
        board: sections with records of the results.
        results: where ledgers and kept statistics stand.
        compute: whether to compute what is not kept: seconds for a large board.
    """
    kept = results.read_standings()
    return [_with_statistics(section, results, kept, compute) for section in board]


def records_of_rows(section: Section) -> dict[str, tuple[Record, ...]]:
    """The records behind each row that has a figure, by its name on the board."""
    return {row.model: row.records for row in section.rows if row.seeds}


def statistics_lines(section: Section) -> list[str]:
    """What they say of the section as a whole, for below its table."""
    found = section.standings
    if found is None:
        return [f"statistics: {section.no_statistics}"] if section.no_statistics else []
    if not found.pairs:
        return []
    figure = FIGURES[found.figure].title
    lines = [
        f"tiers: tier 1 is the best row by {figure} and all that are not told apart from it, tier "
        "2 the same among the rest, and so on (all pairs tested together, at 5 %); neighbours "
        "across a border need not differ",
        f"{found.users:,} users can tell two models apart from {found.detectable:.2g} {figure} on, "
        f"for a typical pair and in 80 % of cases ({found.detectable_in_all:.2g} where all pairs "
        "are looked at); closer ones may differ without being told apart",
    ]
    if crossing := _crossing(section, figure):
        lines.append(crossing)
    if all(row.one_fit for row in found.rows):
        lines.append("one fit of each row: the tiers are of these fits, other seeds may move them")
    return lines


def _with_statistics(
    section: Section,
    results: Results,
    kept: Mapping[tuple[str, str], Standings],
    compute: bool,
) -> Section:
    rows = records_of_rows(section)
    if section.invalid or not rows:
        return section
    try:
        found = kept.get((section.dataset, section.protocol))
        if found is None or found.key != key_of_rows(results, rows):
            if not compute:
                return replace(section, no_statistics=LATER)
            found = standings(results, section.dataset, section.protocol, rows)
    except (NotComparable, Problem, OSError) as error:
        return replace(section, no_statistics=f"none, {one_line(str(error))}")
    several = any(not row.one_fit for row in found.rows)
    placed = tuple(_placed(row, found, several) for row in section.rows)
    return replace(section, rows=placed, standings=found)


def _placed(row: BoardRow, found: Standings, several: bool) -> BoardRow:
    """The row with its statistics, and with errors that have a part of the seeds."""
    if not row.seeds:
        return row
    own = found.row(row.model)
    errors_of_users = row.figures.keys() if own.one_fit else frozenset[str]()
    means = {name for name in row.figures if not name.endswith("_se")}
    added = {n: v for n, v in own.figures.items() if n not in means and n not in errors_of_users}
    return replace(
        row,
        tier=own.tier if found.pairs else 0,
        letters=own.letters if found.pairs else "",
        one_fit=own.one_fit,
        fewer_seeds=own.one_fit and several,
        figures=row.figures | added,
    )


def _crossing(section: Section, figure: str) -> str:
    """Why a row of a lower tier may stand above one of a higher tier, where one does."""
    rows = [row for row in section.rows if row.tier]
    if all(above.tier <= below.tier for above, below in combinations(rows, 2)):
        return ""
    said = (
        f"rows are in the order of HR@10 and tiers by {figure}, so a row of a lower tier may stand "
        "above one of a higher tier"
    )
    found = section.standings
    assert found is not None  # rows have tiers
    by_figure = sorted(rows, key=lambda row: -row.figures[found.figure])
    for above, below in combinations(by_figure, 2):
        if above.tier > below.tier:
            return (
                f"{said}; even by {figure} {one_line(above.model)}, of tier {above.tier}, is above "
                f"{one_line(below.model)}, of tier {below.tier}, for its difference from the best "
                f"of tier {below.tier} is steadier over users"
            )
    return said
