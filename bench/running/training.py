"""One fit, in the child process: its clock and its learning curve, which no model sees."""

from collections.abc import Callable
from math import isfinite
from time import perf_counter
from typing import Any, NamedTuple, Self

from bench import machine
from bench.adapter import Run


class Epoch(NamedTuple):
    """One point of a learning curve."""

    number: int  # from 1
    seconds: float  # of training until the end of this epoch, looks at validation left out
    samples: int  # training examples processed in this epoch, negatives included
    loss: float | None  # mean training loss of the epoch
    validation: float | None = None  # hit rate at 10 on the validation items, when tuning

    @classmethod
    def read(cls, plain: Any) -> Self:
        """A point that a model, or its process, says it has come to.

        Raises:
            TypeError, ValueError: it is not five finite numbers; loss and validation may be None.
        """
        number, seconds, samples, loss, validation = plain
        for name, value in (("number", number), ("samples", samples)):
            if type(value) is not int:
                raise TypeError(f"{name} of an epoch must be a whole number")
        figures = (seconds, *(each for each in (loss, validation) if each is not None))
        if not all(type(each) is float and isfinite(each) for each in figures):
            raise ValueError("seconds, loss and validation of an epoch must be finite")
        return cls(*plain)


class Training:
    """A clock that stands still during looks at validation, and the learning curve."""

    def __init__(
        self,
        *,
        look: Callable[[], float] | None = None,
        tell: Callable[[Epoch], None] = lambda epoch: None,
        synchronize: Callable[[], None] = lambda: None,
    ) -> None:
        """Start the clock.

        Args:
            look: measures the model on validation items, after each epoch.
            tell: hears of each epoch.
            synchronize: waits for the device before a clock is read.
        """
        self.curve: list[Epoch] = []
        self._look, self._tell, self._synchronize = look, tell, synchronize
        self._looked = self._looked_cpu = 0.0  # seconds that are no training
        self._started, self._started_cpu = perf_counter(), machine.cpu_seconds()

    def run(self, seed: int = 0, device: str = "cpu", threads: int = 1) -> Run:
        """What the model gets."""
        return Run(seed, device, threads, report=self._end_epoch)

    def seconds(self) -> float:
        """Seconds of training so far."""
        self._synchronize()
        return perf_counter() - self._started - self._looked

    def cpu_seconds(self) -> float:
        """CPU seconds of training so far, of this process and its children."""
        return machine.cpu_seconds() - self._started_cpu - self._looked_cpu

    def _end_epoch(self, samples: int, loss: float | None) -> bool:
        seconds = self.seconds()
        stopped, stopped_cpu = perf_counter(), machine.cpu_seconds()
        validation = self._look() if self._look else None
        # Read as the run will: what is wrong is raised here, where the model's own lines are in
        # the traceback.
        self.curve.append(Epoch.read((len(self.curve) + 1, seconds, samples, loss, validation)))
        self._tell(self.curve[-1])
        self._looked += perf_counter() - stopped
        self._looked_cpu += machine.cpu_seconds() - stopped_cpu
        return False  # who gives a fit up ends its process
