"""Figures of a GPU beside those of the CPU: are they within two standard errors?"""

from pathlib import Path
from typing import Any

from bench.records.folder import Results
from bench.records.record import HEADLINE, Record
from bench.registry import suites

ERRORS = 2.0  # standard errors over the test users, of the CPU's figure


def compared(
    cpu: Path, gpu: Path, suite: str, datasets: list[str], models: list[str]
) -> list[dict[str, Any]]:
    """A line for each data set and row of the suite, whatever became of it.

    Args:
        cpu, gpu: the results folders of the two sides.
        suite: whose rows were measured.
        datasets: on which.
        models: only these; all where there are none.
    """
    rows = [row for row in suites.load(suite).rows if not models or row.model in models]
    names = list(dict.fromkeys(row.label or row.model for row in rows))
    sides = [
        {(each.cell.dataset, each.cell.name): each for each in Results(folder).read_records()}
        for folder in (cpu, gpu)
    ]
    return [
        line(dataset, name, *(side.get((dataset, name)) for side in sides))
        for dataset in datasets
        for name in names
    ]


def line(dataset: str, name: str, cpu: Record | None, gpu: Record | None) -> dict[str, Any]:
    """The verdict: agrees, differs, skipped, failed or not measured."""
    found: dict[str, Any] = {"dataset": dataset, "model": name}
    for side, record in (("gpu", gpu), ("cpu", cpu)):
        if record is None:
            return found | {"verdict": "not measured", "side": side}
        if record.status != "ok":
            verdict = "skipped" if record.status == "skipped" else "failed"
            return found | {"verdict": verdict, "side": side, "reason": record.reason}
    assert cpu is not None and gpu is not None
    figures = {}
    for name in HEADLINE:
        there, here = gpu.metrics[name], cpu.metrics[name]
        figures[name] = {"gpu": there, "cpu": here, "cpu_se": cpu.metrics[f"{name}_se"]}
    agrees = all(
        abs(each["gpu"] - each["cpu"]) <= ERRORS * each["cpu_se"] for each in figures.values()
    )
    found |= {"verdict": "agrees" if agrees else "differs", "figures": figures}
    found["fitted_on"] = gpu.environment.get("fitted_on", "unknown")
    found |= {
        f"{name}_{side}": record.timings.get(name)
        for side, record in (("cpu", cpu), ("gpu", gpu))
        for name in ("train_seconds", "score_seconds")
    }
    return found | {"device_memory_mb": gpu.timings.get("device_memory_mb")}
