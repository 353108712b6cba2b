"""Fault 30: the clock is set, imports and compilation before training, an asynchronous device.
Durations are of a monotonic clock, begin after the import, and wait for the device."""

import importlib
import re
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from faulty import FIT_SECONDS, IMPORT_SECONDS, Outcome

from bench import machine
from bench.evaluation import evaluate
from bench.evaluation.evaluate import Stopwatch, latencies
from bench.protocol.task import prepare
from bench.registry.datasets import load_data
from bench.registry.models import ModelSpec
from bench.running import job as jobs
from bench.running.training import Training

ROOT = Path(__file__).resolve().parents[2]
WALL_CLOCK = re.compile(
    r"\btime\.(time|time_ns|clock_gettime)\b|\bfrom time import [^\n]*\b(time|time_ns)\b|\butcnow\("
)

# How often it may be read: it dates files, so their age is of it.
AGES_OF_FILES = {"bench/data/plain.py": 1, "bench/running/cluster/node.py": 1}


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

    training = Training(synchronize=synchronize)
    queue.append(0.05)
    assert training.seconds() >= 0.05
    queue.append(0.05)
    training.run().epoch(samples=1)
    assert training.curve[0].seconds >= 0.1


def test_the_clock_of_scoring_takes_no_work_from_before_and_all_of_its_own() -> None:
    waited: list[str] = []
    watch = Stopwatch(lambda: waited.append("waited"))
    with watch:
        waited.append("scored")
    assert waited == ["waited", "scored", "waited"]


def test_looks_at_validation_are_in_neither_time_of_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[tuple[float, float]] = []

    def now() -> tuple[float, float]:
        """On the wall's clock, and of the CPU."""
        return time.perf_counter(), machine.cpu_seconds()

    def since(began: tuple[float, float]) -> tuple[float, float]:
        wall, cpu = now()
        return wall - began[0], cpu - began[1]

    def look(*_: object) -> float:
        began = now()
        while since(began)[1] < 0.1:
            pass
        looked.append(since(began))
        return 0.5

    monkeypatch.setattr(jobs, "look", look)
    task = prepare(load_data("synthetic", None), "loo-99-validation")
    row = ModelSpec("als", {"factors": 2, "iterations": 3})
    settings = {"seed": 0, "device": "cpu", "threads": 1}
    job = jobs.Measure(row=row, train=task.train, looks=task.cases, **settings)
    began = time.perf_counter()
    parent = SimpleNamespace(folder=tmp_path, tell=lambda *_: None, ask=lambda: task.cases)
    timings = job.run(parent)["timings"]
    whole = time.perf_counter() - began
    assert len(looked) == 3
    assert timings["train_seconds"] <= whole - sum(wall for wall, _ in looked)
    assert timings["train_cpu_seconds"] < sum(cpu for _, cpu in looked)  # it takes a tenth of that


KERNELS = [
    *(ROOT / "bench").rglob("kernels/[!_]*.py"),
    *(ROOT / "models").rglob("kernels/[!_]*.py"),
]


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.stem)
def test_compiled_code_is_compiled_on_import_and_never_later(path: Path) -> None:
    within = path.relative_to(ROOT).with_suffix("").parts
    module = importlib.import_module(".".join(["bench", *within[within[0] == "bench" :]]))
    named = re.findall(r"^@kernel\(.*?^def (\w+)", path.read_text(), re.MULTILINE | re.DOTALL)
    for compiled in (getattr(module, name) for name in named):
        assert compiled.signatures
        assert not compiled._can_compile  # for other types, when it is called
    assert named or "kernel(" not in path.read_text()


def test_the_first_call_of_one_user_is_in_no_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]  # a made-up one, which goes on only where the model works
    monkeypatch.setattr(evaluate, "perf_counter", lambda: clock[0])

    class Warming:
        calls = 0

        def scores(self, users: object) -> np.ndarray:
            self.calls += 1
            clock[0] += 0.5 if self.calls == 1 else 0.125
            return np.zeros((1, train.n_items), dtype=np.float32)

    train = load_data("synthetic", None).interactions
    users = np.arange(5, dtype=np.int32)
    found = latencies(Warming(), train, users, lambda: None)
    assert found.tolist() == [0.125] * 5


@pytest.mark.parametrize(
    "path",
    [p for folder in ("bench", "models") for p in (ROOT / folder).rglob("*.py")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_duration_is_of_the_wall_clock(path: Path) -> None:
    found = WALL_CLOCK.findall(path.read_text(encoding="utf-8"))
    assert len(found) == AGES_OF_FILES.get(str(path.relative_to(ROOT)), 0)
