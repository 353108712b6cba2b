"""Measure the cells of a run wherever they run, keep every result, and tell of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Self

import click

from bench.canaries import run as canary_run
from bench.leaderboard.write import board_of, write
from bench.protocol.task import Task
from bench.records.canaries import Canaries
from bench.records.record import Record, stem
from bench.registry.suites import Suite
from bench.report.again import keep_report
from bench.running import cell
from bench.running.display import Display
from bench.running.executors.choose import executor_for
from bench.running.executors.executor import Clocked, Ended, Errand, NoPlaceLeft
from bench.running.folder import keep, keep_ids, keep_label, kept_record
from bench.running.keeping import Keeping
from bench.running.plan import Options, Planned, limits_of
from bench.running.reference import with_kernel
from bench.running.remaining import Remaining, to_measure
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


class Session:
    """One `bench run`: its cells on one task, or on tasks of one train, wherever they run.

    Ctrl-C ends it early, and so does the loss of all places. Then, as at its end, the board is
    written and shown, and MLflow told.
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
        self._planned = planned
        self._fits = [list(cells) for _, cells in groupby(planned, key=lambda each: each.fit)]
        cells = to_measure(planned, options.results, force=options.force)
        known = options.results.read_records() if cells else []
        self._remaining = Remaining(cells, known)
        self._executor = executor_for(options, self._tasks, work, click.echo)
        self._display = Display(
            len(planned), options.shown_on, self._remaining, self._executor.places
        )
        self._again: dict[str, Record] = {}  # by stem: measured before, to be fitted to be kept
        self._unlogged: dict[str, Record] = {}  # by stem: MLflow hears of them with their clock
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
        for record in self._unlogged.values():
            self._tracking.log(record)
        place = {stem(each.cell, each.key): number for number, each in enumerate(self._planned)}
        for records in (self.outcome.records, self._keeping.kept, self._keeping.failed):
            records.sort(key=lambda each: place[each.stem])
        self.outcome.kept, self.outcome.not_kept = self._keeping.kept, self._keeping.failed
        self.outcome.interrupted = isinstance(error, KeyboardInterrupt)
        places_lost = isinstance(error, NoPlaceLeft)
        if error is not None and not self.outcome.interrupted and not places_lost:
            return False
        board = board_of(self._options.results)
        write(board, self._options.results)
        keep_report(board, self._options.results, next(iter(self._tasks.values())))
        try:
            self._show(self.outcome)
        finally:
            self._tracking.finish(self.outcome.records)
        return not places_lost

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

    def measure_all(self) -> None:
        """The record of each cell: kept from before, or of now."""
        with self._executor as executor:
            for event in executor.results(self._errands()):
                if isinstance(event, Ended):
                    self._ended(event)
                else:
                    self._clocked(event)

    def _errands(self) -> Iterator[Errand]:
        """What is to be measured; what need not be is told of in its place.

        Where cells run at the same time, the longest come first, as far as that is known.
        """
        fits = self._fits
        if self._executor.places > 1:
            fits = sorted(fits, key=lambda cells: -self._seconds(cells))
        for cells in fits:
            together = any(each.cell.fold_in for each in cells)
            found = [(each, self._kept(each)) for each in cells]
            missing = [each for each, record in found if record is None and not _skipped(each)]
            for each, record in found:
                if record is not None or _skipped(each):
                    yield from self._known(each, record)
                elif not together:
                    yield self._errand([each])
            if together and missing:
                yield self._errand(missing)

    def _seconds(self, cells: Sequence[Planned]) -> float:
        """That a fit takes; first comes what nothing is known of."""
        known = [self._remaining.of(each.cell) for each in cells]
        return inf if None in known else sum(each or 0.0 for each in known)

    def _known(self, planned: Planned, record: Record | None) -> Iterator[Errand]:
        """Tell of a cell that was measured before, or is skipped; fit it again to be kept."""
        if record is None:
            skipped = cell.skipped(planned, self._tasks[planned.cell.protocol])
            self._tell(self._saved(cell.Measured(skipped)))
        elif planned.cell.fold_in or not self._keeping.lacks(planned, record):
            if not planned.cell.fold_in:
                self._keeping.note(planned, record)
            self._tell(record)
        else:
            self._again[record.stem] = record
            yield self._errand([planned], clocked=False)

    def _errand(self, planned: Sequence[Planned], *, clocked: bool = True) -> Errand:
        first = planned[0]
        return Errand(
            planned=planned,
            limits=limits_of(first, self._suite, self._options),
            keep=self._keeping.wanted(first),
            clocked=clocked,
            hear=self._display.begin(first.cell),
        )

    def _ended(self, event: Ended) -> None:
        for measured in event.measured:
            if again := self._again.get(measured.record.stem):
                self._keeping.put_again(measured, again)
                self._display.leave(again.cell)
                self._tell(again)
            else:
                record = self._saved(measured)
                self._keeping.put(measured, record)
                self._unlogged[record.stem] = record
                self._tell(record)

    def _clocked(self, event: Clocked) -> None:
        """Save what the kernel tells of a clock, and let MLflow hear of the records."""
        for planned in event.errand.planned:
            record = self._unlogged.pop(stem(planned.cell, planned.key), None)
            if record is None:
                continue  # its model was fitted again
            if event.kernel is not None:
                timed = with_kernel(record, event.kernel)
                self._options.results.save(timed)
                self._replace(record, timed)
                record = timed
            self._tracking.log(record)

    def _replace(self, record: Record, timed: Record) -> None:
        for records in (self.outcome.records, self._keeping.kept, self._keeping.failed):
            records[:] = [timed if each is record else each for each in records]

    def _kept(self, planned: Planned) -> Record | None:
        """The record from before, if it counts."""
        results = self._options.results
        if self._options.force:
            return None
        found = kept_record(planned.cell, planned.key, results)
        return found and keep_label(found, planned.cell, results)

    def _saved(self, measured: cell.Measured) -> Record:
        suite, invocation = self._suite.name, self._tracking.invocation
        return keep(measured.record, measured.ledger, suite, invocation, self._options.results)

    def _tell(self, record: Record) -> None:
        self.outcome.records.append(record)
        measured_now = record.invocation == self._tracking.invocation
        self._display.end(record, measured=measured_now)
        if record.stem not in self._unlogged:
            self._tracking.log(record)
        if measured_now:  # so that a killed run leaves a board of what it has
            write(board_of(self._options.results, compute=False), self._options.results)


def _skipped(planned: Planned) -> bool:
    return planned.described.status == "skipped"
