"""Compute every published figure again, from the ledgers alone."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from math import isclose
from pathlib import Path
from typing import Any

from bench.errors import Problem
from bench.evaluation import figures as evaluation_figures
from bench.evaluation import ledger
from bench.leaderboard import validity
from bench.leaderboard.sections import Section, sections
from bench.leaderboard.statistics import records_of_rows, with_statistics
from bench.leaderboard.write import files
from bench.records.canaries import Canaries
from bench.records.files import load_all
from bench.records.folder import Results
from bench.records.record import Record
from bench.records.tie_rules import TieRules
from bench.records.timings import DRIFT, UNITS, derived
from bench.statistics.standings import standings

TOLERANCE = 1e-9  # of a figure computed again, perhaps on another machine
OF_COUNTS = 1e-3  # of a share of draws or flips, of which one on the edge may fall the other way


class Difference(Problem):
    """A published figure that its ledger does not give."""


def verify(results: Results) -> str:
    """Check all records and boards of a results folder, and say what was checked.

    Raises:
        Difference: the first figure that cannot be computed again, the first missing ledger, or why
            a board is INVALID.
        BadRecord: a file is no record or no ledger.
    """
    records = load_all(Record, results.records)
    if not records:
        raise Difference(f"no records in {results.records}")
    figures = sum(check_record(found, results) for found in records if found.status == "ok")
    board = sections(
        records,
        load_all(Canaries, results.canaries),
        results.verdicts(),
        load_all(TieRules, results.ties),
    )
    for section in board:
        for reason in section.invalid:
            raise Difference(f"{results}: {section.title} is INVALID: {reason}")
    board = with_statistics(board, results, compute=False)  # as they are kept
    computed = sum(_check_statistics(section, results) for section in board)
    rows = _check_board(board, results)
    measured = sum(found.status == "ok" for found in records)
    return (
        f"{results}: {len(records)} records, {measured} of them with a ledger; {figures} figures"
        f" and a board of {rows} rows computed again"
        + (", with their statistics" if computed else "")
        + ", all equal"
        + _versions(board)
    )


def _versions(board: list[Section]) -> str:
    """Which data stand there in several versions, in words."""
    several = [section.title for section in board if section.has_other_versions]
    if not several:
        return ""
    return f"; versions of the same data are sections of their own: {'; '.join(several)}"


def check_record(found: Record, results: Results) -> int:
    """Compute the figures of a record that is ok again; how many there are.

    Raises:
        Difference: one is another, or the ledger is missing.
        BadRecord: the ledger is none.
    """
    path = results.ledger_of(found)
    if not path.exists():
        raise Difference(f"{path}: the ledger of {found.stem} is missing")
    again = evaluation_figures.figures(ledger.load(path))
    if found.cell.eval_users not in (0, again["test_users"]):
        raise Difference(
            f"{found.stem}: a sample of {found.cell.eval_users} users in the record,"
            f" {again['test_users']:.0f} in the ledger"
        )
    again |= derived(found.timings, found.cell.device)
    clock = (DRIFT, UNITS)
    published = found.metrics | {n: found.timings[n] for n in clock if n in found.timings}
    for name in sorted(again.keys() | published.keys()):
        given, computed = published.get(name), again.get(name)
        if given is None or computed is None or not isclose(given, computed, abs_tol=TOLERANCE):
            raise Difference(f"{found.stem}: {name} is {given} in the record, {computed} again")
    if reason := validity.outside_sampling_error(found):
        raise Difference(f"{found.stem}: {reason}")
    return len(again)


def _check_statistics(section: Section, results: Results) -> bool:
    """Compute the statistics of a section anew and compare them; False where none are kept."""
    if section.standings is None:
        return False
    again = standings(results, section.dataset, section.protocol, records_of_rows(section))
    path = results.file_of(section.standings)
    wanted = list(_leaves(section.standings.to_dict()))
    for (name, given), (_, computed) in zip(wanted, _leaves(again.to_dict()), strict=True):
        if isinstance(given, float) and isinstance(computed, float):
            counted = "share" in name or name.endswith(".p")
            same = isclose(given, computed, abs_tol=OF_COUNTS if counted else TOLERANCE)
        else:
            same = given == computed
        if not same:
            raise Difference(f"{path}: {name} is {given}, computed again {computed}")
    return True


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The numbers and words of what is kept, each with where it stands."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _leaves(entry, f"{name}.{key}" if name else key)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for place, entry in enumerate(value):
            yield from _leaves(entry, f"{name}[{place}]")
    else:
        yield name, value


def _check_board(board: list[Section], results: Results) -> int:
    """Compare the files of a board with what stands there; how many rows it has."""
    table = results.board_table
    if not table.exists():
        raise Difference(f"{table}: the board is missing; `bench leaderboard` writes it")
    again = files(board)
    _compare_cells(table, again[table.name])
    for path in results.boards:
        text = again[path.name]
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise Difference(f"{path} is not what its records give; see `bench leaderboard`")
    return sum(len(section.rows) for section in board)


def _compare_cells(path: Path, text: str) -> None:
    """Name the first cell of the board for programs that differs."""
    given = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    again = list(csv.reader(io.StringIO(text)))
    for number, (row, computed) in enumerate(zip(given, again, strict=False), start=1):
        if row != computed:
            cells = zip_longest(again[0], row, computed, fillvalue="missing")
            column, old, new = next((name, a, b) for name, a, b in cells if a != b)
            raise Difference(f"{path}, line {number}: {column} is {old}, computed again {new}")
    if len(given) != len(again):
        raise Difference(f"{path}: {len(given) - 1} rows, computed again {len(again) - 1}")
