"""Refit the quick models of a board under other splits: equal times, and minimum ratings.

Each variant is a task of its own under a protocol with its name, and its cells are measured as
those of any run, in a results folder of their own: the board is not touched.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import click
import numpy as np

from bench.compare.strata import Measured, words_of_protocol
from bench.errors import Problem
from bench.interactions import Interactions
from bench.leaderboard.rows import BoardRow
from bench.protocol.audit import audit_lines
from bench.protocol.task import Task, prepare
from bench.records.folder import Results
from bench.registry.suites import Suite, SuiteRow
from bench.running.describe import describe
from bench.running.folder import work_folder
from bench.running.plan import Options, planned_cells
from bench.running.session import Session
from bench.running.surfaces import SurfaceName
from bench.study.boards import StudyBoard

SECONDS = 5.0  # a quick model trains in no more
SEED = 0  # of the random order of equal times


def _reversed(data: Interactions) -> Interactions:
    return data.take(np.arange(len(data))[::-1])


def _shuffled(data: Interactions) -> Interactions:
    return data.take(np.random.default_rng(SEED).permutation(len(data)))


@dataclass(frozen=True)
class Variant:
    """Another split of the same data."""

    suffix: str  # of the protocol's name
    title: str
    reorder: Callable[[Interactions], Interactions] | None = None  # before sorting by time
    min_rating: float | None = None


# The order of the source decides between equal times, so another order of the source is another
# rule for them and changes nothing else.
VARIANTS = (
    Variant("-ties-reversed", "equal times in reverse", _reversed),
    Variant("-ties-random", "equal times at random", _shuffled),
    Variant("-rated-3", "rated 3 or higher", min_rating=3.0),
    Variant("-rated-4", "rated 4 or higher", min_rating=4.0),
)


def variants(board: StudyBoard) -> list[Variant]:
    """Those that the data of a board allow: a split that was published is as it is."""
    if board.measured is None or board.measured.task.published:
        return []
    rated = board.measured.data.interactions.ratings is not None
    _, min_rating, _ = words_of_protocol(board.section.protocol)
    timed = board.measured.data.has_times
    return [
        each
        for each in VARIANTS
        if (each.reorder is not None and timed)
        or (each.min_rating is not None and rated and min_rating is None)
    ]


def quick(board: StudyBoard) -> list[BoardRow]:
    """Rows whose training takes at most five seconds, on the CPU."""
    return [
        row
        for row in board.rows
        if row.device == "cpu" and row.figures.get("train_seconds", np.inf) <= SECONDS
    ]


def refit(boards: Sequence[StudyBoard], results: Results, *, shown_on: SurfaceName) -> None:
    """Measure the quick models of boards under every variant; what is measured stays.

    Raises:
        KeyboardInterrupt: a run was interrupted; the same call goes on from there.
        Problem: the data of a board are not at hand, or a cell failed.
    """
    for board in boards:
        if board.measured is None:
            raise Problem(f"--refit: {board.missing}")
    for board in boards:
        _refit(board, results, shown_on)


def _refit(board: StudyBoard, results: Results, shown_on: SurfaceName) -> None:
    measured = board.measured
    if measured is None or not quick(board) or not variants(board):
        click.echo(
            f"{board.name}: nothing to refit: its split is published, or no model trains in"
            f" {SECONDS:g} s or less"
        )
        return
    suite = _suite(board)
    for variant in variants(board):
        options = Options(results=results, threads=suite_threads(board), shown_on=shown_on)
        with results.held(), work_folder(results) as work:
            task = variant_task(measured, board.section.protocol, variant)
            click.echo(audit_lines(suite.dataset, task.protocol, task.audit))
            planned = planned_cells(
                suite, describe(suite, work), task, options.device, options.threads
            )
            with Session(suite, [task], options, work, planned) as session:
                session.measure_canaries()
                session.measure_all()
        if session.outcome.interrupted:
            raise KeyboardInterrupt
        bad = [record for record in session.outcome.records if record.status != "ok"]
        if bad:
            raise Problem(f"--refit: {bad[0].cell.name} under {task.protocol}: {bad[0].reason}")


def variant_task(measured: Measured, protocol: str, variant: Variant) -> Task:
    """The task of a variant, whose protocol has its name."""
    name, min_rating, eval_users = words_of_protocol(protocol)
    data = measured.data
    if variant.reorder is not None:
        data = replace(data, interactions=variant.reorder(data.interactions))
    task = prepare(data, name, variant.min_rating or min_rating, eval_users)
    return replace(task, protocol=protocol + variant.suffix)


def refit_seed(board: StudyBoard) -> int:
    """The seed that is refitted with: the first of the board."""
    return board.aligned.fits[0].records[0].cell.seed


def suite_threads(board: StudyBoard) -> int:
    """Threads of a cell, as on the board."""
    return min(row.threads for row in board.rows)


def _suite(board: StudyBoard) -> Suite:
    rows = [SuiteRow(model=r.adapter, label=r.label, params=r.params) for r in quick(board)]
    return Suite(
        dataset=board.section.data, rows=tuple(rows), name="study", seeds=(refit_seed(board),)
    )
