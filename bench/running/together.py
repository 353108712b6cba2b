"""Measure cells together by one fit: ways to serve new people, of whom more and more is known."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from time import monotonic
from types import MappingProxyType
from typing import Any, NamedTuple

from bench import machine
from bench.evaluation import ledger
from bench.evaluation.figures import figures
from bench.isolation import process as isolation
from bench.protocol.task import Task
from bench.records.record import Record
from bench.records.timings import COMPILE
from bench.registry.models import ModelSpec
from bench.registry.names import knowing_added_models
from bench.running.cell import READERS, checked_ledger, record_of, skipped
from bench.running.new_people import MeasureNewPeople, NewPeopleTest, ledger_file
from bench.running.plan import Planned
from bench.running.stages import stages_of_cell

Cells = Sequence[tuple[Planned, Task]]


class _Fit(NamedTuple):
    """How a fit ended, and the ledger of each of its tests; none where it did not end well."""

    ending: isolation.Ending
    ledgers: list[ledger.Ledger]
    arithmetic: Mapping[str, str] = MappingProxyType({})  # what it was computed by


def measure_together(
    cells: Cells, limits: isolation.Limits, work: Path, hear: Callable[[str, Any], None]
) -> list[tuple[Record, ledger.Ledger | None]]:
    """Measure cells of one model and seed, whose tasks show new people and have the same train.

    Of tasks of folds there is a fit for each fold: ledgers are joined, timings are the means.
    Whatever the model does, there is a record of each cell.
    """
    if cells[0][0].described.status == "skipped":
        return [(skipped(planned, task), None) for planned, task in cells]
    started, began = datetime.now(UTC), monotonic()
    load_before = machine.load_average()
    fits: list[_Fit] = []
    for number in range(len(cells[0][1].fits)):
        of_fit = [(planned, task.fits[number]) for planned, task in cells]
        fits.append(_fit(of_fit, limits, work, hear))
        if fits[-1].ending.status != "ok":
            break
    ending = fits[-1].ending
    about = {
        "cell_seconds": (monotonic() - began) / len(cells),  # the share of each
        "load_before": load_before,
        "load_after": machine.load_average(),
    }
    measured: list[tuple[Record, ledger.Ledger | None]] = []
    for number, (planned, task) in enumerate(cells):
        found, timings = None, dict[str, float]()
        if ending.status == "ok":
            found = ledger.join_ledgers([fit.ledgers[number] for fit in fits])
            timings = _means([_timings(fit.ending, number) for fit in fits])
        timings[COMPILE] = timings.get(COMPILE, 0.0) + planned.described.compile_seconds
        record = record_of(
            planned,
            task,
            started,
            status="failed" if ending.status == "stopped" else ending.status,
            reason=ending.reason,
            traceback=ending.traceback,
            output=ending.output,
            metrics=figures(found) if found else {},
            timings=timings | about,
            curve=fits[0].ending.result.get("curve", []),
            environment={**machine.environment(), **fits[0].arithmetic},
        )
        measured.append((record, found))
    return measured


def _timings(ending: isolation.Ending, number: int) -> Mapping[str, float]:
    return {**ending.result["timings"], **ending.result["of_tests"][number]}


def _means(timings: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: fmean(each[name] for each in timings) for name in timings[0]}


def _fit(
    cells: Cells, limits: isolation.Limits, work: Path, hear: Callable[[str, Any], None]
) -> _Fit:
    cell, train = cells[0][0].cell, cells[0][1].train
    job = MeasureNewPeople(
        row=ModelSpec(cell.model, cell.params),
        seed=cell.seed,
        device=cell.device,
        threads=cell.threads,
        memory_limit_mb=limits.memory_mb,
        train=train,
        looks=None,  # at whom it does not know a model cannot look while it fits
    )
    tests = [
        NewPeopleTest(task.cases, task.shown, planned.cell.fold_in)
        for planned, task in cells
        if task.shown is not None
    ]
    arithmetic: dict[str, str] = {}
    stages = stages_of_cell(cell.model, device=cell.device, needs=cells[0][0].described.needs)
    with isolation.running(job, limits, work, knowing_added_models(), stages) as child:
        for kind, value in child.messages(READERS):
            if kind == "fitted":
                child.send(tests)  # only now: no model can learn from what it never had
            elif kind == "arithmetic":
                arithmetic = value
            else:
                hear(kind, value)
        ending = child.end()
        if ending.status != "ok":
            return _Fit(ending, [])
        try:
            ledgers = [
                checked_ledger(ledger.load(child.folder / ledger_file(number)), task)
                for number, (_, task) in enumerate(cells)
            ]
        except ValueError as error:
            return _Fit(isolation.Ending(status="failed", reason=str(error)), [])
        return _Fit(ending, ledgers, arithmetic)
