"""Run a suite: measure what is not measured yet, keep every result, show the board."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Self

import click

from bench.canaries import run as canary_run
from bench.errors import BadParameter
from bench.interactions import DataSet
from bench.isolation.warm import warm
from bench.leaderboard.write import board_of, write
from bench.protocol.audit import audit_lines
from bench.protocol.task import Task, prepare_all
from bench.records.canaries import Canaries
from bench.records.record import Record
from bench.registry.suites import Suite, data_of
from bench.report.again import keep_report
from bench.running import cell
from bench.running.describe import describe, fit_for
from bench.running.display import Display
from bench.running.folder import keep, keep_ids, keep_label, kept_record, work_folder
from bench.running.keeping import Keeping
from bench.running.plan import Options, Planned, limits_of, planned_cells
from bench.running.reference import Clock
from bench.running.remaining import Remaining, to_measure
from bench.running.stages import BASE
from bench.running.text_vectors import with_texts_made
from bench.running.tie_rules import keep_tie_rules
from bench.running.together import measure_together
from bench.tracking.aside import Tracking


@dataclass(kw_only=True)
class RunOutcome:
    """What a run has to show."""

    records: list[Record] = field(default_factory=list)  # of its cells, in the suite's order
    canaries: list[Canaries] = field(default_factory=list)  # that vouch for them
    kept: list[Record] = field(default_factory=list)  # whose model was to be kept, and is
    not_kept: list[Record] = field(default_factory=list)  # whose model could not be kept
    interrupted: bool = False


def show_nothing(outcome: RunOutcome) -> None:
    """The one who asked for a run has its outcome."""


def run(
    suite: Suite,
    options: Options,
    data: DataSet | None = None,
    show: Callable[[RunOutcome], None] = show_nothing,
) -> RunOutcome:
    """Measure a suite. A cell whose record is there already is not measured again.

    Each record and ledger is on the disk before the next cell begins, so an interrupted run loses
    at most the cell that it was at, and the same command goes on from there.

    Args:
        suite: what to measure.
        options: how.
        data: in memory already, instead of the suite's data set.
        show: shows the outcome, before MLflow is told of it.
    """
    with options.results.held(), work_folder(options.results) as work, warm(work, BASE):
        tasks, planned = prepare_run(suite, options, work, data)
        for task in tasks:
            click.echo(audit_lines(task.dataset, task.protocol, task.audit))
        with Session(suite, tasks, options, work, planned, show) as session:
            session.measure_canaries()
            for _, cells in groupby(planned, key=lambda each: each.fit):
                session.measure_fit(list(cells))
    return session.outcome


def prepare_run(
    suite: Suite, options: Options, work: Path, data: DataSet | None = None
) -> tuple[list[Task], list[Planned]]:
    """Everything that comes before the first measurement; cells of one fit follow each other.

    Raises:
        BadParameter, BadSuite, UnknownName: a row has a hyper-parameter that its model does not
            take, or the data set a parameter that it does not.
    """
    described = describe(suite, work)
    data = data or data_of(suite, options.data_dir)
    tasks = prepare_all(data, suite.protocol, suite.min_rating, suite.eval_users)
    if tasks[0].shown is not None and (suite.keep or any(row.keep for row in suite.rows)):
        raise BadParameter(
            f"protocol {suite.protocol}: models that lack the new people are not kept; keep those"
            " of loo-99"
        )
    keep_tie_rules(data, tasks, suite.min_rating, options.results)
    fit = with_texts_made(tasks[0].train, fit_for(tasks[0], described), work)
    where = options.device, options.threads
    planned = [each for task in tasks for each in planned_cells(suite, fit, task, *where)]
    order = {way: place for place, way in enumerate(dict.fromkeys(p.way for p in planned))}
    return tasks, sorted(planned, key=lambda each: order[each.way])


class Session:
    """One `bench run`: cell after cell, on one machine and one task, or tasks of one train.

    Ctrl-C ends it early. Then, as at its end, the board is written and shown, and MLflow told.
    """

    def __init__(
        self,
        suite: Suite,
        tasks: Sequence[Task],
        options: Options,
        work: Path,
        planned: Sequence[Planned],
        show: Callable[[RunOutcome], None] = show_nothing,
    ) -> None:
        self.outcome, self._show = RunOutcome(), show
        self._suite, self._options, self._work = suite, options, work
        self._tasks = {task.protocol: task for task in tasks}
        self._tracking = Tracking(options.results, options.track, options.mlflow)
        self._clock = Clock()
        cells = to_measure(planned, options.results, force=options.force)
        known = options.results.read_records() if cells else []
        self._display = Display(len(planned), options.shown_on, Remaining(cells, known))
        self._keeping = Keeping(suite, tasks[0], options.results, self._display.line)

    def __enter__(self) -> Self:
        self._display.__enter__()
        for task in self._tasks.values():
            keep_ids(task, self._options.results, self._work)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._display.__exit__(kind, error, trace)
        self.outcome.kept, self.outcome.not_kept = self._keeping.kept, self._keeping.failed
        self.outcome.interrupted = isinstance(error, KeyboardInterrupt)
        if error is not None and not self.outcome.interrupted:
            return False
        board = board_of(self._options.results)
        write(board, self._options.results)
        keep_report(board, self._options.results, next(iter(self._tasks.values())))
        try:
            self._show(self.outcome)
        finally:
            self._tracking.finish(self.outcome.records)
        return True

    def measure_canaries(self) -> None:
        """The canaries of the task, unless they were found within their bounds before."""
        for task in self._tasks.values():
            found = canary_run.ensure(
                task.dataset,
                task,
                self._options.results,
                self._work,
                self._display.line,
                again=self._options.force,
            )
            self.outcome.canaries.append(found)

    def measure_fit(self, cells: Sequence[Planned]) -> None:
        """The records of the cells that one fit serves: kept from before, or of now."""
        if not any(each.cell.fold_in for each in cells):
            for each in cells:
                self.measure(each)
            return
        records = [self._kept(each) for each in cells]
        missing = [each for each, found in zip(cells, records, strict=True) if found is None]
        measured = iter(self._measure_together(missing) if missing else [])
        for found in records:
            self._tell(found or next(measured))

    def measure(self, planned: Planned) -> None:
        """The record of a cell: kept from before, or of now."""
        record = self._kept(planned)
        if record is None:
            record = self._measure(planned)
        elif self._keeping.lacks(planned, record):
            self._display.begin(planned.cell)
            self._keeping.put_again(self._fit(planned), record)
        else:
            self._keeping.note(planned, record)
        self._tell(record)

    def _kept(self, planned: Planned) -> Record | None:
        """The record from before, if it counts."""
        results = self._options.results
        if self._options.force:
            return None
        found = kept_record(planned.cell, planned.key, results)
        return found and keep_label(found, planned.cell, results)

    def _tell(self, record: Record) -> None:
        self.outcome.records.append(record)
        measured_now = record.invocation == self._tracking.invocation
        self._display.end(record, measured=measured_now)
        self._tracking.log(record)
        if measured_now:  # so that a killed run leaves a board of what it has
            write(board_of(self._options.results, compute=False), self._options.results)

    def _measure_together(self, cells: Sequence[Planned]) -> list[Record]:
        results, first = self._options.results, cells[0]
        self._display.begin(first.cell)
        if first.described.status != "skipped":
            self._clock.before()
        limits = limits_of(first, self._suite, self._options)
        with_tasks = [(each, self._tasks[each.cell.protocol]) for each in cells]
        measured = measure_together(with_tasks, limits, self._work, self._display)
        records = [
            keep(*each, self._suite.name, self._tracking.invocation, results) for each in measured
        ]
        return self._clock.after(records, results)

    def _measure(self, planned: Planned) -> Record:
        results = self._options.results
        self._display.begin(planned.cell)
        if planned.described.status != "skipped":
            self._clock.before()
        measured = self._fit(planned)
        record = keep(
            measured.record,
            measured.ledger,
            self._suite.name,
            self._tracking.invocation,
            results,
        )
        self._keeping.put(measured, record)
        return self._clock.after([record], results)[0]

    def _fit(self, planned: Planned) -> cell.Measured:
        limits = limits_of(planned, self._suite, self._options)
        task = self._tasks[planned.cell.protocol]
        keeps = self._keeping.wanted(planned)
        return cell.measure(planned, task, limits, self._work, self._display, keep=keeps)
