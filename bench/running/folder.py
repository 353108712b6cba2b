"""The results folder of a run: keep records in it, and work beside them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from bench.evaluation import ledger
from bench.isolation.marks import end_all
from bench.records.files import load
from bench.records.folder import Results
from bench.records.record import Cell, Record, finite
from bench.text import one_line


@contextmanager
def work_folder(results: Results) -> Iterator[Path]:
    """An empty folder for what is not a result yet; what a killed run left behind goes."""
    work = results.work
    end_all(work)
    shutil.rmtree(work, ignore_errors=True)
    results.remove_unfinished()
    work.mkdir(parents=True, exist_ok=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def kept_record(cell: Cell, key: str, results: Results) -> Record | None:
    """The record of this very cell, if it was measured before and nothing has changed since."""
    wanted = Record(cell=cell, key=key, status="ok")
    try:
        found = load(Record, results.file_of(wanted))
        if found.status != "ok":
            return None
        ledger.load(results.ledger_of(found))  # one that is cut short is none
    except (OSError, ValueError):
        return None
    return found


def keep(
    found: Record, its_ledger: ledger.Ledger | None, suite: str, invocation: str, results: Results
) -> Record:
    """Put the ledger on the disk, then the record: a record is never without its ledger.

    A good record is not lost to a later attempt that went wrong, as one with --force: it stays, and
    says of the attempt what it came to.
    """
    found = finite(replace(found, suite=suite, invocation=invocation))
    good = None if found.status == "ok" else kept_record(found.cell, found.key, results)
    if good is not None:
        click.echo(f"{one_line(found.cell.name)}: the good record from before stays", err=True)
        reason = f"a later attempt ended as {found.status}: {found.reason}"
        results.save(replace(good, reason=reason, traceback=found.traceback, output=found.output))
        return found
    if its_ledger is not None and found.status == "ok":
        ledger.save(its_ledger, results.ledger_of(found))
    results.save(found)
    return found
