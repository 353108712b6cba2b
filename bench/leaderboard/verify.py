"""Compute every published figure again, from the ledgers alone."""

import csv
import io
from itertools import zip_longest
from math import isclose
from pathlib import Path

from bench.errors import Problem
from bench.evaluation import figures as evaluation_figures
from bench.evaluation import ledger
from bench.leaderboard import sections, validity
from bench.leaderboard.write import to_csv, to_html, to_markdown
from bench.records import canaries as canary_record
from bench.records import certificates, record
from bench.records.canaries import Canaries
from bench.records.record import Record
from bench.records.timings import DRIFT, UNITS, derived

TOLERANCE = 1e-9  # of a figure computed again, perhaps on another machine


class Difference(Problem):
    """A published figure that its ledger does not give."""


def verify(results: Path) -> str:
    """Check all records and boards of a results folder, and say what was checked.

    Raises:
        Difference: the first figure that cannot be computed again, the first missing ledger, or why
            a board is INVALID.
        BadRecord: a file is no record or no ledger.
    """
    records = record.load_all(results)
    if not records:
        raise Difference(f"no records in {results / 'records'}")
    figures = sum(_check_record(found, results) for found in records if found.status == "ok")
    canaries = canary_record.load_all(results)
    for section in sections.sections(records, canaries):
        for reason in section.invalid:
            raise Difference(
                f"{results}: {section.dataset}, {section.protocol} is INVALID: {reason}"
            )
    boards = _check_board(records, canaries, results)
    measured = sum(found.status == "ok" for found in records)
    return (
        f"{results}: {len(records)} records, {measured} of them with a ledger; {figures} figures"
        f" and {boards} computed again, all equal"
    )


def _check_record(found: Record, results: Path) -> int:
    path = record.ledger_path(found, results)
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


def _check_board(records: list[Record], canaries: list[Canaries], results: Path) -> str:
    path = results / "leaderboard.csv"
    if not path.exists():
        raise Difference(f"{path}: the board is missing; `bench leaderboard` writes it")
    given = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    verdicts = certificates.verdicts(results)
    again = list(csv.reader(io.StringIO(to_csv(records, canaries, verdicts))))
    for number, (row, computed) in enumerate(zip(given, again, strict=False), start=1):
        if row != computed:
            cells = zip_longest(again[0], row, computed, fillvalue="missing")
            column, old, new = next((name, a, b) for name, a, b in cells if a != b)
            raise Difference(f"{path}, line {number}: {column} is {old}, computed again {new}")
    if len(given) != len(again):
        raise Difference(f"{path}: {len(given) - 1} rows, computed again {len(again) - 1}")
    for name, text in (
        ("leaderboard.md", to_markdown(records, canaries, verdicts)),
        ("leaderboard.html", to_html(records, canaries, verdicts)),
    ):
        if (results / name).exists() and (results / name).read_text(encoding="utf-8") != text:
            raise Difference(
                f"{results / name} is not what its records give; see `bench leaderboard`"
            )
    return f"a board of {len(again) - 1} rows"
