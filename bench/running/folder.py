"""The results folder of a run: keep records in it, and work beside them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from bench.evaluation import ledger
from bench.isolation.marks import end_all
from bench.kept.tables import ids_column, write_table
from bench.protocol.task import Task
from bench.records.files import load, write_whole
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


def _files_of(cell: Cell, key: str, results: Results) -> list[Path]:
    """The files of records of a cell: the one under its label, else those under others."""
    named = results.file_of(Record(cell=cell, key=key, status="ok"))
    return [named] if named.exists() else sorted(results.records.glob(f"*.{key}.json"))


def stands(cell: Cell, key: str, results: Results) -> bool:
    """Whether there is a record of a cell, of whatever it came to; its label does not count."""
    return bool(_files_of(cell, key, results))


def kept_record(cell: Cell, key: str, results: Results) -> Record | None:
    """The record of this very cell, if it was measured before and nothing has changed since.

    One that stands under another label is taken, too: see `keep_label`.
    """
    for path in _files_of(cell, key, results):
        try:
            found = load(Record, path)
            if found.status == "ok" and found.key == key:
                ledger.load(results.ledger_of(found))  # one that is cut short is none
                return found
        except (OSError, ValueError):
            continue
    return None


def keep_label(found: Record, cell: Cell, results: Results) -> Record:
    """The record under the label that its cell has now; what stands under another one stays."""
    if found.cell.label == cell.label:
        return found
    named = replace(found, cell=replace(found.cell, label=cell.label))
    write_whole(results.ledger_of(named), results.ledger_of(found).read_bytes())
    results.save(named)
    return named


def keep_ids(task: Task, results: Results, work: Path) -> None:
    """Keep the ids of items, which ledgers name by position, unless the positions are the ids.

    The file is made in a folder beside it, so that it is there whole or not at all.
    """
    ids, path = task.train.item_ids, results.items_of(task.data_sha256)
    if not path.exists() and not np.array_equal(ids, np.arange(len(ids))):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table({"item_id": ids_column(ids)}, work / path.name)
        (work / path.name).replace(path)


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
        good = keep_label(good, found.cell, results)
        click.echo(f"{one_line(found.cell.name)}: the good record from before stays", err=True)
        reason = f"a later attempt ended as {found.status}: {found.reason}"
        results.save(replace(good, reason=reason, traceback=found.traceback, output=found.output))
        return found
    if its_ledger is not None and found.status == "ok":
        ledger.save(its_ledger, results.ledger_of(found))
    results.save(found)
    return found
