"""Fault 30: the clock is set, imports and compilation before training, an asynchronous device.
Durations are of a monotonic clock, begin after the import, and wait for the device."""

import re
import time
from pathlib import Path

import pytest
from conftest import Outcome
from faulty import FIT_SECONDS, IMPORT_SECONDS

from bench import jobs
from bench.adapter import Run
from bench.evaluation import Stopwatch
from bench.protocol import prepare
from bench.runner import load_data

ROOT = Path(__file__).resolve().parents[2]
WALL_CLOCK = re.compile(r"\btime\.time\(|\bfrom time import [^\n]*\btime\b|\butcnow\(")


def test_a_clock_that_is_set_back_and_a_slow_import_are_not_in_the_time(outcome: Outcome) -> None:
    found = outcome.records["waits"]
    assert found.status == "ok", found.reason
    seconds, whole = found.timings["train_seconds"], found.timings["cell_seconds"]
    assert FIT_SECONDS <= seconds <= whole - IMPORT_SECONDS
    assert found.timings["score_seconds"] > 0


def test_the_training_clock_waits_for_the_device() -> None:
    queue: list[float] = []  # of a device that works only when it is waited for

    def synchronize() -> None:
        while queue:
            time.sleep(queue.pop())

    run = Run(synchronize=synchronize)
    run.start()
    queue.append(0.05)
    assert run.train_seconds() >= 0.05
    queue.append(0.05)
    run.epoch(samples=1)
    assert run.curve[0].seconds >= 0.1


def test_the_clock_of_scoring_takes_no_work_from_before_and_all_of_its_own() -> None:
    waited: list[str] = []
    watch = Stopwatch(lambda: waited.append("waited"))
    with watch:
        waited.append("scored")
    assert waited == ["waited", "scored", "waited"]


def test_looks_at_validation_are_in_neither_time_of_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[float] = []

    def look(*_: object) -> float:
        began, end = time.perf_counter(), time.process_time() + 0.1
        while time.process_time() < end:
            pass
        looked.append(time.perf_counter() - began)
        return 0.5

    monkeypatch.setattr(jobs, "look", look)
    task = prepare(load_data("synthetic", None), "loo-99-validation")
    row = jobs.Row("als", {"factors": 2, "iterations": 3})
    settings = {"seed": 0, "device": "cpu", "threads": 1, "folder": tmp_path}
    job = jobs.Measure(row=row, train=task.train, looks=task.cases, **settings)
    began = time.perf_counter()
    timings = job.run(lambda message: None, lambda: task.cases)["timings"]
    assert len(looked) == 3
    assert timings["train_seconds"] <= time.perf_counter() - began - sum(looked)
    assert timings["train_cpu_seconds"] < 0.2  # of a process: other work has no part in it


@pytest.mark.parametrize(
    "path",
    [p for folder in ("bench", "models") for p in (ROOT / folder).glob("*.py")],
    ids=lambda path: path.name,
)
def test_no_duration_is_of_the_wall_clock(path: Path) -> None:
    assert not WALL_CLOCK.search(path.read_text(encoding="utf-8"))
