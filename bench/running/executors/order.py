"""Orders to nodes of a cluster, and their answers: done in a process of its own there.

The order is pickled by the driver. The answer is a zip file of records as JSON and ledgers as
parquet, which the driver reads as any file that it did not write.
"""

import json
import pickle
import socket
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from bench import __version__, machine
from bench.canaries import run as canary_run
from bench.evaluation import ledger
from bench.protocol.task import Task
from bench.records import files
from bench.registry.imports import imported_by
from bench.registry.names import added_models, with_models
from bench.registry.sources import source_sha256
from bench.running.cell import Measured
from bench.running.cluster.node import ANSWER, MESSAGES, ORDER, SHARED
from bench.running.executors.executor import Ended, Errand, Hear
from bench.running.executors.one_by_one import OneByOne
from bench.running.plan import harness_sha256, most_memory_mb

PROGRAM = "from bench.running.executors.order import main; main()"
SAID = "answer.json"  # in the zip file
TOLD = ("phase", "share", "epoch")  # kinds of messages that are passed on while it measures


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a node is to do, once it is as the driver in all that decides a key."""

    facts: dict[str, str]  # of the driver, see `facts`
    files: dict[str, bytes]  # of models from outside and what stands beside them, by name
    added: Sequence[str]  # which of these files are models
    errand: Errand | None  # what to measure; None: the canaries
    node: dict[str, str]  # for the record


def facts(models: Sequence[str]) -> dict[str, str]:
    """What decides keys on this machine, by what it is called in a message."""
    return {
        "bench": __version__,
        **machine.packages(),
        "code of the harness": harness_sha256(),
        **{f"code of {model}": source_sha256(model) for model in models},
    }


def first_difference(wanted: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Of two machines, in words; "" where there is none."""
    for name in {**wanted, **found}:
        here, there = wanted.get(name), found.get(name)
        if here != there:
            if name.startswith("code of"):
                return f"{name} is not the same"
            return f"{name} {there or 'is missing'} there, {here or 'missing'} here"
    return ""


def files_of_models(models: Sequence[str]) -> tuple[dict[str, bytes], list[str]]:
    """The files of models from outside among these, and of what they import beside them."""
    added = {path.stem: path for path in added_models()}
    found: dict[str, bytes] = {}
    for model in models:
        if model in added:
            folder = added[model].parent
            for path in imported_by(model).files.values():
                if path.is_relative_to(folder):
                    found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found, [added[model].name for model in models if model in added]


def main() -> None:
    """Do what the folder of the argument has an order for."""
    folder = Path(sys.argv[1])
    order: Order = pickle.loads((folder / ORDER).read_bytes())
    tasks: dict[str, Task] = pickle.loads((folder / SHARED).read_bytes())
    for name, content in order.files.items():
        path = folder / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "work").mkdir()
    with (
        with_models(folder / "models" / name for name in order.added),
        (folder / MESSAGES).open("a", encoding="utf-8", buffering=1) as messages,
    ):

        def hear(kind: str, value: Any) -> None:
            if kind in TOLD:
                messages.write(json.dumps([kind, value]) + "\n")

        answer = _done(order, tasks, folder / "work", hear)
    written = folder / "written"
    written.write_bytes(answer)
    written.replace(folder / ANSWER)


def _done(order: Order, tasks: dict[str, Task], work: Path, hear: Hear) -> bytes:
    models = [each.removeprefix("code of ") for each in order.facts if each.startswith("code of ")]
    models.remove("the harness")
    if unlike := first_difference(order.facts, facts(models)):
        return _zipped({"unlike": unlike})
    if order.errand is None:
        return _zipped({"canaries": _canaries(tasks, work)})
    limits = order.errand.limits
    memory_mb = min(limits.memory_mb or sys.maxsize, most_memory_mb())
    limits = replace(limits, memory_mb=memory_mb)
    errand = replace(order.errand, limits=limits, hear=hear)
    said: dict[str, Any] = {}
    measured: list[Measured] = []
    with OneByOne(tasks, work) as executor:
        for event in executor.results(iter([errand])):
            if isinstance(event, Ended):
                measured = event.measured
            elif event.kernel is not None:
                said["kernel"] = list(event.kernel)
    about = order.node | {"host": socket.gethostname()}
    return _zipped(said, [_on(each, about) for each in measured], work)


def _canaries(tasks: dict[str, Task], work: Path) -> list[str]:
    """What they find wrong."""
    found = [canary_run.measure(task.dataset, task, work) for task in tasks.values()]
    return [reason for each in found for reason in each.invalid()]


def _on(measured: Measured, node: Mapping[str, str]) -> Measured:
    environment = measured.record.environment | dict(node)
    return measured._replace(record=replace(measured.record, environment=environment))


def _zipped(said: Any, measured: Sequence[Measured] = (), work: Path = Path()) -> bytes:
    found = BytesIO()
    with zipfile.ZipFile(found, "w") as answer:
        answer.writestr(SAID, json.dumps(said))
        for number, each in enumerate(measured):
            files.save(each.record, work / f"{number}.json")
            answer.write(work / f"{number}.json", f"{number}.json")
            if each.ledger is not None:
                ledger.save(each.ledger, work / f"{number}.parquet")
                answer.write(work / f"{number}.parquet", f"{number}.parquet")
    return found.getvalue()
