"""Cells here, one after the other, each with the reference kernel before it and after it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.protocol.task import Task
from bench.running.executors.executor import (
    Clocked,
    Ended,
    Errands,
    Executor,
    are_ok,
    measured_here,
)
from bench.running.reference import Clock


class OneByOne(Executor):
    """Measures each cell when the one before has ended."""

    def __init__(self, tasks: Mapping[str, Task], work: Path) -> None:
        """Nothing is started yet.

        Args:
            tasks: by protocol.
            work: an existing folder.
        """
        self._tasks, self._work = tasks, work
        self._clock = Clock()

    def results(self, errands: Errands) -> Iterator[Ended | Clocked]:
        """See `Executor`."""
        for errand in errands:
            if errand is None:
                raise ValueError("an errand waits for another one, and none is under way")
            if errand.clocked:
                self._clock.before()
            measured = measured_here(errand, self._tasks, self._work)
            yield Ended(errand, measured)  # it is on the disk before the kernel runs
            yield Clocked(errand, self._clock.after(ok=errand.clocked and are_ok(measured)))
