"""Run a suite: measure what is not measured yet, keep every result, show the board."""

from dataclasses import dataclass, field
from pathlib import Path

import click

from bench.canaries import run as canary_run
from bench.errors import BadParameter, UnknownName
from bench.leaderboard.write import board_of, write
from bench.protocol.audit import audit_lines
from bench.protocol.task import Task, prepare
from bench.records.canaries import Canaries
from bench.records.record import Record
from bench.registry.datasets import load_data
from bench.registry.suites import Suite, blame_dataset
from bench.running import cell
from bench.running.describe import describe
from bench.running.display import Display
from bench.running.folder import keep, kept_record, only_run, work_folder
from bench.running.plan import Options, Planned, limits_of, planned_cells
from bench.running.reference import Clock
from bench.tracking.live import LiveTracking


@dataclass(kw_only=True)
class RunOutcome:
    """What a run has to show."""

    records: list[Record] = field(default_factory=list)  # of its cells, in the suite's order
    canaries: list[Canaries] = field(default_factory=list)  # that vouch for them
    interrupted: bool = False


def prepare_run(suite: Suite, options: Options, work: Path) -> tuple[Task, list[Planned]]:
    """Everything that comes before the first measurement.

    Raises:
        BadParameter, BadSuite, UnknownName: a row has a hyper-parameter that its model does not
            take, or the data set a parameter that it does not.
    """
    described = describe(suite, work)
    try:
        data = load_data(suite.dataset, options.data_dir)
    except (UnknownName, BadParameter) as error:
        raise blame_dataset(suite, error) from None
    task = prepare(data, suite.protocol, suite.min_rating, suite.eval_users)
    return task, planned_cells(suite, described, task, options.device, options.threads)


def run(suite: Suite, options: Options) -> RunOutcome:
    """Measure a suite. A cell whose record is there already is not measured again.

    Each record and ledger is on the disk before the next cell begins, so an interrupted run loses
    at most the cell that it was at, and the same command goes on from there.
    """
    outcome = RunOutcome()
    with only_run(options.results), work_folder(options.results) as work:
        task, planned = prepare_run(suite, options, work)
        click.echo(audit_lines(suite.dataset, task.protocol, task.audit))
        tracking, clock = LiveTracking(options.results), Clock()
        with Display(len(planned), options.live) as display:
            try:
                canaries = canary_run.ensure(
                    suite.dataset, task, options.results, work, display.line, again=options.force
                )
                outcome.canaries.append(canaries)
                for each in planned:
                    kept = (
                        None if options.force else kept_record(each.cell, each.key, options.results)
                    )
                    if kept is None:
                        display.begin(each.cell)
                        if each.described.status != "skipped":
                            clock.before()
                        limits = limits_of(each, suite, options)
                        measured = cell.measure(each, task, limits, work, display)
                        kept = keep(*measured, suite.name, tracking.invocation, options.results)
                        kept = clock.after(kept, options.results)
                    outcome.records.append(kept)
                    measured_now = kept.invocation == tracking.invocation
                    display.end(kept, measured=measured_now)
                    tracking.log(kept)
                    if measured_now:  # so that a killed run leaves a board of what it has
                        write(board_of(options.results), options.results)
            except KeyboardInterrupt:
                outcome.interrupted = True
        write(board_of(options.results), options.results)
        tracking.finish(outcome.records)
    return outcome
