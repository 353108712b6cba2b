"""What the harness asks of a child process, and what the child does about it."""

import random
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from importlib import import_module
from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bench import machine
from bench.adapter import Adapter, Epoch, Run
from bench.evaluation import ledger
from bench.evaluation.evaluate import evaluate, latencies, look
from bench.interactions import Interactions
from bench.isolation.worker import Message, Say
from bench.protocol.task import Cases
from bench.registry.models import ModelSpec, complete_adapter

LEDGER = "ledger.parquet"  # in the job's folder
CLOCK_SLACK = (
    1.0  # seconds between two readings of the clock, one beside the other, on a busy machine
)


@dataclass(kw_only=True)
class Measure:
    """Fit a model, then rank the held-out items, which arrive only when it is fitted."""

    row: ModelSpec
    seed: int
    device: str
    threads: int
    train: Interactions
    looks: Cases | None  # validation cases to look at while fitting; never test cases
    folder: Path
    timings: dict[str, float] = field(default_factory=dict)

    def run(self, say: Say, ask: Callable[[], Any]) -> dict[str, Any]:
        say(Message("phase", "loading"))
        adapter = complete_adapter(self.row)
        # Numba, before a clock or the level of memory is read.
        import_module("bench.evaluation.kernels")
        for ids in (self.train.users, self.train.items):
            ids.max(initial=0)  # what every model reads is in memory before one is timed
        # All of our randomness comes from run.seed; a library below a model may use the global one.
        random.seed(self.seed)
        np.random.seed(self.seed % 2**32)
        run = self._fit(adapter, say)
        say(Message("fitted"))
        cases: Cases = ask()
        self._score(adapter, cases, run.synchronize, say)
        return {"timings": self.timings, "curve": [epoch._asdict() for epoch in curve_of(run)]}

    def _fit(self, adapter: Adapter, say: Say) -> Run:
        def on_epoch(epoch: Epoch) -> bool:
            say(Message("epoch", _checked(epoch)))
            return False

        run = Run(
            seed=self.seed,
            device=self.device,
            threads=self.threads,
            on_epoch=on_epoch,
            synchronize=machine.synchronizer(self.device),
        )
        looked: list[float] = []  # CPU seconds of each look, which are no training
        if self.looks is not None:
            run.look = self._looking(adapter, self.looks, looked)
        say(Message("phase", "training"))
        machine.reset_peak_memory()
        level, cpu = machine.memory_mb(), machine.cpu_seconds()
        run.start()
        began = perf_counter()
        # A copy: what a model makes of it changes nothing that it is ranked by.
        adapter.fit(copy(self.train), run)
        seconds = run.train_seconds()
        unaccounted = perf_counter() - began - seconds - run.looked_seconds
        if not (seconds > 0 and abs(unaccounted) < CLOCK_SLACK):
            raise ValueError("fit() must leave the clock of run, as run.start(), to the harness")
        curve = curve_of(run)
        samples = sum(epoch.samples for epoch in curve) or len(self.train)
        epochs = max(1, len(curve))  # a closed form goes over the interactions once
        self.timings |= {
            "train_seconds": seconds,
            "train_cpu_seconds": machine.cpu_seconds() - cpu - sum(looked),
            "train_samples": samples,
            "train_samples_per_second": samples / seconds,
            "interactions_per_second": len(self.train) * epochs / seconds,
            "level_memory_mb": level,
        }
        return run

    def _looking(self, adapter: Adapter, cases: Cases, seconds: list[float]) -> Callable[[], float]:
        """What looks at validation cases, and notes the CPU seconds of each time it did."""

        def timed() -> float:
            began = machine.cpu_seconds()
            found = look(adapter, self.train, cases)
            seconds.append(machine.cpu_seconds() - began)
            return found

        return timed

    def _score(
        self, adapter: Adapter, cases: Cases, synchronize: Callable[[], None], say: Say
    ) -> None:
        say(Message("phase", "scoring"))
        started = perf_counter()
        found = evaluate(
            adapter, self.train, cases, synchronize, lambda share: say(Message("share", share))
        )
        single = latencies(adapter, self.train, cases.users, synchronize)
        peak, level = machine.peak_memory_mb(), self.timings.pop("level_memory_mb")
        self.timings |= {
            "score_seconds": found.score_seconds,
            "score_users_per_second": len(found.ledger) / found.score_seconds,
            "evaluation_seconds": perf_counter() - started,
            "latency_p50_ms": float(np.percentile(single, 50) * 1000),
            "latency_p99_ms": float(np.percentile(single, 99) * 1000),
            "peak_memory_mb": max(0.0, peak - level),
            "total_memory_mb": peak,
        }
        on_device = machine.device_memory_mb(self.device)
        if on_device is not None:
            self.timings["device_memory_mb"] = on_device
        ledger.save(found.ledger, self.folder / LEDGER)


def curve_of(run: Run) -> list[Epoch]:
    """The learning curve of a run.

    Raises:
        TypeError: a model put something else there than `run.epoch` does.
    """
    return [_checked(epoch) for epoch in run.curve]


def _checked(epoch: Any) -> Epoch:
    if not (isinstance(epoch, Epoch) and _holds_numbers(epoch)):
        raise TypeError("run.curve and run.on_epoch are for run.epoch() alone to use")
    return epoch


def _holds_numbers(epoch: Epoch) -> bool:
    number, seconds, samples, loss, validation = epoch
    return all(type(n) is int for n in (number, samples)) and all(
        n is None or (type(n) is float and isfinite(n)) for n in (seconds, loss, validation)
    )
