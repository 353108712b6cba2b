"""Do orders on a node of a cluster, in a process that stays for the next."""

import io
import pickle
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import numpy as np

from bench import machine
from bench.canaries import run as canary_run
from bench.isolation.warm import warm
from bench.peers.known import with_peers
from bench.protocol.task import Task
from bench.records.canaries import Canaries
from bench.registry.names import with_models
from bench.running.cell import Measured
from bench.running.cluster.node import ANSWER, SAYS
from bench.running.cluster.serve import orders, served
from bench.running.executors.answers import line_of, packed
from bench.running.executors.choose import places
from bench.running.executors.executor import Ended, Errand, are_ok
from bench.running.executors.one_by_one import OneByOne
from bench.running.executors.order import (
    Order,
    Room,
    facts,
    facts_of_libraries,
    first_difference,
    libraries_in,
    models_in,
    written,
)
from bench.running.plan import Planned, cell_key, most_memory_mb
from bench.running.stages import BASE
from bench.running.text_vectors import NEED
from bench.text import in_one_line

LEAST_MB = 64  # of free disk, with which a node can measure
SAY_SECONDS = 0.2  # between two messages while it measures
SAME_SECONDS = 10.0  # for which the reference kernel after a cell is that before the next


def main() -> None:
    """Do the orders that come over a connection, until it closes."""
    connection, folder = served()
    tasks: dict[str, Task] = pickle.loads(connection.recv_bytes())
    work = folder / "work"
    work.mkdir()
    with warm(work, BASE):
        server = Server(connection, tasks, work)
        with suppress(EOFError):  # the worker is gone
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
        vectors = np.load(io.BytesIO(self._connection.recv_bytes())) if order.has_texts else None
        try:
            with TemporaryDirectory(dir=self._work) as name:
                answer = self._answer(order, vectors, Path(name))
        except OSError as error:
            answer = packed({"unlike": in_one_line(error)})
        self._say()
        self._connection.send_bytes(ANSWER + answer)
        self._ended = monotonic()

    def _answer(self, order: Order, vectors: Any, folder: Path) -> bytes:
        written(order.files, folder)
        with (
            with_models(folder / name for name in models_in(order.files, order.models)),
            with_peers([folder / name for name in libraries_in(order.files)]),
        ):
            unlike = first_difference(order.facts, facts(order.models))
            if order.errand is None:
                return packed(self._about(order, unlike))
            if unlike := unlike or self._full():
                return packed({"unlike": unlike})
            if lacks := first_difference(order.libraries, facts_of_libraries(order.models)):
                return packed({"lacks": lacks})
            if monotonic() - self._ended > SAME_SECONDS:
                self._executor = OneByOne(self._tasks, self._work)
            errand, executor = order.errand, self._executor
            if vectors is not None:
                errand, tasks = _with_texts(errand, self._tasks, vectors)
                executor = OneByOne(tasks, self._work)
            return self._measured(errand, executor, order, folder)

    def _about(self, order: Order, unlike: str) -> dict[str, Any]:
        """What decides whether cells can be measured here, and how many at a time."""
        about: dict[str, Any] = {
            **{"unlike": unlike, "wrong": [], "key": "", "canaries": "", "places": 1, "fewer": []},
            **{"cores": len(machine.cores()), "memory_mb": most_memory_mb(), "gpus": 0},
        }
        if order.cell is not None:
            about["key"] = cell_key(order.cell, self._tasks[order.cell.protocol])
        if order.gpu:
            about["gpus"] = machine.gpu_count()
        if unlike:
            return about
        if full := self._full():
            return about | {"wrong": [full]}
        fewer: list[str] = []
        tasks = self._tasks.values()
        found = [canary_run.measure(task.dataset, task, self._work) for task in tasks]
        return about | {
            "wrong": [reason for each in found for reason in each.invalid()],
            "canaries": _count(found),
            "places": len(places(order.room.places, order.room.threads, fewer.append)),
            "fewer": fewer,
        }

    def _measured(self, errand: Errand, executor: OneByOne, order: Order, folder: Path) -> bytes:
        most_mb, cores, room = most_memory_mb(), tuple[int, ...](), order.room
        alone = room.places == 1
        if not alone:
            most_mb, cores = most_mb // room.places, _cores(room)
        memory_mb = min(errand.limits.memory_mb or sys.maxsize, most_mb)
        limits = replace(errand.limits, memory_mb=memory_mb, cores=cores)
        # Beside other cells the kernel would tell of them.
        clocked = errand.clocked and alone
        errand = replace(errand, limits=limits, hear=self._hear, clocked=clocked)
        kernel: list[float] | None = None
        measured: list[Measured] = []
        for event in executor.results(iter([errand])):
            if isinstance(event, Ended):
                measured = event.measured
            elif event.kernel is not None:
                kernel = list(event.kernel)
        if not are_ok(measured) and (full := self._full()):
            return packed({"unlike": full})
        about = order.node | {"host": socket.gethostname()}
        beside = {} if alone else {"jobs": room.places}
        said = {"kernel": kernel, "share_mb": None if alone else memory_mb}
        answer = packed(said, [_on(each, {**about, **beside}) for each in measured], folder)
        for each in measured:
            if each.fitted is not None and each.fitted.state is not None:
                each.fitted.state.unlink()
        return answer

    def _full(self) -> str:
        """Why nothing can be measured on this disk; "" where there is room."""
        left = shutil.disk_usage(self._work).free // 2**20
        return f"its disk is full, {left} MB are left for {self._work.parent}" * (left < LEAST_MB)

    def _hear(self, kind: str, value: Any) -> None:
        """Say it on, together with other things of the moment."""
        if line := line_of(kind, value):
            self._unsaid.append(line)
        if monotonic() - self._said > SAY_SECONDS:
            self._say()

    def _say(self) -> None:
        self._said = monotonic()
        if self._unsaid:
            self._connection.send_bytes(SAYS + "\n".join(self._unsaid).encode())
            self._unsaid = []


def _with_texts(
    errand: Errand, tasks: dict[str, Task], vectors: Any
) -> tuple[Errand, dict[str, Task]]:
    """With the vectors in train, and nobody who looks for them in the cache of this machine."""

    def without_need(each: Planned) -> Planned:
        needs = [need for need in each.described.needs if need != NEED]
        return replace(each, described=each.described._replace(needs=needs))

    protocol = errand.planned[0].cell.protocol
    train = tasks[protocol].train
    if train.item_features is not None:
        train = replace(train, item_features=replace(train.item_features, text_vectors=vectors))
    planned = [without_need(each) for each in errand.planned]
    task = replace(tasks[protocol], train=train)
    return replace(errand, planned=planned), tasks | {protocol: task}


def _count(found: Sequence[Canaries]) -> str:
    """How many are within their bounds."""
    every = sum(len(each.checks.keys() | each.errors.keys()) for each in found)
    return f"{every - sum(len(each.broken()) for each in found)} of {every}"


def _cores(room: Room) -> tuple[int, ...]:
    """Of a place; all places of a node are given out by the driver."""
    there = places(room.places, room.threads, lambda said: None)
    return there[room.number % len(there)]


def _on(measured: Measured, about: Mapping[str, Any]) -> Measured:
    environment = measured.record.environment | dict(about)
    return measured._replace(record=replace(measured.record, environment=environment))
