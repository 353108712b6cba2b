"""Cells here, several at a time, each on cores of its own."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event
from types import TracebackType
from typing import Any

from bench.protocol.task import Task
from bench.running.cell import Measured
from bench.running.executors.executor import (
    Clocked,
    Ended,
    Errand,
    Errands,
    Executor,
    are_ok,
    measured_here,
)
from bench.running.reference import Clock

Cores = tuple[int, ...]
HEARD_SECONDS = 0.1  # between two looks at what processes say


class _Ending(Exception):
    """The run ends, and with it each cell."""


class SideBySide(Executor):
    """Measures cells on places of some cores each, of which each has an equal share of the memory.

    The reference kernel is timed before the first cell and after the last, when no other cell runs:
    it tells how fast the machine is, and nothing of what neighbours cost. A cell that its share is
    too small for is measured again when all others have ended, alone and with all that it may take.
    """

    def __init__(
        self, tasks: Mapping[str, Task], work: Path, cores: Sequence[Cores], share_mb: int
    ) -> None:
        """Nothing is started yet.

        Args:
            tasks: by protocol.
            work: an existing folder.
            cores: of each place; () for any.
            share_mb: memory of each place.
        """
        self._tasks, self._work, self._share_mb = tasks, work, share_mb
        self.places = len(cores)
        self._free = deque(cores)
        self._threads = ThreadPoolExecutor(self.places)
        self._running: dict[Future[list[Measured]], tuple[Errand, Cores]] = {}
        self._said: SimpleQueue[tuple[Errand, str, Any]] = SimpleQueue()
        self._ends = Event()
        self._clock = Clock()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what still runs."""
        self._ends.set()
        self._threads.shutdown(cancel_futures=True)

    def results(self, errands: Errands) -> Iterator[Ended | Clocked]:
        """See `Executor`."""
        too_large: deque[Errand] = deque()
        while True:
            yield from self._beside_others(errands, too_large)
            if not too_large:
                return
            yield from self._alone(too_large.popleft())  # others may have waited for it

    def _beside_others(
        self, errands: Errands, too_large: deque[Errand]
    ) -> Iterator[Ended | Clocked]:
        """Measure what is ready; what a share of the memory is too small for is left."""
        ended: list[tuple[Errand, bool]] = []
        self._start(errands)
        while self._running:
            for errand, measured in self._next():
                if self._needs_more(errand, measured):
                    too_large.append(errand)
                    continue
                yield Ended(errand, [self._marked(each) for each in measured])
                ended.append((errand, errand.clocked and are_ok(measured)))
            self._start(errands)
        if not ended:
            return
        kernel = self._clock.after(ok=any(clocked for _, clocked in ended))
        for errand, clocked in ended:
            yield Clocked(errand, kernel if clocked else None)

    def _start(self, errands: Errands) -> None:
        """Take errands while there is room."""
        while self._free:
            errand = next(errands, None)
            if errand is None:
                return
            if errand.clocked:
                self._clock.before()
            cores = self._free.popleft()
            known = copy_context()  # with the models from outside, which a thread does not inherit
            started = self._threads.submit(known.run, self._measured, errand, cores)
            self._running[started] = errand, cores

    def _measured(self, errand: Errand, cores: Cores) -> list[Measured]:
        """In a thread of the pool: what it starts may not outlive it, and it lives to the end."""

        def hear(kind: str, value: Any) -> None:
            if self._ends.is_set():
                raise _Ending
            if kind:
                self._said.put((errand, kind, value))

        memory_mb = min(errand.limits.memory_mb, self._share_mb)
        limits = replace(errand.limits, cores=cores, memory_mb=memory_mb)
        return measured_here(replace(errand, hear=hear, limits=limits), self._tasks, self._work)

    def _next(self) -> list[tuple[Errand, list[Measured]]]:
        """Those that end first; what they and the others say meanwhile is heard."""
        done: set[Future[list[Measured]]] = set()
        while not done:
            done, _ = wait(self._running, HEARD_SECONDS, FIRST_COMPLETED)
            self._hear()
        found = []
        for each in done:
            errand, cores = self._running.pop(each)
            self._free.append(cores)
            found.append((errand, each.result()))
        return found

    def _hear(self) -> None:
        for errand, _ in self._running.values():
            errand.hear("", None)
        try:
            while True:
                errand, kind, value = self._said.get_nowait()
                errand.hear(kind, value)
        except Empty:
            return

    def _needs_more(self, errand: Errand, measured: Sequence[Measured]) -> bool:
        if self._share_mb >= errand.limits.memory_mb:
            return False
        return any(each.record.status in ("oom", "skipped") for each in measured)

    def _marked(self, measured: Measured) -> Measured:
        """With the number of cells at a time in its record."""
        environment = measured.record.environment | {"jobs": self.places}
        return measured._replace(record=replace(measured.record, environment=environment))

    def _alone(self, errand: Errand) -> Iterator[Ended | Clocked]:
        if errand.clocked:
            self._clock.before()
        measured = measured_here(errand, self._tasks, self._work)
        yield Ended(errand, measured)
        yield Clocked(errand, self._clock.after(ok=errand.clocked and are_ok(measured)))
