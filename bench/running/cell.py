"""Measure a cell in a process of its own: from a cell to its record."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from bench import machine
from bench.evaluation import ledger
from bench.evaluation.figures import figures
from bench.evaluation.ledger import Ledger
from bench.isolation import process as isolation
from bench.kept.put import Fitted
from bench.kept.take import Left, NotKept, taken
from bench.peers.environment import peer_facts
from bench.protocol.task import Task
from bench.records.record import Record, Status
from bench.records.timings import COMPILE, CPU
from bench.registry.models import ModelSpec
from bench.registry.names import knowing_added_models
from bench.registry.sources import source_sha256
from bench.running.job import LEDGER, Measure
from bench.running.plan import Planned
from bench.running.stages import stages_of_cell
from bench.running.text_vectors import NEED, with_vectors
from bench.running.training import Epoch
from bench.text import one_line


def facts_of(plain: Any) -> dict[str, str]:
    """What a fit was computed by, as its process says: a few names with a word or two each.

    Raises:
        TypeError, ValueError: it is something else.
    """
    found = {str(name): one_line(str(value))[:300] for name, value in dict(plain).items()}
    return {name: found[name] for name in ARITHMETIC if found.get(name)}


ARITHMETIC = ("instruction_set", "blas", "fitted_on")
# Of what the job says.
READERS: isolation.Readers = {
    **{"phase": str, "share": float, "epoch": Epoch.read},
    **{"measured": dict, "left": Left.read, "arithmetic": facts_of},
}


class Measured(NamedTuple):
    """What came of a cell."""

    record: Record
    ledger: Ledger | None = None
    fitted: Fitted | None = None  # what is to be kept of the model; its state is a file in `work`
    not_kept: str = ""  # why there is no such thing, where it was wanted


def measure(
    planned: Planned,
    task: Task,
    limits: isolation.Limits,
    work: Path,
    hear: Callable[[str, Any], None],
    prune: Callable[[Epoch], str] = lambda epoch: "",
    *,
    keep: bool = False,
) -> Measured:
    """Measure a cell in a process of its own. Whatever the model does, there is a record.

    `hear` gets what the process says, as kind and value; ("", None) when it says nothing. `prune`
    hears of each epoch, and ends the cell there by a reason. With `keep` the model is to be kept:
    the record is as without it, also where that goes wrong.
    """
    if planned.described.status == "skipped":
        return Measured(skipped(planned, task))
    started, began = datetime.now(UTC), monotonic()
    load_before = machine.load_average()
    came = _measure(planned, task, limits, work, hear, prune, keep)
    ending, found = came.ending, came.ledger
    told = ending.result.get("timings", {})
    timings = told | {
        COMPILE: told.get(COMPILE, 0.0) + planned.described.compile_seconds,
        "cell_seconds": came.at - began,
        **({} if ending.cpu_seconds is None else {CPU: ending.cpu_seconds}),
        "load_before": load_before,
        "load_after": machine.load_average(),
    }
    record = record_of(
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
        environment={**machine.environment(), **came.arithmetic},
    )
    return Measured(record, found, came.fitted, came.not_kept)


def skipped(planned: Planned, task: Task) -> Record:
    """The record of a cell that cannot be measured here, for the reason that its model gave."""
    load = machine.load_average()
    return record_of(
        planned,
        task,
        datetime.now(UTC),
        status="skipped",
        reason=planned.described.reason,
        timings={"load_before": load, "load_after": load},
    )


def record_of(
    planned: Planned, task: Task, started: datetime, status: Status, **found: Any
) -> Record:
    """What was found, with all that is known of the cell beside it."""
    environment = found.pop("environment", machine.environment())
    return Record(
        cell=planned.cell,
        key=planned.key,
        status=status,
        audit=task.audit,
        data_sha256=task.data_sha256,
        split_sha256=task.split_sha256,
        code_sha256=source_sha256(planned.cell.model),
        source=task.train.source,
        tuned=planned.row.tuned,
        uses_order="order" in planned.described.needs,
        started=started.isoformat(timespec="milliseconds"),
        ended=datetime.now(UTC).isoformat(timespec="milliseconds"),
        environment={**environment, **peer_facts(planned.cell.model)},
        **found,
    )


class _Came(NamedTuple):
    """How a cell's process ended, and when what is measured was known."""

    ending: isolation.Ending
    ledger: Ledger | None
    at: float
    fitted: Fitted | None = None
    not_kept: str = ""
    arithmetic: Mapping[str, str] = MappingProxyType({})  # what the fit was computed by


def _measure(
    planned: Planned,
    task: Task,
    limits: isolation.Limits,
    work: Path,
    hear: Callable[[str, Any], None],
    prune: Callable[[Epoch], str],
    keep: bool,
) -> _Came:
    cell = planned.cell
    job = Measure(
        row=ModelSpec(cell.model, cell.params),
        seed=cell.seed,
        device=cell.device,
        threads=cell.threads,
        memory_limit_mb=limits.memory_mb,
        train=with_vectors(task.train) if NEED in planned.described.needs else task.train,
        looks=task.cases if task.tuning else None,
        keep=keep,
    )
    curve: list[Any] = []
    came: _Came | None = None
    left: Left | None = None
    arithmetic: dict[str, str] = {}
    stages = stages_of_cell(cell.model, device=cell.device, needs=planned.described.needs)
    with isolation.running(job, limits, work, knowing_added_models(), stages) as child:
        for kind, value in child.messages(READERS):
            if kind == "fitted":
                child.send(task.cases)  # only now: no model can learn from what it never had
            elif kind == "measured" and keep and came is None:
                found = isolation.Ending(status="ok", result={"timings": value, "curve": curve})
                came = _ended(found, child.folder, task)
            elif kind == "left":
                left = value
            elif kind == "arithmetic":
                arithmetic = value
            else:
                hear(kind, value)
            if kind == "epoch":
                curve.append(value._asdict())
                if reason := prune(value):
                    child.stop(reason)
        ending = child.end()
        if came is None:
            return _ended(ending, child.folder, task)._replace(arithmetic=arithmetic)
        known = replace(came.ending, cpu_seconds=ending.cpu_seconds)
        came = came._replace(ending=known, arithmetic=arithmetic)
        if left is None or ending.status != "ok":
            return came._replace(not_kept=ending.reason or "the process left no model")
        try:
            fitted = taken(left, child.folder, task.train)
        except NotKept as error:
            return came._replace(not_kept=str(error))
        return came._replace(fitted=fitted.moved(work))


def _ended(ending: isolation.Ending, folder: Path, task: Task) -> _Came:
    """With the ledger, if the process ended well; without, it failed."""
    if ending.status != "ok":
        return _Came(ending, None, monotonic())
    try:
        return _Came(ending, checked_ledger(ledger.load(folder / LEDGER), task), monotonic())
    except ValueError as error:
        failed = replace(ending, status="failed", reason=str(error))
        return _Came(failed, None, monotonic())


def checked_ledger(found: Ledger, task: Task) -> Ledger:
    """The ledger, if it is of the cases that were asked for."""
    train, cases = task.train, task.cases
    wanted: tuple[Any, ...] = (train.user_ids[cases.users], train.item_ids[cases.held_out])
    if not all(map(np.array_equal, wanted, (found.user_ids, found.item_ids))):
        raise ValueError("the ledger is not of the users and items that were asked for")
    return found
