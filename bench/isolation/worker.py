"""The child's side: a process that does one job. `bench.isolation.process` is the other side."""

import json
import os
import resource
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Protocol

from bench.isolation import guard, marks, transfer
from bench.text import in_one_line, message_of, traceback_of

ORDER, RESULT, USED = "order", "result.json", "cpu_seconds"  # in the job's folder
DONE = "done"  # the last that a process says, when its result is written
UNTIMED = "untimed"  # the kind of what says whether time counts: True or False
OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "bad_alloc", "unable to allocate")


class Parent:
    """The run, as a job sees it. Only the job's own process can use it.

    A process that a model forked from it ends when it tries.
    """

    def __init__(self, connection: Connection, folder: Path) -> None:
        self.folder = folder  # the job's own, for files that the run reads afterwards
        self._connection, self._process = connection, os.getpid()

    def tell(self, kind: str, value: Any = None) -> None:
        """Say something while the job goes on; the value must be fit for JSON."""
        if os.getpid() != self._process:
            os._exit(1)
        _send(self._connection, kind, value)

    def count_time(self, counts: bool) -> None:
        """Say whether the time from now on counts against the limit, as it does at first."""
        self.tell(UNTIMED, not counts)

    def ask(self) -> Any:
        """Wait for what the run sends."""
        return self._connection.recv()


class Job(Protocol):
    """Something that is done in a process of its own."""

    def run(self, parent: Parent) -> dict[str, Any]:
        """Do it. The result must be fit for JSON.

        One with `skipped(reason)` in it says that the job cannot be done here.
        """


def skipped(reason: str) -> dict[str, Any]:
    """The result of a job that cannot be done here."""
    return {"status": "skipped", "reason": reason}


class Order(NamedTuple):
    """All that the process is told: the run sends where it stands."""

    before: Callable[[], None]
    memory_limit_mb: int  # 0: no limit
    cores: tuple[int, ...]  # (): any
    folder: Path
    job: Job


def main() -> None:
    """Do the job that comes over a connection, and end.

    Arguments of the command: the connection's file descriptor, and the process that holds the other
    end.
    """
    ours, parent = map(int, sys.argv[1:])
    work(ours, parent)


def work(ours: int, parent: int, begin: Callable[[], None] = lambda: None) -> NoReturn:
    """Do the job that comes over a connection, and end.

    Args:
        ours: its file descriptor.
        parent: the process that this one may not outlive.
        begin: is called in the process of the job first.
    """
    guard.stay_behind(parent, let_go=lambda: os.close(ours), at_end=_keep_used)
    code = 1
    try:
        begin()
        _main(ours)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):  # a model may have closed them
            with suppress(Exception):
                stream.flush()
        # Threads that a model left behind must not hold the process up.
        os._exit(code)


def _keep_used() -> None:
    """Say in the job's folder what CPU time it took, with all that it has started."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)  # this one started an interpreter
    seconds = sum(sum(resource.getrusage(each)[:2]) for each in whose)
    path = Path(os.environ[marks.MARK]) / USED
    path.with_suffix(".tmp").write_text(repr(seconds))
    path.with_suffix(".tmp").replace(path)


def _main(ours: int) -> None:
    os.set_inheritable(ours, False)
    connection, process = Connection(ours), os.getpid()
    order: Order = transfer.read(connection.recv())
    _stay_on(order.cores)
    _limit_memory(order.memory_limit_mb)
    result = _attempt(order, Parent(connection, order.folder))
    if os.getpid() != process:
        return
    path = order.folder / RESULT
    path.with_suffix(".tmp").write_text(result)
    path.with_suffix(".tmp").replace(path)
    with suppress(OSError):  # a model may have closed it
        _send(connection, DONE, None)


def _send(connection: Connection, kind: str, value: Any) -> None:
    """As JSON: the run unpickles nothing that a process with a model in it wrote."""
    connection.send_bytes(json.dumps((kind, value)).encode())


def _attempt(order: Order, parent: Parent) -> str:
    """The result of the job as JSON, whatever happens."""
    try:
        order.before()
        return json.dumps({"status": "ok", **order.job.run(parent)})
    except BaseException as error:  # also SystemExit and KeyboardInterrupt: it is the model's
        status = "oom" if is_out_of_memory(error) else "failed"
        trace = traceback_of(error)
        return json.dumps({"status": status, "reason": in_one_line(error), "traceback": trace})


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out; torch says so by a RuntimeError."""
    kind = type(error)  # isinstance would ask the model's exception
    text = message_of(error).lower()
    return issubclass(kind, MemoryError) or (
        issubclass(kind, RuntimeError) and any(words in text for words in OUT_OF_MEMORY)
    )


def _limit_memory(limit_mb: int) -> None:
    """Turn an allocation beyond the limit into a MemoryError, where the system can."""
    if sys.platform == "linux" and limit_mb:
        limit = limit_mb * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _stay_on(cores: tuple[int, ...]) -> None:
    """Run on these cores alone, and with it all that this process starts, where a system can."""
    if sys.platform == "linux" and cores:
        os.sched_setaffinity(0, cores)
