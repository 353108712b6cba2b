"""Measure a cell in a process of its own: from a cell to its record."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from bench import machine
from bench.evaluation import ledger
from bench.evaluation.figures import figures
from bench.isolation import process as isolation
from bench.protocol.task import Task
from bench.records.record import Record, Status
from bench.registry.models import ModelSpec
from bench.registry.names import knowing_added_models
from bench.registry.sources import source_sha256
from bench.running.display import Display
from bench.running.job import LEDGER, Measure
from bench.running.plan import Planned
from bench.running.training import Epoch

# Of what the job says.
READERS: isolation.Readers = {"phase": str, "share": float, "epoch": Epoch.read}


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
    if planned.described.status == "skipped":
        return skipped(planned, task), None
    started, began = datetime.now(UTC), monotonic()
    load_before = machine.load_average()
    ending, found = _measure(planned, task, limits, work, display, prune)
    timings = ending.result.get("timings", {}) | {
        "cell_seconds": monotonic() - began,
        "load_before": load_before,
        "load_after": machine.load_average(),
    }
    return _record(
        planned,
        task,
        started,
        status="pruned" if ending.status == "stopped" else ending.status,
        reason=ending.reason,
        traceback=ending.traceback,
        output=ending.output,
        metrics=figures(found) if found else {},
        timings=timings,
        curve=ending.result.get("curve", []),
    ), found


def skipped(planned: Planned, task: Task) -> Record:
    """The record of a cell that cannot be measured here, for the reason that its model gave."""
    load = machine.load_average()
    return _record(
        planned,
        task,
        datetime.now(UTC),
        status="skipped",
        reason=planned.described.reason,
        timings={"load_before": load, "load_after": load},
    )


def _record(
    planned: Planned, task: Task, started: datetime, status: Status, **found: Any
) -> Record:
    """What was found, with all that is known of the cell beside it."""
    return Record(
        cell=planned.cell,
        key=planned.key,
        status=status,
        audit=task.audit,
        data_sha256=task.data_sha256,
        split_sha256=task.split_sha256,
        code_sha256=source_sha256(planned.cell.model),
        source=task.train.source,
        environment=machine.environment(),
        tuned=planned.row.tuned,
        uses_order="order" in planned.described.needs,
        started=started.isoformat(timespec="milliseconds"),
        ended=datetime.now(UTC).isoformat(timespec="milliseconds"),
        **found,
    )


def _measure(
    planned: Planned,
    task: Task,
    limits: isolation.Limits,
    work: Path,
    display: Display,
    prune: Callable[[Epoch], str],
) -> tuple[isolation.Ending, ledger.Ledger | None]:
    cell = planned.cell
    job = Measure(
        row=ModelSpec(cell.model, cell.params),
        seed=cell.seed,
        device=cell.device,
        threads=cell.threads,
        memory_limit_mb=limits.memory_mb,
        train=task.train,
        looks=task.cases if task.tuning else None,
    )
    with isolation.running(job, limits, work, knowing_added_models()) as child:
        for kind, value in child.messages(READERS):
            if kind == "fitted":
                child.send(task.cases)  # only now: no model can learn from what it never had
            else:
                display.hear(kind, value)
            if kind == "epoch" and (reason := prune(value)):
                child.stop(reason)
        ending = child.end()
        if ending.status != "ok":
            return ending, None
        try:
            return ending, _checked(ledger.load(child.folder / LEDGER), task)
        except ValueError as error:
            return replace(ending, status="failed", reason=str(error)), None


def _checked(found: ledger.Ledger, task: Task) -> ledger.Ledger:
    """The ledger, if it is of the cases that were asked for."""
    train, cases = task.train, task.cases
    wanted: tuple[Any, ...] = (train.user_ids[cases.users], train.item_ids[cases.held_out])
    if not all(map(np.array_equal, wanted, (found.user_ids, found.item_ids))):
        raise ValueError("the ledger is not of the users and items that were asked for")
    return found
