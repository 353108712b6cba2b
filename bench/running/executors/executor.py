"""The interface of all places where cells run, and what goes in and comes out."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from bench.errors import Problem
from bench.isolation.process import Limits
from bench.protocol.task import Task
from bench.records.record import Status
from bench.running.cell import Measured, measure, record_of
from bench.running.plan import Planned
from bench.running.reference import KernelTimes
from bench.running.together import measure_together
from bench.running.training import Epoch

NODE = "node"  # kind of the message that a cell begins, perhaps anew, on the node of this address
Hear = Callable[[str, Any], None]
Prune = Callable[[Epoch], str]


def unheard(kind: str, value: Any) -> None:
    """Nobody listens."""


def unpruned(epoch: Epoch) -> str:
    """Go on, whatever the epoch came to."""
    return ""


@dataclass(frozen=True, kw_only=True)
class Errand:
    """Cells that one fit serves: what is measured in one go."""

    planned: Sequence[Planned]  # more than one only where new people are served, see `together`
    limits: Limits
    keep: bool = False  # the fitted model is wanted
    clocked: bool = True  # the reference kernel is timed beside it
    hear: Hear = unheard  # hears what its process says, in the thread that asks for results
    prune: Prune = unpruned  # as for `bench.running.cell.measure`; in any thread or process


class NoPlaceLeft(Problem):
    """Nothing more can be measured anywhere; what was measured stands."""


class Ended(NamedTuple):
    """Cells are measured, one for each planned one."""

    errand: Errand
    measured: list[Measured]


class Clocked(NamedTuple):
    """What their clocks are worth: the reference kernel beside them; it follows `Ended`."""

    errand: Errand
    kernel: KernelTimes | None  # None where a cell failed, or no time was asked for


# Errands, each taken when there is room for it; None where none is ready before another has ended.
Errands = Iterator[Errand | None]


class Executor(AbstractContextManager["Executor"], ABC):
    """Measures cells somewhere. At the end of its block nothing of it is left running."""

    places: int = 1  # cells at a time

    @abstractmethod
    def results(self, errands: Errands) -> Iterator[Ended | Clocked]:
        """Measure all: for each errand `Ended`, then `Clocked`, in the order in which they come."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what still runs."""


def measured_here(errand: Errand, tasks: Mapping[str, Task], work: Path) -> list[Measured]:
    """The cells of an errand, measured in processes below this one.

    Args:
        errand: what to measure.
        tasks: by protocol.
        work: an existing folder.
    """
    first = errand.planned[0]
    if not first.cell.fold_in:
        task = tasks[first.cell.protocol]
        wanted = {"keep": errand.keep}
        return [measure(first, task, errand.limits, work, errand.hear, errand.prune, **wanted)]
    cells = [(each, tasks[each.cell.protocol]) for each in errand.planned]
    return [Measured(*each) for each in measure_together(cells, errand.limits, work, errand.hear)]


def are_ok(measured: Sequence[Measured]) -> bool:
    """Whether all of them are."""
    return all(each.record.status == "ok" for each in measured)


def unmeasured(
    errand: Errand, tasks: Mapping[str, Task], status: Status, reason: str
) -> Iterator[Ended | Clocked]:
    """The end of an errand that nothing has come of."""
    now = datetime.now(UTC)
    records = [
        record_of(each, tasks[each.cell.protocol], now, status=status, reason=reason)
        for each in errand.planned
    ]
    yield Ended(errand, [Measured(each) for each in records])
    yield Clocked(errand, None)
