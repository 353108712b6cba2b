"""Boards that a study is made of: sections of results folders with their ledgers, and the data."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.compare.strata import Measured, NoStrata, counts_of_test_items, measured_on
from bench.errors import UsageError, unknown
from bench.evaluation.metrics import Counts, Values
from bench.leaderboard.rows import BoardRow
from bench.leaderboard.sections import Section
from bench.leaderboard.write import board_of
from bench.records.folder import Results
from bench.statistics.aligned import Aligned, load_aligned


class BadStudy(UsageError):
    """Results that no study can be made of: one line, which names the folder."""


@dataclass(frozen=True)
class StudyBoard:
    """One section of a results folder. Its n models are in the order of the board."""

    name: str  # of the folder; with data set and protocol where there are several sections
    results: Results
    section: Section
    rows: tuple[BoardRow, ...]  # [n], of the section, those that have a ledger and are not left out
    aligned: Aligned
    measured: Measured | None = None  # None where the data are not at hand
    missing: str = ""  # why not
    _values: dict[str, tuple[NDArray[np.float64], ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def models(self) -> tuple[str, ...]:
        """Their names on the board. [n]"""
        return tuple(fits.name for fits in self.aligned.fits)

    @property
    def pairs(self) -> int:
        """Of models."""
        return len(self.models) * (len(self.models) - 1) // 2

    def values(self, figure: str) -> tuple[NDArray[np.float64], ...]:
        """A figure of each user in each fit, model after model, [seeds, m] each."""
        if figure not in self._values:
            self._values[figure] = self.aligned.values(figure)
        return self._values[figure]

    def of_users(self, figure: str) -> Values:
        """A figure of each user, the mean over seeds. [n, m]"""
        return np.stack([values.mean(axis=0) for values in self.values(figure)])

    def means(self, figure: str) -> Values:
        """The mean over users and seeds. [n]"""
        return np.array([values.mean() for values in self.values(figure)])

    @property
    def popularity(self) -> Counts | None:
        """Interactions in train of each user's test item, [m]; None without the data."""
        return None if self.measured is None else counts_of_test_items(self.measured.task)


def boards(
    folders: Sequence[Results], without: Sequence[str] = (), data_dir: Path | None = None
) -> list[StudyBoard]:
    """The boards of some results folders, in their order.

    Args:
        without: names of models that are left out, as floors that nobody would use.
        data_dir: where the publishers' data are; one that is not there is looked for where it is
            without the folder, and where it is not at hand, its board says so.

    Raises:
        BadStudy: a folder has no records, or a section that is INVALID or has fewer than two
            models with a ledger.
        NotComparable, BadRecord: see `load_aligned`.
        UnknownName: a model to leave out is on none of the boards.
    """
    found = [board for results in folders for board in _boards_of(results, set(without), data_dir)]
    known = {row.model for board in found for row in board.section.rows}
    for name in without:
        if name not in known:
            raise unknown("model", name, known)
    twice = {name for name, count in Counter(board.name for board in found).items() if count > 1}
    if not twice:
        return found
    return [replace(each, name=f"{each.name} ({number})") for number, each in enumerate(found, 1)]


def _boards_of(results: Results, without: set[str], data_dir: Path | None) -> Iterator[StudyBoard]:
    sections = board_of(results)
    if not sections:
        raise BadStudy(f"no records in {results.records}; `bench run` writes them")
    for section in sections:
        place = section.title
        if section.invalid:
            raise BadStudy(f"{results}: {place} is INVALID: {section.invalid[0]}")
        rows = tuple(row for row in section.rows if row.seeds and row.model not in without)
        if len(rows) < 2:
            raise BadStudy(
                f"{results}: a study needs two models or more with a ledger, and {place} has"
                f" {len(rows)}"
            )
        name = results.path.resolve().name
        board = StudyBoard(
            name if len(sections) == 1 else f"{name}: {place}",
            results,
            section,
            rows,
            load_aligned(results, {row.model: row.records for row in rows}),
        )
        yield _with_data(board, data_dir)


def _with_data(board: StudyBoard, data_dir: Path | None) -> StudyBoard:
    """The board with its data, from the folder or else from where they are without one."""
    try:
        return replace(board, measured=measured_on(board.section, data_dir))
    except NoStrata as error:
        # A folder may have the data of another board, and no cause means that it has others.
        if data_dir is not None and error.__cause__ is not None:
            return _with_data(board, None)
        return replace(board, missing=str(error))
