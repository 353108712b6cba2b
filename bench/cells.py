"""From a suite and a task to cells with keys, and from a cell to its record."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from bench import isolation, ledger, machine, record, registry
from bench.adapter import Epoch
from bench.display import Display
from bench.hashing import key_of, of_files
from bench.jobs import LEDGER, Describe, Described, Measure, Row
from bench.protocol import Task
from bench.record import Cell, Record
from bench.sources import source_sha256
from bench.suite import Suite, SuiteRow
from bench.worker import Order

DESCRIBE_SECONDS = 120.0
# The files of the harness that decide what stands in a ledger. Some load numba: they are only read.
DECISIVE = (
    "adapter",
    "interactions",
    "evaluation",
    "ranking",
    "rank_kernels",
    "compilation",
    "recommended",
    "jobs",
)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A cell that is to be measured, or was."""

    cell: Cell
    key: str
    row: SuiteRow
    described: Described


def describe(rows: tuple[SuiteRow, ...], work: Path) -> list[Described]:
    """Complete and check the hyper-parameters of each row, in a process of its own.

    A model that ends the process at its import loses nothing for the others; its row is left as it
    is, and the cell will tell.
    """
    wanted = [Row(row.model, row.params) for row in rows]
    found = _describe(wanted, work)
    if found is None:
        found = [(_describe([row], work) or [Described("ok", row.params)])[0] for row in wanted]
    return found


def _describe(rows: list[Row], work: Path) -> list[Described] | None:
    limits = isolation.Limits(seconds=DESCRIBE_SECONDS)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        order = Order(registry.added_models(), 0, Path(folder), Describe(rows=rows))
        with isolation.child(order, limits) as child:
            for _ in child.messages():
                pass
            ending = child.end()
    if ending.status != "ok":
        return None
    return [Described(*entry) for entry in ending.result["rows"]]


def plan(
    suite: Suite, described: list[Described], task: Task, device: str, threads: int
) -> list[Planned]:
    """Every row x every seed, with its key."""
    planned = []
    for row, known in zip(suite.rows, described, strict=True):
        for seed in row.seeds or suite.seeds:
            cell = Cell(
                dataset=suite.dataset,
                protocol=task.protocol,
                model=row.model,
                label=row.label,
                params=known.params,
                seed=seed,
                device=device,
                threads=threads,
                eval_users=task.eval_users,
            )
            planned.append(Planned(cell=cell, key=key(cell, task), row=row, described=known))
    return planned


def key(cell: Cell, task: Task) -> str:
    """16 hex digits that change with anything that may change the result."""
    parts = {
        "cell": vars(cell),
        "data": task.data_sha256,
        "split": task.split_sha256,
        "source": source_sha256(cell.model),
        "packages": machine.packages(),
        "harness": _harness_sha256(),
        "schema": record.SCHEMA,
    }
    return key_of(parts)


@cache
def _harness_sha256() -> str:
    """A hash of the files of the harness that decide what stands in a ledger."""
    folder = Path(__file__).parent
    return of_files((folder / f"{name}.py" for name in DECISIVE), folder)


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
            metrics=ledger.figures(found) if found else {},
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
        row=Row(cell.model, cell.params),
        seed=cell.seed,
        device=cell.device,
        threads=cell.threads,
        train=task.train,
        looks=task.cases if task.tuning else None,
        folder=folder,
    )
    order = Order(registry.added_models(), limits.memory_mb, folder, job)
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
