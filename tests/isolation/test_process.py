"""Jobs in processes of their own: what comes back, and what is left."""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from bench.isolation import deadline, process, usage
from bench.isolation.marks import MARK
from bench.isolation.process import Ending, Limits, nothing, running
from bench.isolation.shared import LEAST_BYTES
from bench.isolation.worker import UNTIMED, Job

JOBS = """import os
import subprocess
import sys
import time
from dataclasses import dataclass, field

def prepare(value):
    os.environ["PREPARED"] = value

@dataclass
class Says:
    messages: list = field(default_factory=list)

    def run(self, parent):
        for kind, value in self.messages:
            parent.tell(kind, value)
        (parent.folder / "file").write_text("kept")
        return {"pid": os.getpid(), "prepared": os.environ.get("PREPARED")}

@dataclass
class Ends:
    by: int
    guard: bool = False

    def run(self, parent):
        os.kill(os.getppid() if self.guard else os.getpid(), self.by)
        time.sleep(60)

@dataclass
class Works:
    seconds: float
    by_another: bool = False

    def run(self, parent):
        program = "import sys, time\\nwhile time.process_time() < float(sys.argv[1]): pass"
        if self.by_another:
            subprocess.run([sys.executable, "-c", program, str(self.seconds)], check=True)
        end = time.process_time() + self.seconds
        while not self.by_another and time.process_time() < end:
            pass
        return {"cpu_seconds": time.process_time()}

class Knows:
    def run(self, parent):
        below = open(f"/proc/{os.getppid()}/environ").read() if os.path.exists("/proc") else ""
        return {"names": [*os.environ, *(line.partition("=")[0] for line in below.split("\\0"))]}

class Asks:
    def run(self, parent):
        parent.tell("ready")
        return {"doubled": 2 * parent.ask()}

@dataclass
class Sums:
    array: object

    def run(self, parent):
        return {"sum": int(self.array.sum())}
"""
LIMITS = Limits(seconds=60)


def answer(job: Job, limits: Limits, work: Path, before: Callable[[], None] = nothing) -> Ending:
    """Run a job of which only the result matters."""
    with running(job, limits, work, before) as child:
        for _ in child.messages():
            pass
        return child.end()


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module with jobs that the processes can import too."""
    (tmp_path / "jobs_of_a_test.py").write_text(JOBS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    yield importlib.import_module("jobs_of_a_test")
    del sys.modules["jobs_of_a_test"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (40, "signal 40")])  # no name
def test_the_signal_that_ended_a_process_is_named(
    number: int, name: str, jobs: Any, work: Path
) -> None:
    ending = answer(jobs.Ends(number), LIMITS, work)
    assert (ending.status, ending.reason) == ("killed", f"the process was ended by {name}")


def test_an_answer_comes_from_another_process_that_was_prepared(jobs: Any, work: Path) -> None:
    ending = answer(jobs.Says([("phase", "one")]), LIMITS, work, partial(jobs.prepare, "yes"))
    assert (ending.status, ending.reason) == ("ok", "")
    assert ending.result.pop("pid") != os.getpid()
    assert ending.result == {"prepared": "yes"}
    assert list(work.iterdir()) == []
    assert "PREPARED" not in os.environ


def test_no_job_inherits_what_opens_the_tracking_server(
    jobs: Any, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its process nor its guard, which runs above it."""
    for name in ("URI", "USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", "secret")
    names = answer(jobs.Knows(), LIMITS, work).result["names"]
    assert "PYTHONPATH" in names
    assert not [name for name in names if name.startswith("MLFLOW")]


def test_what_goes_wrong_before_the_job_is_told(jobs: Any, work: Path) -> None:
    ending = answer(jobs.Says(), LIMITS, work, partial(jobs.prepare, 5))
    assert ending.status == "failed"
    assert ending.reason.startswith("TypeError: str expected")


def test_the_folder_of_a_job_is_there_until_the_block_ends(jobs: Any, work: Path) -> None:
    with running(jobs.Asks(), LIMITS, work) as child:
        for kind, _ in child.messages():
            if kind == "ready":
                child.send(21)
        assert child.end().result == {"doubled": 42}
        assert child.folder.is_relative_to(work.resolve())
    assert list(work.iterdir()) == []


def test_jobs_of_one_folder_share_a_large_array(jobs: Any, work: Path) -> None:
    array = np.ones(LEAST_BYTES, dtype=np.int8)
    array.flags.writeable = False
    for _ in range(2):
        assert answer(jobs.Sums(array), LIMITS, work).result == {"sum": LEAST_BYTES}
    assert [path.name.partition("-")[0] for path in work.iterdir()] == ["shared"]


def marked(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except psutil.Error:
        return None


def test_a_job_that_waits_is_ended_with_the_block(jobs: Any, work: Path) -> None:
    with pytest.raises(ZeroDivisionError), running(jobs.Asks(), LIMITS, work) as child:
        mark = str(child.folder)
        raise ZeroDivisionError
    assert not [p for p in psutil.process_iter() if marked(p) == mark]
    assert list(work.iterdir()) == []


def test_a_value_that_no_reader_takes_fails_the_job(jobs: Any, work: Path) -> None:
    messages = [("share", "0.5"), ("share", "half"), ("share", "1")]
    with running(jobs.Says(messages), LIMITS, work) as child:
        heard = [value for kind, value in child.messages({"share": float}) if kind]
        ending = child.end()
    assert heard == [0.5]
    assert ending.status == "failed"
    assert ending.reason.startswith("the process sent what cannot be read: ValueError: could not")


def test_a_job_that_is_given_up_says_why(jobs: Any, work: Path) -> None:
    with running(jobs.Asks(), LIMITS, work) as child:
        for kind, _ in child.messages():
            if kind == "ready":
                child.stop("enough")
        ending = child.end()
    assert (ending.status, ending.reason) == ("stopped", "enough")


def test_memory_is_measured_by_the_clock_and_not_after_every_message(
    jobs: Any, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, measured = 100.0, list[float]()
    monkeypatch.setattr(process, "monotonic", lambda: now)
    limits = Limits(seconds=60, memory_mb=1000)
    with running(jobs.Says([("step", 0.03)] * 50), limits, work) as child:
        monkeypatch.setattr(usage, "memory_mb", lambda _: measured.append(now) or 999.0)
        for kind, value in child.messages():
            now += value if kind else 0
        assert child.end().status == "ok"
    assert 10 <= len(measured) <= 50 * 0.03 / process.POLL_SECONDS + 1


def test_memory_is_measured_between_many_messages(jobs: Any, work: Path) -> None:
    limits = Limits(seconds=60, memory_mb=1)
    with running(jobs.Says([("share", 0.5)] * 9999), limits, work) as child:
        heard = sum(1 for _ in child.messages())
        assert child.end().status == "oom"
    assert heard < 9999


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ([(UNTIMED, True), ("passes", 1700), (UNTIMED, False), ("passes", 50)], "ok"),
        ([(UNTIMED, True), ("passes", 1700), (UNTIMED, False), ("passes", 70)], "timeout"),
        ([("passes", 70)], "timeout"),
        # What never ends, or comes again and again, goes against the limit at last.
        ([(UNTIMED, True), ("passes", 1900)], "timeout"),
        ([(UNTIMED, True), ("passes", 1000), (UNTIMED, True), ("passes", 900)], "timeout"),
        (3 * [(UNTIMED, True), ("passes", 700), (UNTIMED, False)], "timeout"),
    ],
)
def test_what_a_job_says_not_to_count_is_outside_its_limit(
    said: list[tuple[str, Any]],
    status: str,
    jobs: Any,
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(deadline, "monotonic", lambda: now)
    with running(jobs.Says([*said, ("phase", "last")]), LIMITS, work) as child:
        for kind, value in child.messages():
            now += value if kind == "passes" else 0
        assert child.end().status == status


@pytest.mark.parametrize("by_another", [False, True])
def test_the_cpu_time_of_a_job_is_known_with_that_of_what_it_started(
    by_another: bool, jobs: Any, work: Path
) -> None:
    ending = answer(jobs.Works(0.5, by_another), LIMITS, work)
    assert ending.status == "ok" and ending.cpu_seconds is not None
    assert ending.cpu_seconds >= 0.5
    assert ending.cpu_seconds >= ending.result["cpu_seconds"] - 0.02  # the kernel counts ticks


@pytest.mark.parametrize("by_another", [False, True])
def test_a_job_ends_with_its_cpu_time(by_another: bool, jobs: Any, work: Path) -> None:
    ending = answer(jobs.Works(3600, by_another), Limits(seconds=3600, cpu_seconds=1), work)
    assert (ending.status, ending.reason) == ("timeout", "stopped after 1 CPU seconds")
    assert ending.cpu_seconds is not None and 1 <= ending.cpu_seconds < 3600


def test_of_a_job_that_ends_its_guard_no_cpu_time_is_known(jobs: Any, work: Path) -> None:
    ending = answer(jobs.Ends(9, guard=True), LIMITS, work)
    assert ending.status == "killed" and ending.cpu_seconds is None
