"""Measure a cell in a process of its own: from a cell to its record."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from bench import machine
from bench.adapter import Epoch
from bench.evaluation import ledger
from bench.evaluation.figures import figures
from bench.isolation import process as isolation
from bench.isolation.worker import Order
from bench.protocol.task import Task
from bench.records.record import Record
from bench.registry import names
from bench.registry.models import ModelSpec
from bench.registry.sources import source_sha256
from bench.running.display import Display
from bench.running.job import LEDGER, Measure
from bench.running.plan import Planned


def measure(
    planned: Planned,
    task: Task,
    limits: isolation.Limits,
    work: Path,
    display: Display,
    prune: Callable[[Epoch], str] = lambda epoch: "",
) -> tuple[Record, ledger.Ledger | None]:
    """Measure a cell in a process of its own. Whatever the model does, there is a record.

    `prune` hears of each epoch, and ends the cell there by a reason.
    """
    started, began = datetime.now(UTC), monotonic()
    load_before = machine.load_average()
    with tempfile.TemporaryDirectory(dir=work) as name:
        folder = Path(name).resolve()  # a model may go to another folder
        ending, found = _measure(planned, task, limits, folder, display, prune)
    timings = ending.result.get("timings", {}) | {
        "cell_seconds": monotonic() - began,
        "load_before": load_before,
        "load_after": machine.load_average(),
    }
    return (
        Record(
            cell=planned.cell,
            key=planned.key,
            status=ending.status,
            reason=ending.reason,
            traceback=ending.traceback,
            output=ending.output,
            metrics=figures(found) if found else {},
            timings=timings,
            curve=ending.result.get("curve", []),
            audit=task.audit,
            data_sha256=task.data_sha256,
            split_sha256=task.split_sha256,
            code_sha256=source_sha256(planned.cell.model),
            source=task.train.source,
            environment=machine.environment(),
            tuned=planned.row.tuned,
            started=started.isoformat(timespec="milliseconds"),
            ended=datetime.now(UTC).isoformat(timespec="milliseconds"),
        ),
        found,
    )


def _measure(
    planned: Planned,
    task: Task,
    limits: isolation.Limits,
    folder: Path,
    display: Display,
    prune: Callable[[Epoch], str],
) -> tuple[isolation.Ending, ledger.Ledger | None]:
    known = planned.described
    if known.status == "skipped":
        return isolation.Ending(status="skipped", reason=known.reason), None
    cell = planned.cell
    job = Measure(
        row=ModelSpec(cell.model, cell.params),
        seed=cell.seed,
        device=cell.device,
        threads=cell.threads,
        train=task.train,
        looks=task.cases if task.tuning else None,
        folder=folder,
    )
    order = Order(names.added_models(), limits.memory_mb, folder, job)
    with isolation.child(order, limits) as child:
        for kind, value in child.messages():
            if kind == "fitted":
                child.send(task.cases)  # only now: no model can learn from what it never had
            else:
                display.hear(kind, value)
            if kind == "epoch" and (reason := prune(value)):
                child.stop(isolation.Ending(status="pruned", reason=reason))
        ending = child.end()
    if ending.status != "ok":
        return ending, None
    try:
        return ending, _checked(ledger.load(folder / LEDGER), task)
    except ValueError as error:
        return replace(ending, status="failed", reason=str(error)), None


def _checked(found: ledger.Ledger, task: Task) -> ledger.Ledger:
    """The ledger, if it is of the cases that were asked for."""
    train, cases = task.train, task.cases
    wanted: tuple[Any, ...] = (train.user_ids[cases.users], train.item_ids[cases.held_out])
    if not all(map(np.array_equal, wanted, (found.user_ids, found.item_ids))):
        raise ValueError("the ledger is not of the users and items that were asked for")
    return found
