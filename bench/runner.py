"""Run a suite: measure what is not measured yet, keep every result, show the board."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import psutil
from filelock import FileLock, Timeout

from bench import (
    canary_record,
    canary_run,
    cells,
    certificates,
    isolation,
    leaderboard,
    ledger,
    record,
    registry,
)
from bench.audit import audit_lines
from bench.canary_record import Canaries
from bench.cells import Planned
from bench.delimited import BadData
from bench.display import Display
from bench.errors import BadParameter, UnknownName
from bench.interactions import Interactions
from bench.isolation import Limits
from bench.parameters import for_load, parse_dataset
from bench.protocol import Task, prepare
from bench.record import Cell, Record
from bench.reference import Clock
from bench.suite import Suite, blame, blame_dataset
from bench.text import one_line
from bench.upkeep import Tracking

SHARE_OF_MEMORY = 0.8  # of the machine's, that a cell may take when no limit is given


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to run, beside what."""

    results: Path
    data_dir: Path | None = None
    device: str = "cpu"
    threads: int = 1
    force: bool = False  # measure again what is measured
    live: bool = False  # show a line that moves


@dataclass(kw_only=True)
class Outcome:
    """What a run has to show."""

    records: list[Record] = field(default_factory=list)  # of its cells, in the suite's order
    canaries: list[Canaries] = field(default_factory=list)  # that vouch for them
    interrupted: bool = False


def load_data(dataset: str, data_dir: Path | None) -> Interactions:
    """Load a data set by name, with parameters if any: "synthetic:scale=10".

    What its module raises goes on: see `bench.fetch`.

    Raises:
        UnknownName, BadParameter: there is no such data set, or it does not take the parameters.
    """
    name, given = parse_dataset(dataset)
    load = registry.load_module("datasets", name).load
    parameters = for_load(load, name, given)
    try:
        data = load(data_dir, **parameters)
    except ValueError as error:
        if not given or isinstance(error, BadData):
            raise
        raise BadParameter(f"{dataset}: {error}") from error
    if not isinstance(data, Interactions):
        raise TypeError(f"load() of {name} must return Interactions, not {type(data).__name__}")
    return data


def plan(suite: Suite, options: Options, work: Path) -> tuple[Task, list[Planned]]:
    """Everything that comes before the first measurement.

    Raises:
        BadParameter, BadSuite, UnknownName: a row has a hyper-parameter that its model does not
            take, or the data set a parameter that it does not.
    """
    described = cells.describe(suite.rows, work)
    for row, known in zip(suite.rows, described, strict=True):
        if known.status == "usage":
            raise blame(suite, row, known.reason)
    try:
        data = load_data(suite.dataset, options.data_dir)
    except (UnknownName, BadParameter) as error:
        raise blame_dataset(suite, error) from None
    task = prepare(data, suite.protocol, suite.min_rating, suite.eval_users)
    return task, cells.plan(suite, described, task, options.device, options.threads)


def run(suite: Suite, options: Options) -> Outcome:
    """Measure a suite. A cell whose record is there already is not measured again.

    Each record and ledger is on the disk before the next cell begins, so an interrupted run loses
    at most the cell that it was at, and the same command goes on from there.
    """
    outcome = Outcome()
    with only_run(options.results), work_folder(options.results) as work:
        task, planned = plan(suite, options, work)
        click.echo(audit_lines(suite.dataset, task.protocol, task.audit))
        tracking, clock = Tracking(options.results), Clock()
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
                        measured = cells.measure(each, task, limits, work, display)
                        kept = keep(*measured, suite.name, tracking.invocation, options.results)
                        kept = clock.after(kept, options.results)
                    outcome.records.append(kept)
                    measured_now = kept.invocation == tracking.invocation
                    display.end(kept, measured=measured_now)
                    tracking.log(kept)
                    if measured_now:  # so that a killed run leaves a board of what it has
                        write_board(options.results)
            except KeyboardInterrupt:
                outcome.interrupted = True
        write_board(options.results)
        tracking.finish(outcome.records)
    return outcome


def write_board(results: Path) -> list[Record]:
    """Write the board of all that stands in the results; the records behind it."""
    records = readable_records(results)
    leaderboard.write(records, results, readable_canaries(results))
    return records


def kept_record(cell: Cell, key: str, results: Path) -> Record | None:
    """The record of this very cell, if it was measured before and nothing has changed since."""
    path = results / "records" / f"{record.stem(cell, key)}.json"
    try:
        found = record.load(path)
        if found.status != "ok":
            return None
        ledger.load(record.ledger_path(found, results))  # one that is cut short is none
    except (OSError, ValueError):
        return None
    return found


def readable_records(results: Path) -> list[Record]:
    """All records of the results that this bench can read; of others it says so, once."""
    return record.load_all(results, say_left_out)


def readable_canaries(results: Path) -> list[Canaries]:
    """All canaries of the results that this bench can read; of others it says so, once."""
    return canary_record.load_all(results, say_left_out)


_said: set[str] = set()


def say_left_out(error: record.BadRecord) -> None:
    """Name a file that is no record, once."""
    if str(error) not in _said:
        _said.add(str(error))
        click.echo(f"left out: {error}", err=True)


def keep(
    found: Record, its_ledger: ledger.Ledger | None, suite: str, invocation: str, results: Path
) -> Record:
    """Put the ledger on the disk, then the record: a record is never without its ledger.

    A good record is not lost to a later attempt that went wrong, as one with --force: it stays, and
    says of the attempt what it came to.
    """
    found = record.finite(replace(found, suite=suite, invocation=invocation))
    good = None if found.status == "ok" else kept_record(found.cell, found.key, results)
    if good is not None:
        click.echo(f"{one_line(found.cell.name)}: the good record from before stays", err=True)
        reason = f"a later attempt ended as {found.status}: {found.reason}"
        noted = replace(good, reason=reason, traceback=found.traceback, output=found.output)
        record.save(noted, results)
        return found
    if its_ledger is not None and found.status == "ok":
        ledger.save(its_ledger, record.ledger_path(found, results))
    record.save(found, results)
    return found


def limits_of(planned: Planned, suite: Suite, options: Options) -> Limits:
    """What a cell may use: its row's limits, else the suite's, else most of the machine."""
    total = psutil.virtual_memory().total / 2**20
    return Limits(
        seconds=planned.row.timeout or suite.timeout,
        memory_mb=suite.memory_limit or int(total * SHARE_OF_MEMORY),
        threads=options.threads,
    )


@contextmanager
def only_run(results: Path) -> Iterator[None]:
    """Hold the results folder: a second run on it waits, and says so.

    Where a disk is full, the system names no file: then the folder is named.
    """
    results.mkdir(parents=True, exist_ok=True)
    lock = FileLock(results / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        click.echo(f"another run holds {results}; waiting for it to end", err=True)
        lock.acquire()
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.strerror is None:
            raise
        raise OSError(error.errno, error.strerror, str(results)) from error
    finally:
        lock.release()


@contextmanager
def work_folder(results: Path) -> Iterator[Path]:
    """An empty folder for what is not a result yet; what a killed run left behind goes."""
    work = results / ".work"
    isolation.end_all(work)
    shutil.rmtree(work, ignore_errors=True)
    for place in (results, *results.glob("tune/*/")):
        for name in ("", "records", "ledgers", "canaries", certificates.FOLDER):
            record.remove_unfinished(place / name)
    work.mkdir(parents=True, exist_ok=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
