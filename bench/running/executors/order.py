"""Orders to nodes of a cluster, and their answers: done in a process of its own there.

The order is pickled by the driver. The answer is a zip file of records as JSON and ledgers as
parquet, which the driver reads as any file that it did not write.
"""

import json
import pickle
import shutil
import socket
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from bench import __version__, machine
from bench.canaries import run as canary_run
from bench.evaluation import ledger
from bench.isolation.warm import warm
from bench.protocol.task import Task
from bench.records import files
from bench.registry.imports import imported_by
from bench.registry.names import added_models, with_models
from bench.registry.sources import source_sha256
from bench.running.cell import Measured
from bench.running.cluster.node import ANSWER, SAYS
from bench.running.cluster.serve import orders, served
from bench.running.executors.executor import Ended, Errand, are_ok
from bench.running.executors.one_by_one import OneByOne
from bench.running.plan import harness_sha256, most_memory_mb
from bench.running.stages import BASE
from bench.text import in_one_line

PROGRAM = """from bench.running.cluster.serve import begin
begin()
from bench.running.executors.order import main
main()"""
CODE_OF, HARNESS = "code of ", "code of the harness"  # names of facts begin so
LEAST_MB = 64  # of free disk, with which a node can measure
SAY_SECONDS = 0.2  # between two messages while it measures
SAME_SECONDS = 10.0  # for which the reference kernel after a cell is that before the next
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
        HARNESS: harness_sha256(),
        **{f"{CODE_OF}{model}": source_sha256(model) for model in models},
    }


def first_difference(wanted: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Of two machines, in words; "" where there is none."""
    for name in {**wanted, **found}:
        here, there = wanted.get(name), found.get(name)
        if here != there:
            if name.startswith(CODE_OF):
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
    """Do the orders that come over a connection, until it closes."""
    connection, folder = served()
    tasks: dict[str, Task] = pickle.loads(connection.recv_bytes())
    work = folder / "work"
    work.mkdir()
    with warm(work, BASE):
        server = Server(connection, tasks, work)
        for order in orders(connection):
            server.do(pickle.loads(order))


class Server:
    """Does orders, one after the other, and says meanwhile what is to be heard of them."""

    def __init__(self, connection: Connection, tasks: dict[str, Task], work: Path) -> None:
        """Nothing is done yet.

        Args:
            connection: to a worker of Ray.
            tasks: by protocol.
            work: an existing folder.
        """
        self._connection, self._tasks, self._work = connection, tasks, work
        self._executor, self._ended = OneByOne(tasks, work), monotonic()
        self._unsaid: list[str] = []
        self._said = monotonic()

    def do(self, order: Order) -> None:
        """Do it, and answer."""
        try:
            with TemporaryDirectory(dir=self._work) as name:
                answer = self._answer(order, Path(name))
        except OSError as error:
            answer = _zipped({"unlike": in_one_line(error)})
        self._say()
        self._connection.send_bytes(ANSWER + answer)
        self._ended = monotonic()

    def _answer(self, order: Order, folder: Path) -> bytes:
        for name, content in order.files.items():
            path = folder / "models" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        with with_models(folder / "models" / name for name in order.added):
            models = [each for each in map(_model_of, order.facts) if each]
            unlike = first_difference(order.facts, facts(models)) or self._full()
            if unlike:
                return _zipped({"unlike": unlike})
            if order.errand is None:
                return _zipped({"canaries": _canaries(self._tasks, self._work)})
            return self._measured(order.errand, order.node, folder)

    def _measured(self, errand: Errand, node: dict[str, str], folder: Path) -> bytes:
        memory_mb = min(errand.limits.memory_mb or sys.maxsize, most_memory_mb())
        limits = replace(errand.limits, memory_mb=memory_mb)
        errand = replace(errand, limits=limits, hear=self._hear)
        if monotonic() - self._ended > SAME_SECONDS:
            self._executor = OneByOne(self._tasks, self._work)
        said: dict[str, Any] = {}
        measured: list[Measured] = []
        for event in self._executor.results(iter([errand])):
            if isinstance(event, Ended):
                measured = event.measured
            elif event.kernel is not None:
                said["kernel"] = list(event.kernel)
        if not are_ok(measured) and (full := self._full()):
            return _zipped({"unlike": full})
        about = node | {"host": socket.gethostname()}
        return _zipped(said, [_on(each, about) for each in measured], folder)

    def _full(self) -> str:
        """Why nothing can be measured on this disk; "" where there is room."""
        left = shutil.disk_usage(self._work).free // 2**20
        return f"its disk is full, {left} MB are left for {self._work.parent}" * (left < LEAST_MB)

    def _hear(self, kind: str, value: Any) -> None:
        """Say it on, together with other things of the moment."""
        if kind in TOLD:
            self._unsaid.append(json.dumps([kind, value]))
        if monotonic() - self._said > SAY_SECONDS:
            self._say()

    def _say(self) -> None:
        self._said = monotonic()
        if self._unsaid:
            self._connection.send_bytes(SAYS + "\n".join(self._unsaid).encode())
            self._unsaid = []


def _model_of(fact: str) -> str:
    """The model whose code a fact is about; "" where it is about something else."""
    return fact.removeprefix(CODE_OF) if fact.startswith(CODE_OF) and fact != HARNESS else ""


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
