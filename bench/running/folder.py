"""The results folder of a run: hold it, keep records in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from filelock import FileLock, Timeout

from bench.evaluation import ledger
from bench.isolation.marks import end_all
from bench.records import certificates, record
from bench.records.files import remove_unfinished
from bench.records.record import Cell, Record
from bench.text import one_line


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
    end_all(work)
    shutil.rmtree(work, ignore_errors=True)
    for place in (results, *results.glob("tune/*/")):
        for name in ("", "records", "ledgers", "canaries", certificates.FOLDER):
            remove_unfinished(place / name)
    work.mkdir(parents=True, exist_ok=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


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
