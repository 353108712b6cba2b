"""The parent's side: start a job in a process of its own, hear it, end it, tell how it ended."""

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import IO, Any, Literal

from bench.isolation import left_memory, marks, transfer, usage, warm
from bench.isolation.deadline import Deadline
from bench.isolation.shared import place
from bench.isolation.warm import Forked, Stages
from bench.isolation.worker import DONE, ORDER, RESULT, UNTIMED, USED, Job, Order
from bench.text import in_one_line

MOST_MESSAGE = 1 << 20  # bytes
OUTPUT = "output.txt"  # in the job's folder
OUTPUT_KEPT = 4000  # characters from the end of what a job printed
POLL_SECONDS = 0.1
CPU_LOOK_SECONDS = 1.0  # between two looks, each of milliseconds
ENDING_SECONDS = 10  # that a process has to end in, when it has said its last
WORKER = "from bench.isolation.worker import main; main()"
PRIVATE = "MLFLOW_"  # of addresses, logins and tokens, which are no model's business
GUARD_SECONDS = 10.0  # for the guard to end all that a job has started


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a job may use."""

    seconds: float = 1800.0  # without those that it says not to count, see Parent.count_time
    cpu_seconds: float = math.inf  # of the process and all that it starts, whatever they are
    memory_mb: int = 0  # 0: no limit
    threads: int = 1  # of BLAS, OpenMP and torch
    cores: tuple[int, ...] = ()  # that it may run on, by their numbers; (): on any


@dataclass(kw_only=True)
class Ending:
    """How a job ended."""

    status: Literal["ok", "skipped", "failed", "timeout", "oom", "killed", "stopped"]
    reason: str = ""
    traceback: str = ""
    output: str = ""
    cpu_seconds: float | None = None  # of the job and all that it started, if that is known
    result: dict[str, Any] = field(default_factory=dict)


# By kind of a message: what makes a value of its JSON.
Readers = Mapping[str, Callable[[Any], Any]]
NO_READERS: Readers = MappingProxyType({})


class Child:
    """A job in a process group of its own, with its output in a file.

    Whatever it starts ends with it, also a daemon that leaves the group and the tree: see
    `bench.isolation.guard`. What is left where a model has killed its guard, and on other systems
    than Linux, is found by a mark in the environment; where this run is killed, by the next one.
    """

    def __init__(self, order: Order, limits: Limits, stages: Stages | None = None) -> None:
        self.folder = order.folder  # the job's own, resolved
        self._limits = limits
        transfer.write(order, self.folder / ORDER, partial(place, folder=self.folder.parent))
        self._connection, theirs = Pipe()
        with (self.folder / OUTPUT).open("wb") as output:
            self._process = self._forked(stages, theirs, output) or self._started(theirs, output)
        theirs.close()
        self._deadline = Deadline(limits.seconds)
        self._measure_at = 0.0  # when memory is to be measured next
        self._look_at = 0.0  # when CPU time is to be looked at next
        self._stopped: Ending | None = None
        self.send(self.folder / ORDER)

    def _environment(self) -> dict[str, str]:
        return job_environment(self._limits.threads)

    def _forked(
        self, stages: Stages | None, theirs: Connection, output: IO[bytes]
    ) -> Forked | None:
        """Its process as a fork of the template, where there is one for it."""
        there = warm.template_for(self.folder)
        if stages is None or there is None or self._limits.threads != 1:
            return None
        environment = self._environment()
        return there.fork(stages, environment, self.folder, theirs.fileno(), output.fileno())

    def _started(self, theirs: Connection, output: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Its process, in an interpreter of its own."""
        return subprocess.Popen(
            # -P: the current folder may hold a `datasets` or `models` that is not ours.
            [sys.executable, "-P", "-c", WORKER, str(theirs.fileno()), str(os.getpid())],
            env=self._environment() | {marks.MARK: str(self.folder)},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def send(self, message: Any) -> None:
        """Hand something to the job; a job that has ended does not get it."""
        try:
            self._connection.send(message)
        except OSError:
            return

    def messages(self, readers: Readers = NO_READERS) -> Iterator[tuple[str, Any]]:
        """Kind and value of each thing that the job says, until it ends or exceeds a limit.

        ("", None) stands for a moment in which it said nothing.

        Args:
            readers: where one raises, the job has failed; a model can make its process say
                anything.
        """
        while self._stopped is None:
            try:
                if self._connection.poll(POLL_SECONDS):
                    kind, value = json.loads(self._connection.recv_bytes(MOST_MESSAGE))
                    if kind == DONE:
                        return
                    if kind == UNTIMED:
                        (self._deadline.stand_still if value else self._deadline.go_on)()
                    yield str(kind), readers[kind](value) if kind in readers else value
                elif self._process.poll() is None:
                    yield "", None
                else:  # a process that it left behind may still hold the connection open
                    return
            except (EOFError, OSError):
                return
            except Exception as error:
                reason = f"the process sent what cannot be read: {in_one_line(error)}"
                self._stopped = Ending(status="failed", reason=reason)
                return
            self._stopped = self._stopped or self._over_limit()

    def stop(self, reason: str) -> None:
        """Give the job up, for this reason."""
        self._stopped = Ending(status="stopped", reason=reason)

    def _over_limit(self) -> Ending | None:
        limits = self._limits
        if self._deadline.passed():
            return Ending(status="timeout", reason=f"stopped after {limits.seconds:g} s")
        now = monotonic()
        if limits.cpu_seconds < math.inf and now >= self._look_at:
            self._look_at = now + CPU_LOOK_SECONDS
            if usage.cpu_seconds(usage.family(self._process.pid, guard=True)) > limits.cpu_seconds:
                reason = f"stopped after {limits.cpu_seconds:.3g} CPU seconds"
                return Ending(status="timeout", reason=reason)
        if not limits.memory_mb or now < self._measure_at:
            return None
        self._measure_at = now + POLL_SECONDS  # not after every message: it takes 10 ms
        if usage.memory_mb(usage.family(self._process.pid)) > limits.memory_mb:
            return Ending(status="oom", reason=f"took more than {limits.memory_mb} MB of memory")
        return None

    def end(self) -> Ending:
        """Wait for the process, or kill it if it went over a limit, and tell how it ended."""
        if self._stopped is None:
            try:
                self._process.wait(timeout=ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                reason = f"stopped: it closed its connection and did not end in {ENDING_SECONDS} s"
                self._stopped = self._result() or Ending(status="killed", reason=reason)
        self.kill()
        ending = self._stopped or self._result() or self._death()
        ending.cpu_seconds = self._cpu_seconds()
        if ending.status != "ok":
            ending.output = self._output()
        return ending

    def kill(self) -> None:
        """End the process and everything that it started."""
        if self._connection.closed:
            return  # done before
        self._process.terminate()  # its guard then ends all below it
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=GUARD_SECONDS)
        marks.end(usage.family(self._process.pid))  # where the guard was stopped
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if isinstance(self._process, Forked):
            self._process.close()
        marks.end_all(self.folder)
        self._connection.close()

    def _result(self) -> Ending | None:
        try:
            result = json.loads((self.folder / RESULT).read_text())
        except (OSError, ValueError):
            return None
        words = {key: result.pop(key, "") for key in ("status", "reason", "traceback")}
        return Ending(**words, result=result)

    def _cpu_seconds(self) -> float | None:
        try:
            return float((self.folder / USED).read_text())
        except (OSError, ValueError):  # a model has killed its guard, or written what is none
            return None

    def _death(self) -> Ending:
        code = self._process.wait()  # it has ended
        if code >= 0:
            reason = f"the process ended by itself with exit code {code}, without a result"
            return Ending(status="killed", reason=reason)
        name = _signal_name(-code)
        if -code == signal.SIGABRT and "bad_alloc" in self._output():
            return Ending(status="oom", reason=f"{name} after a failed allocation")
        return Ending(status="killed", reason=f"the process was ended by {name}")

    def _output(self) -> str:
        path = self.folder / OUTPUT
        try:
            with path.open("rb") as file:  # a model can print more than fits into memory
                file.seek(max(0, path.stat().st_size - 4 * OUTPUT_KEPT))
                return file.read(4 * OUTPUT_KEPT).decode(errors="replace")[-OUTPUT_KEPT:]
        except OSError:
            return ""


def nothing() -> None:
    """Do nothing before a job."""


@contextmanager
def running(
    job: Job,
    limits: Limits,
    work: Path,
    before: Callable[[], None] = nothing,
    stages: Stages | None = None,
) -> Iterator[Child]:
    """A job in a process, with a folder of its own in `work`; both are gone after the block.

    Large read-only arrays of the job stay in `work`, for the next job that has them.

    Args:
        job: is pickled; its `run` is called in the process.
        limits: the process is ended when it exceeds them.
        work: an existing folder.
        before: is pickled too, and called in the process before the job.
        stages: what is to be imported for it, where it may be forked from a template, see
            `bench.isolation.warm`; None: it has an interpreter of its own.
    """
    shared = left_memory.present()
    with tempfile.TemporaryDirectory(dir=work) as name:
        folder = Path(name).resolve()  # the job may change its working directory
        order = Order(before, limits.memory_mb, limits.cores, folder, job)
        process = Child(order, limits, stages)
        try:
            yield process
        finally:
            process.kill()
            left_memory.remove_left(shared)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has none
        return f"signal {number}"


def job_environment(threads: int) -> dict[str, str]:
    """The environment of a job: this process's, without what opens its tracking server.

    Args:
        threads: of BLAS, OpenMP and torch.
    """
    # The last two are of LensKit, which is written in Rust.
    names = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "VECLIB_MAXIMUM", "RAYON", "LK")
    passed = {name: v for name, v in os.environ.items() if not name.startswith(PRIVATE)}
    settings = {f"{name}_NUM_THREADS": str(threads) for name in names} | {
        "PYTHONHASHSEED": "0",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # cuBLAS is reproducible only with this
    }
    return passed | settings
