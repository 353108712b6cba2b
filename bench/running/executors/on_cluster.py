"""Cells on the nodes of a Ray cluster, one at a time on each, or several."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from bench.errors import Problem
from bench.protocol.task import Task
from bench.records.record import Status
from bench.running.cell import Measured
from bench.running.cluster.client import (
    Cluster,
    ClusterLost,
    Node,
    NodeLost,
    OutOfMemory,
    ProcessLost,
    Started,
)
from bench.running.executors.answers import BadAnswer, Lacks, pass_on, read_about, read_cells
from bench.running.executors.executor import (
    NODE,
    Clocked,
    Ended,
    Errand,
    Errands,
    Executor,
    NoPlaceLeft,
    unmeasured,
)
from bench.running.executors.member import Member
from bench.running.executors.order import PROGRAM, Room
from bench.running.executors.orders import Orders, Sent
from bench.running.plan import Options
from bench.text import one_line

HEARD_SECONDS = 0.2  # between two looks at what nodes say
GOES_ON = "the same command goes on from here"
NOBODY = f"no node of the cluster can measure any more; {GOES_ON}"
Events = Iterator[Ended | Clocked]


class Turn(NamedTuple):
    """An errand, and what has become of it so far."""

    errand: Errand
    deaths: int = 0  # of processes that were at it


class Under(NamedTuple):
    """What a node is at."""

    member: Member
    place: int
    turn: Turn | None  # None: its canaries


class OnCluster(Executor):
    """Gives each node that can measure its next cell when one before has ended.

    A node gets no cell before the canaries are within their bounds there. One that is lost, or
    differs from this machine in what decides a key, gets none any more, and this is said once.
    """

    def __init__(
        self,
        cluster: Cluster,
        tasks: Mapping[str, Task],
        work: Path,
        options: Options,
        say: Callable[[str], None],
    ) -> None:
        """Nothing is started yet.

        Args:
            cluster: is closed at the end.
            tasks: by protocol.
            work: an existing folder.
            options: say how many cells a node measures at a time, by how many threads, on what.
            say: hears of each node that can measure nothing, or less than was asked for.

        Raises:
            Problem: no node has a CPU, or the GPU that is asked for, or others have all CPUs.
        """
        self._cluster, self._tasks, self._work, self._say = cluster, tasks, work, say
        self._jobs, self._threads = options.jobs, options.threads
        self._gpu = options.device != "cpu"
        nodes = [each for each in cluster.nodes() if each.cpus >= 1]
        if not nodes:
            raise Problem("the cluster has no node with a CPU for cells")
        if self._gpu and not any(each.gpus >= 1 for each in nodes):
            raise Problem(f"device {options.device}: no node of the cluster has a GPU")
        cluster.check_free()
        self._members = [Member(each) for each in nodes if each.gpus >= 1 or not self._gpu]
        self.places = sum(self._most(each.node) for each in self._members)
        self._waiting: deque[Turn] = deque()
        self._too_large: list[Turn] = []  # for a share of the memory
        self._running: dict[Started, Under] = {}
        self._orders = Orders(cluster, tasks)

    def _most(self, node: Node) -> int:
        """Cells at a time, by the CPUs that the cluster gives on a node."""
        return max(1, min(self._jobs, int(node.cpus) // self._threads))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what still runs."""
        self._cluster.cancel(self._running)
        self._cluster.__exit__(kind, error, trace)

    def results(self, errands: Errands) -> Events:
        """See `Executor`.

        Raises:
            NoPlaceLeft: no node can measure any more, or the cluster is lost.
        """
        try:
            yield from self._all(errands)
            if self._too_large:
                for member in self._members:
                    member.alone()
                self._waiting.extend(self._too_large)
                yield from self._all(iter(()))
        except ClusterLost as error:
            raise NoPlaceLeft(f"{error}; {GOES_ON}") from error

    def _all(self, errands: Errands) -> Events:
        while True:
            self._fill(errands)
            if impossible := self._impossible():
                for turn, reason in impossible:
                    yield from unmeasured(turn.errand, self._tasks, "skipped", reason)
            elif self._waiting or any(under.turn for under in self._running.values()):
                if not self._running:
                    raise NoPlaceLeft(NOBODY)
                yield from self._some()
            else:  # canaries alone are waited for no longer: their node may be busy for others
                return

    def _some(self) -> Events:
        """What nodes say next."""
        for started in self._cluster.wait(self._running, HEARD_SECONDS):
            yield from self._heard(started)
        for under in self._running.values():
            if under.turn is not None:
                under.turn.errand.hear("", None)

    def _fill(self, errands: Errands) -> None:
        """Give each free place its next cell; the first thing that a node gets are the canaries."""
        for member in self._members:
            while member.free:
                turn = self._turn_for(member, errands)
                if turn is None:
                    break
                if not member.fit:
                    self._waiting.appendleft(turn)
                    room = Room(0, self._most(member.node), self._threads)
                    self._start(member, self._orders.canaries(member.node, room, gpu=self._gpu))
                else:
                    turn.errand.hear(NODE, member.node.address)
                    room = Room(member.free[0], member.places, self._threads)
                    self._start(member, self._orders.cells(member.node, room, turn.errand), turn)

    def _turn_for(self, member: Member, errands: Errands) -> Turn | None:
        """The next that it can measure; None where there is none now."""
        for turn in self._waiting:
            if not member.why_not(turn.errand):
                self._waiting.remove(turn)
                return turn
        while (errand := next(errands, None)) is not None:
            if not member.why_not(errand):
                return Turn(errand)
            self._waiting.append(Turn(errand))
        return None

    def _impossible(self) -> list[tuple[Turn, str]]:
        """What waits and no node can measure, each with a reason; it waits no more."""
        found = []
        for turn in list(self._waiting):
            reasons = [member.why_not(turn.errand) for member in self._members]
            if reasons and all(reasons):
                self._waiting.remove(turn)
                found.append((turn, f"no node of the cluster can measure it: {reasons[0]}"))
        return found

    def _start(self, member: Member, sent: Sent, turn: Turn | None = None) -> None:
        started = self._cluster.start(
            member.node,
            PROGRAM,
            sent.order,
            *sent.shared,
            cpus=min(self._threads, int(member.node.cpus)),
            gpus=int(self._gpu),
        )
        self._running[started] = Under(member, member.free.pop(0), turn)

    def _leave_out(self, member: Member, reason: str) -> None:
        if member in self._members:
            self._members.remove(member)
            self._say(f"node {member.node.address} measures nothing: {one_line(reason)}")

    def _heard(self, started: Started) -> Events:
        """Take in what a node says next."""
        member, place, turn = self._running[started]
        try:
            message = self._cluster.next(started)
            if not message.is_answer:
                if turn is not None:
                    pass_on(message.content, turn.errand.hear)
                return
            if turn is None:
                self._canaries_ended(member, message.content)
            else:
                member.free.append(place)
                yield from self._ended(member, turn, message.content)
        except Lacks as lacks:
            self._lacks(member, turn, str(lacks))
        except (NodeLost, BadAnswer) as error:
            self._cluster.cancel([started])  # it may still be at it
            self._leave_out(member, str(error))
            if turn is not None:
                self._waiting.appendleft(turn)
        except ProcessLost as error:
            member.free.append(place)
            if turn is None:
                self._leave_out(member, str(error))
            elif not turn.deaths:
                self._waiting.append(turn._replace(deaths=1))
            else:
                status: Status = "oom" if isinstance(error, OutOfMemory) else "killed"
                yield from unmeasured(turn.errand, self._tasks, status, str(error))
        del self._running[started]

    def _canaries_ended(self, member: Member, answer: bytes) -> None:
        about = read_about(answer)
        if about.fault:
            self._leave_out(member, about.fault)
        elif self._gpu and not about.gpus:
            self._leave_out(member, "torch finds no GPU there")
        else:
            member.accept(about, self._most(member.node))
            for why in about.fewer:
                self._say(f"node {member.node.address}: {one_line(why)}")

    def _lacks(self, member: Member, turn: Turn | None, reason: str) -> None:
        """Another node may measure it."""
        if turn is None:
            return
        for each in turn.errand.planned:
            if each.cell.model not in member.lacking:
                member.lacking[each.cell.model] = reason
                self._say(f"node {member.node.address} has no {each.cell.model}: {reason}")
        self._waiting.appendleft(turn)

    def _ended(self, member: Member, turn: Turn, answer: bytes) -> Events:
        errand = turn.errand
        found = read_cells(answer, errand, self._tasks, self._work)
        if found.share_mb is not None and self._needs_more(errand, found.measured, found.share_mb):
            self._too_large.append(turn)
            return
        yield Ended(errand, found.measured)
        yield Clocked(errand, found.kernel)

    def _needs_more(self, errand: Errand, measured: list[Measured], share_mb: int) -> bool:
        if share_mb >= errand.limits.memory_mb:
            return False
        return any(each.record.status in ("oom", "skipped") for each in measured)
