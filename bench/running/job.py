"""Measure one cell, in the child process."""

import random
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from importlib import import_module
from time import perf_counter
from typing import Any

import numpy as np

from bench import machine
from bench.adapter import Adapter, Run
from bench.evaluation import ledger
from bench.evaluation.evaluate import latencies, look
from bench.evaluation.fitted import evaluate_fitted
from bench.evaluation.tiles.vectors import in_tiles
from bench.interactions import Interactions
from bench.isolation.worker import Parent, skipped
from bench.protocol.task import Cases
from bench.records.timings import COMPILE, PREPARE
from bench.registry.models import ModelSpec, complete_adapter
from bench.running.compiling import LOADING, compilation_told
from bench.running.training import Epoch, Training

LEDGER = "ledger.parquet"  # in the job's folder


@dataclass(kw_only=True)
class Measure:
    """Fit a model, then rank the held-out items, which arrive only when it is fitted."""

    row: ModelSpec
    seed: int
    device: str
    threads: int
    memory_limit_mb: int = 0  # 0: none
    train: Interactions
    looks: Cases | None  # validation cases to look at while fitting; never test cases
    keep: bool = False  # leave the fitted model in the job's folder, too
    timings: dict[str, float] = field(default_factory=dict)

    def run(self, parent: Parent) -> dict[str, Any]:
        parent.tell("phase", LOADING)
        with compilation_told(parent) as watch:
            adapter = complete_adapter(self.row)
            if reason := adapter.unavailable(self.device) or self._too_large(adapter):
                return skipped(reason)
            # Numba, before a clock or the level of memory is read.
            import_module("bench.evaluation.kernels")
            if in_tiles(self.train):
                import_module("bench.evaluation.kernels.tiles")
        self.timings[COMPILE] = watch.seconds
        for ids in (self.train.users, self.train.items):
            ids.max(initial=0)  # what every model reads is in memory before one is timed
        # All of our randomness comes from run.seed; a library below a model may use the global one.
        random.seed(self.seed)
        np.random.seed(self.seed % 2**32)
        synchronize = machine.synchronizer(self.device)
        curve = self._fit(adapter, synchronize, parent)
        parent.tell("fitted")
        self._test(adapter, synchronize, parent)
        parent.tell("arithmetic", self._arithmetic())
        if self.keep:
            self._keep(adapter, parent)
        return {"timings": self.timings, "curve": [epoch._asdict() for epoch in curve]}

    def _arithmetic(self) -> dict[str, str]:
        """What the fit was computed by."""
        on_device = machine.device_memory_mb(self.device)
        return {
            "instruction_set": import_module("bench.compilation").instruction_set(),
            "blas": machine.blas_kernel(),
            "fitted_on": self.device if on_device else "cpu",
        }

    def _keep(self, adapter: Adapter, parent: Parent) -> None:
        """Leave the model. Whatever goes wrong with that, what was measured is told before."""
        parent.tell("measured", self.timings)
        parent.tell("phase", "keeping")
        leaving = import_module("bench.kept.leave")  # its libraries count in no cell's memory
        parent.tell("left", leaving.leave(adapter, self.train, parent.folder))

    def _too_large(self, adapter: Adapter) -> str:
        """Why the model does not fit into memory on these data; "" where it does."""
        train = self.train
        needed = adapter.memory_needed(train.n_users, train.n_items, len(train))
        if needed is None or not self.memory_limit_mb:
            return ""
        needed_mb = needed / 2**20 + machine.memory_mb()
        if needed_mb <= self.memory_limit_mb:
            return ""
        return (
            f"would take {needed_mb:,.0f} MB of memory for {train.n_items:,} items, more than the"
            f" limit of {self.memory_limit_mb:,} MB"
        )

    def _fit(
        self, adapter: Adapter, synchronize: Callable[[], None], parent: Parent
    ) -> list[Epoch]:
        """Fit the model; the learning curve."""
        looks = self.looks
        parent.tell("phase", "preparing")
        self._prepare(adapter)
        parent.tell("phase", "training")
        machine.reset_peak_memory()
        level = machine.memory_mb()
        training = Training(
            look=None if looks is None else lambda: look(adapter, self.train, looks),
            tell=lambda epoch: parent.tell("epoch", epoch),
            synchronize=synchronize,
        )
        # A copy: what a model makes of it changes nothing that it is ranked by.
        adapter.fit(copy(self.train), training.run(self.seed, self.device, self.threads))
        seconds, cpu_seconds = training.seconds(), training.cpu_seconds()
        samples = sum(epoch.samples for epoch in training.curve) or len(self.train)
        epochs = max(1, len(training.curve))  # a closed form goes over the interactions once
        self.timings |= {
            "train_seconds": seconds,
            "train_cpu_seconds": cpu_seconds,
            "train_samples": samples,
            "train_samples_per_second": samples / seconds,
            "interactions_per_second": len(self.train) * epochs / seconds,
            "level_memory_mb": level,
        }
        return training.curve

    def _prepare(self, adapter: Adapter) -> None:
        """What comes before the training of a model, by a clock of its own."""
        started = perf_counter()
        adapter.prepare(copy(self.train), Run(self.seed, self.device, self.threads))
        self.timings[PREPARE] = perf_counter() - started

    def _test(self, adapter: Adapter, synchronize: Callable[[], None], parent: Parent) -> None:
        """Rank what is held out, now that it arrives."""
        cases: Cases = parent.ask()
        self._score(adapter, cases, synchronize, parent)

    def _score(
        self, adapter: Adapter, cases: Cases, synchronize: Callable[[], None], parent: Parent
    ) -> None:
        parent.tell("phase", "scoring")
        started = perf_counter()
        found = evaluate_fitted(
            adapter,
            self.train,
            cases,
            synchronize,
            lambda share: parent.tell("share", share),
            threads=self.threads,
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
        ledger.save(found.ledger, parent.folder / LEDGER)
