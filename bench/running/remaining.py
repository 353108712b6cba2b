"""The time that a run still takes: by cells measured on this machine before, and by epochs."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, NamedTuple

from bench import machine
from bench.records.folder import Results
from bench.records.record import Cell, Record
from bench.running.folder import stands
from bench.running.plan import Planned


class Left(NamedTuple):
    """Time that is left, as far as it is known."""

    seconds: float
    at_least: bool = False  # of some cells nothing is known

    def words(self) -> str:
        """In whole seconds, minutes, or hours."""
        if self.seconds < 90:
            told = f"{self.seconds:.0f} s"
        elif self.seconds < 90 * 60:
            told = f"{self.seconds / 60:.0f} min"
        else:
            told = f"{self.seconds / 3600:.1f} h"
        return f"over {told} left" if self.at_least else f"about {told} left"


class Remaining:
    """What the cells of a run take, by what is known of each.

    That is, in this order: the same cell with any seed; the same model with other hyper-parameters
    on the same data.
    """

    def __init__(self, cells: Sequence[Cell], known: Iterable[Record]) -> None:
        """Begin with nothing measured.

        Args:
            cells: that are to be measured.
            known: records of other runs; those of another machine tell nothing.
        """
        self._waiting = list(cells)
        self._seconds: dict[Any, list[float]] = {}
        here = _machine(machine.environment())
        for each in known:
            if _machine(each.environment) == here:
                self.learn(each)

    def learn(self, record: Record) -> None:
        """A cell was measured on this machine."""
        seconds = record.timings.get("cell_seconds")
        if record.status == "ok" and seconds is not None:
            for key in _keys(record.cell):
                self._seconds.setdefault(key, []).append(seconds)

    def of(self, cell: Cell) -> float | None:
        """Seconds that a cell may take; None where nothing is known of its model."""
        found = (self._seconds[key] for key in _keys(cell) if key in self._seconds)
        return next((median(each) for each in found), None)

    def begin(self, cell: Cell) -> None:
        """A cell does not wait any more."""
        if cell in self._waiting:
            self._waiting.remove(cell)

    def waiting(self) -> Left:
        """What the cells take that have not begun."""
        known = [self.of(each) for each in self._waiting]
        return Left(sum(each or 0.0 for each in known), None in known)


def to_measure(planned: Iterable[Planned], results: Results, *, force: bool) -> list[Cell]:
    """The cells that have no record yet, or are to be measured again."""

    wanted = [each for each in planned if each.described.status != "skipped"]
    return [each.cell for each in wanted if force or not stands(each.cell, each.key, results)]


def _machine(environment: dict[str, Any]) -> Any:
    return environment.get("cpu"), environment.get("cores"), environment.get("platform")


def _keys(cell: Cell) -> list[Any]:
    """From what says most of a cell to what says least."""
    place = cell.dataset, cell.protocol, cell.model, cell.device, cell.threads
    return [(*place, repr(sorted(cell.params.items()))), place]
