"""Progress of a run: what is said of each cell, and how far the present one is."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Any

from bench.records.record import Cell, Record
from bench.records.timings import PREPARE
from bench.running.executors.executor import NODE
from bench.running.remaining import Left, Remaining
from bench.running.surfaces import SurfaceName, surface
from bench.text import one_line

EPOCH_PARAMETERS = ("epochs", "iterations")  # by which models name how often they go over the data

SHOWN_SECONDS = 0.1  # of preparation: less is not worth a word


@dataclass
class Progress:
    """How far the present cell is."""

    cell: Cell
    started: float
    phase: str = "starting"
    node: str = ""  # where it runs; "" for this machine
    epoch: int = 0
    loss: float | None = None
    validation: float | None = None
    training_seconds: float = 0.0

    @property
    def epochs(self) -> int | None:
        """How many epochs there will be, where the parameters tell."""
        for name in EPOCH_PARAMETERS:
            if isinstance(self.cell.params.get(name), int):
                return int(self.cell.params[name])
        return None

    def hear(self, kind: str, value: Any) -> None:
        """Take in a message of the cell's process."""
        if kind == NODE:  # on another one it begins anew
            self.node, self.started, self.phase = value, monotonic(), "starting"
            self.epoch, self.loss, self.validation = 0, None, None
        elif kind == "phase":
            self.phase = value
        elif kind == "share":
            self.phase = f"scoring {value:.0%}"
        elif kind == "epoch":
            self.epoch, self.training_seconds = value.number, value.seconds
            self.loss, self.validation = value.loss, value.validation

    def left(self, expected: float | None) -> float | None:
        """Seconds that it still takes: by its epochs, else by what is expected of it in all."""
        if self.epochs and self.epoch:
            left = (self.epochs - self.epoch) * self.training_seconds / self.epoch
            return left if self.phase == "training" else 0.0
        return None if expected is None else max(0.0, expected - (monotonic() - self.started))

    def words(self) -> str:
        """One line: node, phase, epoch and loss."""
        parts = [f"on {self.node}: {self.phase}" if self.node else self.phase]
        if self.phase == "training" and self.epoch:
            total = f"/{self.epochs}" if self.epochs else ""
            parts.append(f"epoch {self.epoch}{total}")
            if self.loss is not None:
                parts.append(f"loss {self.loss:.4f}")
            if self.validation is not None:
                parts.append(f"validation HR@10 {self.validation:.4f}")
        return ", ".join(parts)


class Display(AbstractContextManager["Display"]):
    """Shows a run. Notes and finished cells are lines; what goes on now are live lines."""

    def __init__(
        self,
        cells: int,
        shown_on: SurfaceName,
        remaining: Remaining | None = None,
        places: int = 1,
    ) -> None:
        """Show nothing yet.

        Args:
            cells: of the run.
            shown_on: where.
            remaining: what they take.
            places: how many of them are measured at a time.
        """
        self._cells, self._remaining = cells, remaining or Remaining((), ())
        self._places = places
        self._done = 0
        self._now: list[Progress] = []
        self._surface = surface(shown_on, cells)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._surface.close()

    def line(self, text: str) -> None:
        """Say something that stays."""
        self._surface.line(text)

    def begin(self, cell: Cell) -> Callable[[str, Any], None]:
        """A cell is being measured; what takes in a message of its process, "" for none."""
        progress = Progress(cell, monotonic())
        self._now.append(progress)
        self._remaining.begin(cell)
        self._refresh()

        def hear(kind: str, value: Any) -> None:
            if kind:
                progress.hear(kind, value)
            self._refresh()

        return hear

    def end(self, record: Record, *, measured: bool) -> None:
        """A cell is done, or was done before."""
        if measured:
            self._remaining.learn(record)
        self._remaining.begin(record.cell)
        self.count()
        self.line(f"[{self._done}/{self._cells}] {outcome(record, measured=measured)}")
        self.leave(record.cell)

    def count(self) -> None:
        """One more is done."""
        self._done += 1

    def leave(self, cell: Cell) -> None:
        """A cell is not being measured any more."""
        self._now = [each for each in self._now if each.cell != cell]
        self._refresh()

    def _refresh(self) -> None:
        lines = [(_name(each), f"{each.words()}{self._own(each)}") for each in self._now]
        if whole := self._whole():
            if len(lines) == 1:
                lines = [(lines[0][0], f"{lines[0][1]}, {whole}")]
            else:
                lines.append(("", whole))
        self._surface.update(self._done, lines)

    def _own(self, now: Progress) -> str:
        """What a cell has taken, and what it still takes."""
        left = now.left(self._remaining.of(now.cell))
        taken = f" ({monotonic() - now.started:.0f} s)"
        return taken if left is None else f"{taken}, {Left(left).words()}"

    def _whole(self) -> str:
        """What the whole run still takes, where that is more than the cells of now."""
        owns = [each.left(self._remaining.of(each.cell)) for each in self._now]
        waiting = self._remaining.waiting()
        if not owns or (len(owns) == 1 and waiting == Left(0.0)):
            return ""
        known = [each or 0.0 for each in owns]
        seconds = max((waiting.seconds + sum(known)) / self._places, *known, 0.0)
        whole = Left(seconds, waiting.at_least or None in owns)
        return f"the run {whole.words()}" if seconds else ""


def _name(now: Progress) -> str:
    return one_line(f"{now.cell.name} seed {now.cell.seed}")


def outcome(record: Record, *, measured: bool) -> str:
    """A cell and how it ended, in one line."""
    name = f"{one_line(record.cell.name):<12} seed {record.cell.seed}"
    if record.status != "ok":
        return f"{name}  {record.status.upper()}: {one_line(record.reason)}"
    words = (
        f"{name}  HR@10 {record.metrics['hr_at_10']:.4f}  NDCG@10 "
        f"{record.metrics['ndcg_at_10']:.4f}  trained in {record.timings['train_seconds']:.2f} s"
    )
    if (prepared := record.timings.get(PREPARE, 0.0)) >= SHOWN_SECONDS:
        words += f" after {prepared:.1f} s of preparation"
    if not measured:
        return f"{words}, measured before"
    if record.cell.fold_in:  # its share of what one fit and all its tests took
        return words
    return f"{words}, {record.timings['cell_seconds']:.1f} s in all"
