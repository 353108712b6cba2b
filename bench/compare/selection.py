"""The section of a results folder that a question is about, and rows of it by name."""

from bench.errors import UsageError, unknown
from bench.leaderboard.rows import BoardRow
from bench.leaderboard.sections import Section
from bench.leaderboard.write import board_of
from bench.records.folder import Results
from bench.statistics.user_figures import DEFAULT, FIGURES
from bench.text import one_line

BY = {"ndcg": DEFAULT, "hr": "exact_hr_at_10", "full": "full_ndcg_at_10"}  # short names


class NoSection(UsageError):
    """There is nothing to compare, or it is not clear what is meant."""


def figure_of(by: str) -> str:
    """The name of a figure, which may be short: ndcg, hr or full.

    Raises:
        UnknownName: there is no such figure.
    """
    figure = BY.get(by, by)
    if figure not in FIGURES:
        raise unknown("figure", by, [*BY, *FIGURES])
    return figure


def measured_sections(results: Results) -> list[Section]:
    """All sections of a results folder that have a ledger and can be believed.

    Raises:
        NoSection: there are no records with a ledger, or a board is INVALID.
    """
    found = [s for s in board_of(results, compute=False) if any(row.seeds for row in s.rows)]
    if not found:
        raise NoSection(f"no ledgers in {results}; `bench run` writes them")
    for section in found:
        if section.invalid:
            why = one_line(section.invalid[0])
            raise NoSection(f"{results}: the board of {_place(section)} is INVALID: {why}")
    return found


def section_of(
    results: Results, dataset: str | None = None, protocol: str | None = None
) -> Section:
    """The one section that is meant.

    Raises:
        NoSection: none or several fit the words.
        UnknownName: the folder does not have that data set, or that protocol.
    """
    found = measured_sections(results)
    if dataset is not None:
        names = {section.dataset for section in found}
        if dataset not in names:
            raise unknown("data set", dataset, names)
        found = [section for section in found if section.dataset == dataset]
    datasets = sorted({section.dataset for section in found})
    if len(datasets) > 1:
        what = "versions of the data" if len({each.data for each in found}) == 1 else "data sets"
        raise NoSection(
            f"{results} has several {what}; choose one with --dataset: {', '.join(datasets)}"
        )
    if protocol is not None:
        names = {section.protocol for section in found}
        if protocol not in names:
            raise unknown("protocol", protocol, names)
        found = [section for section in found if section.protocol == protocol]
    if len(found) > 1:
        protocols = ", ".join(section.protocol for section in found)
        raise NoSection(
            f"{results} has several protocols of {datasets[0]}; choose one with --protocol:"
            f" {protocols}"
        )
    return found[0]


def row_of(section: Section, name: str) -> BoardRow:
    """The row that has this name on the board, or its label where one row has it.

    Raises:
        UnknownName: no row with a ledger has it; the message gives the nearest that does.
    """
    measured = [row for row in section.rows if row.seeds]
    found = [row for row in measured if row.model == name]
    found = found or [row for row in measured if row.label == name]
    if len(found) != 1:
        raise unknown("model", name, [row.model for row in measured])
    return found[0]


def name_of(row: BoardRow) -> str:
    """How the row is called on the board, on one line."""
    return one_line(row.model)


def _place(section: Section) -> str:
    return section.title
