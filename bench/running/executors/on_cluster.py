"""Cells on the nodes of a Ray cluster, one at a time on each."""

import json
import pickle
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Literal, NamedTuple

from bench.errors import Problem
from bench.evaluation import ledger
from bench.protocol.task import Task
from bench.records.files import load
from bench.records.record import Record
from bench.running.cell import READERS, Measured, checked_ledger, record_of
from bench.running.cluster.client import (
    Cluster,
    ClusterLost,
    Node,
    NodeLost,
    OutOfMemory,
    ProcessLost,
    Started,
)
from bench.running.executors.executor import (
    NODE,
    Clocked,
    Ended,
    Errand,
    Errands,
    Executor,
    NoPlaceLeft,
    unheard,
)
from bench.running.executors.order import PROGRAM, SAID, TOLD, Order, facts, files_of_models
from bench.running.reference import KernelTimes
from bench.text import in_one_line, one_line

HEARD_SECONDS = 0.2  # between two looks at what has ended
GOES_ON = "the same command goes on from here"


class Turn(NamedTuple):
    """An errand, and what has become of it so far."""

    errand: Errand
    deaths: int = 0  # of processes that were at it


class BadAnswer(ValueError):
    """A node has answered something else than was asked for."""


class OnCluster(Executor):
    """Gives each node that can measure its next cell when the one before has ended.

    A node gets no cell before the canaries are within their bounds there. One that is lost, or
    differs from this machine in what decides a key, gets none any more, and this is said once.
    """

    def __init__(
        self,
        cluster: Cluster,
        tasks: Mapping[str, Task],
        work: Path,
        say: Callable[[str], None],
    ) -> None:
        """Nothing is started yet.

        Args:
            cluster: is closed at the end.
            tasks: by protocol.
            work: an existing folder.
            say: hears of each node that can measure nothing.

        Raises:
            Problem: no node has a CPU, or others have them all.
        """
        self._cluster, self._tasks, self._work, self._say = cluster, tasks, work, say
        self._nodes = [each for each in cluster.nodes() if each.cpus >= 1]
        if not self._nodes:
            raise Problem("the cluster has no node with a CPU for cells")
        cluster.check_free()
        self.places = len(self._nodes)
        self._fit: set[Node] = set()  # whose canaries were within their bounds
        self._waiting: deque[Turn] = deque()
        self._running: dict[Started, Turn | None] = {}  # None: the canaries
        self._shared: Any = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what still runs."""
        self._cluster.cancel(self._running)
        self._cluster.__exit__(kind, error, trace)

    def results(self, errands: Errands) -> Iterator[Ended | Clocked]:
        """See `Executor`.

        Raises:
            NoPlaceLeft: no node can measure any more, or the cluster is lost.
        """
        try:
            yield from self._results(errands)
        except ClusterLost as error:
            raise NoPlaceLeft(f"{error}; {GOES_ON}") from error

    def _results(self, errands: Errands) -> Iterator[Ended | Clocked]:
        self._fill(errands)
        # Canaries alone are waited for no longer: their node may be busy for others.
        while self._running and (self._waiting or any(self._running.values())):
            for started in self._cluster.wait(self._running, HEARD_SECONDS):
                yield from self._heard(started)
            for turn in filter(None, self._running.values()):
                turn.errand.hear("", None)
            self._fill(errands)
        if self._waiting:
            raise NoPlaceLeft(f"no node of the cluster can measure any more; {GOES_ON}")

    def _fill(self, errands: Errands) -> None:
        """Give each idle node its next cell; the first thing that it gets are the canaries."""
        busy = {each.node for each in self._running}
        for node in self._nodes:
            if node in busy:
                continue
            if not self._waiting:
                errand = next(errands, None)
                if errand is None:
                    return
                self._waiting.append(Turn(errand))
            if node in self._fit:
                turn = self._waiting.popleft()
                turn.errand.hear(NODE, node.address)
                self._running[self._start(node, turn.errand)] = turn
            else:
                self._running[self._start(node, None)] = None

    def _start(self, node: Node, errand: Errand | None) -> Started:
        if self._shared is None:
            self._shared = self._cluster.share(pickle.dumps(dict(self._tasks)))
        models = sorted({each.cell.model for each in errand.planned}) if errand else []
        files, added = files_of_models(models)
        order = Order(
            facts=facts(models),
            files=files,
            added=added,
            errand=errand and replace(errand, hear=unheard),
            node={"node": node.address, "ray": self._cluster.version},
        )
        return self._cluster.start(node, PROGRAM, pickle.dumps(order), self._shared)

    def _leave_out(self, node: Node, reason: str) -> None:
        if node in self._nodes:
            self._nodes.remove(node)
            self._say(f"node {node.address} measures nothing: {one_line(reason)}")

    def _heard(self, started: Started) -> Iterator[Ended | Clocked]:
        """Take in what a node says next."""
        turn = self._running[started]
        try:
            message = self._cluster.next(started)
            if not message.is_answer:
                if turn is not None:
                    pass_on(message.content, turn.errand)
                return
            if turn is None:
                self._canaries_ended(started.node, canaries_said(message.content))
            else:
                measured, kernel = self._read(message.content, turn.errand)
                yield Ended(turn.errand, measured)
                yield Clocked(turn.errand, kernel)
        except (NodeLost, BadAnswer) as error:
            self._cluster.cancel([started])  # it may still be at it
            self._leave_out(started.node, str(error))
            if turn is not None:
                self._waiting.appendleft(turn)
        except ProcessLost as error:
            if turn is None:
                self._leave_out(started.node, str(error))
            elif not turn.deaths:
                self._waiting.append(turn._replace(deaths=1))
            else:
                oom = isinstance(error, OutOfMemory)
                yield Ended(
                    turn.errand,
                    self._unmeasured(turn.errand, "oom" if oom else "killed", str(error)),
                )
                yield Clocked(turn.errand, None)
        del self._running[started]

    def _canaries_ended(self, node: Node, wrong: str) -> None:
        if wrong:
            self._leave_out(node, wrong)
        else:
            self._fit.add(node)

    def _read(self, answer: bytes, errand: Errand) -> tuple[list[Measured], KernelTimes | None]:
        """What a node has measured, if it is what was asked for.

        Raises:
            BadAnswer: it is not.
        """
        with (
            TemporaryDirectory(dir=self._work) as name,
            zipfile.ZipFile(BytesIO(answer)) as found,
        ):
            said = json.loads(found.read(SAID))
            if unlike := said.get("unlike"):
                raise BadAnswer(unlike)
            found.extractall(name)
            try:
                measured = [
                    self._measured(Path(name), number, errand)
                    for number in range(len(errand.planned))
                ]
            except ValueError as error:
                raise BadAnswer(str(error)) from error
        times = said.get("kernel")
        return measured, KernelTimes(*map(float, times)) if times else None

    def _measured(self, folder: Path, number: int, errand: Errand) -> Measured:
        planned = errand.planned[number]
        record = load(Record, folder / f"{number}.json")
        if (record.cell, record.key) != (planned.cell, planned.key):
            raise ValueError(f"the record is not that of {planned.cell.name}")
        path = folder / f"{number}.parquet"
        if record.status != "ok":
            return Measured(record)
        return Measured(
            record, checked_ledger(ledger.load(path), self._tasks[planned.cell.protocol])
        )

    def _unmeasured(
        self, errand: Errand, status: Literal["oom", "killed"], reason: str
    ) -> list[Measured]:
        now = datetime.now(UTC)
        return [
            Measured(
                record_of(each, self._tasks[each.cell.protocol], now, status=status, reason=reason)
            )
            for each in errand.planned
        ]


def checked(cluster: Cluster, tasks: Mapping[str, Task]) -> Iterator[tuple[Node, str]]:
    """Each node of a cluster, and why it can measure nothing; "" where it can."""
    cluster.check_free()
    shared = cluster.share(pickle.dumps(dict(tasks)))
    running: dict[Started, None] = {}
    for node in cluster.nodes():
        if node.cpus < 1:
            yield node, "no CPU"
            continue
        about = {"node": node.address, "ray": cluster.version}
        order = Order(facts=facts([]), files={}, added=[], errand=None, node=about)
        running[cluster.start(node, PROGRAM, pickle.dumps(order), shared)] = None
    while running:
        for started in cluster.wait(running, HEARD_SECONDS):
            try:
                message = cluster.next(started)
                if not message.is_answer:
                    continue
                wrong = canaries_said(message.content)
            except (NodeLost, ProcessLost) as error:
                wrong = str(error)
            del running[started]
            yield started.node, wrong


def canaries_said(answer: bytes) -> str:
    """What speaks against a node that was asked for the canaries; "" for nothing."""
    with zipfile.ZipFile(BytesIO(answer)) as found:
        said = json.loads(found.read(SAID))
    return str(said.get("unlike") or "; ".join(said["canaries"]))


def pass_on(lines: bytes, errand: Errand) -> None:
    """Let an errand hear what the process of its cell has said on a node.

    Raises:
        BadAnswer: it cannot be read.
    """
    try:
        for line in lines.splitlines():
            kind, value = json.loads(line)
            if kind in TOLD:
                errand.hear(kind, READERS[kind](value))
    except (TypeError, ValueError) as error:
        raise BadAnswer(f"it said what cannot be read: {in_one_line(error)}") from error
