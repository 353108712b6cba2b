"""In the child process: fit a model once, then serve new people by it, in several tests.

What is shown of them, and their held-out items, arrive only when the model is fitted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from bench import machine
from bench.adapter import Adapter
from bench.evaluation import ledger
from bench.evaluation.evaluate import evaluate, latencies
from bench.fold_in.people import NewPeople
from bench.fold_in.ways import fold_in
from bench.interactions import Interactions
from bench.isolation.worker import Parent
from bench.protocol.task import Cases
from bench.running.job import Measure


class NewPeopleTest(NamedTuple):
    """What a fitted model is tested on."""

    cases: Cases
    shown: Interactions
    fold_in: dict[str, Any]  # "way", and its parameters


def ledger_file(number: int) -> str:
    """The ledger of a test, in the job's folder."""
    return f"ledger-{number}.parquet"


@dataclass(kw_only=True)
class MeasureNewPeople(Measure):
    """Fit a model, then serve people whom it has never seen, by each way and from ever more."""

    of_tests: list[dict[str, float]] = field(default_factory=list)

    def run(self, parent: Parent) -> dict[str, Any]:
        return super().run(parent) | {"of_tests": self.of_tests}

    def _test(self, adapter: Adapter, synchronize: Callable[[], None], parent: Parent) -> None:
        tests: list[NewPeopleTest] = parent.ask()
        level = self.timings.pop("level_memory_mb")
        for number, test in enumerate(tests):
            parent.tell("phase", "scoring")
            started = perf_counter()
            # Anew for each test, so that the clock of each has what a way prepares in it.
            parameters = {name: value for name, value in test.fold_in.items() if name != "way"}
            way = fold_in(test.fold_in["way"], adapter, self.train, **parameters)
            people = NewPeople(way, test.shown)
            prepared = perf_counter() - started
            found = evaluate(
                people,
                self.train,
                test.cases,
                synchronize,
                lambda share: parent.tell("share", share),
            )
            single = latencies(people, self.train, test.cases.users, synchronize)
            peak = machine.peak_memory_mb()
            seconds = prepared + found.score_seconds
            timings = {
                "fold_in_seconds": seconds,
                "fold_in_people_per_second": len(found.ledger) / seconds,
                "evaluation_seconds": perf_counter() - started,
                "latency_p50_ms": float(np.percentile(single, 50) * 1000),
                "latency_p99_ms": float(np.percentile(single, 99) * 1000),
                "peak_memory_mb": max(0.0, peak - level),
                "total_memory_mb": peak,
            }
            on_device = machine.device_memory_mb(self.device)
            if on_device is not None:
                timings["device_memory_mb"] = on_device
            self.of_tests.append(timings)
            ledger.save(found.ledger, parent.folder / ledger_file(number))
