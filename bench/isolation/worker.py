"""The child process that does one job. See `bench.isolation.process` for the parent's side."""

import json
import os
import resource
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, NamedTuple

from bench.isolation import guard, transfer
from bench.text import in_one_line, message_of, traceback_of

ORDER, RESULT = "order", "result.json"  # in the job's folder
OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "bad_alloc", "unable to allocate")


class Message(NamedTuple):
    """What a child says while it works."""

    kind: Literal["phase", "epoch", "share", "fitted", "finding", "done"]
    value: Any = None


Say = Callable[[Message], None]


class Order(NamedTuple):
    """What the parent hands over first; it sends where."""

    model_files: list[Path]  # of models outside the checkout
    memory_limit_mb: int
    folder: Path  # for the result
    job: Any  # see bench.running.job


def main() -> None:
    """Do the job that comes over a connection, and end.

    Arguments of the command: the connection's file descriptor, and the process that holds the other
    end.
    """
    ours, parent = map(int, sys.argv[1:])
    guard.stay_behind(parent, let_go=lambda: os.close(ours))
    code = 1
    try:
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


def _main(ours: int) -> None:
    os.set_inheritable(ours, False)
    connection, process = Connection(ours), os.getpid()
    order: Order = transfer.read(connection.recv())
    _limit_memory(order.memory_limit_mb)
    result = _attempt(order, _Line(connection, process))
    if os.getpid() != process:
        return
    path = order.folder / RESULT
    path.with_suffix(".tmp").write_text(result)
    path.with_suffix(".tmp").replace(path)
    with suppress(OSError):  # a model may have closed it
        _say(connection, ("done", None))


class _Line:
    """The connection, for this process alone: a copy of it that a model forked ends here."""

    def __init__(self, connection: Connection, process: int) -> None:
        self._connection, self._process = connection, process

    def send(self, message: Any) -> None:
        if os.getpid() != self._process:
            os._exit(1)
        _say(self._connection, message)

    def recv(self) -> Any:
        return self._connection.recv()


def _say(connection: Connection, message: Any) -> None:
    """As JSON: the run unpickles nothing that a process with a model in it wrote."""
    connection.send_bytes(json.dumps(message).encode())


def _attempt(order: Order, line: _Line) -> str:
    """The result of the job as JSON, whatever happens."""
    try:
        from bench.registry.names import add_model

        for path in order.model_files:
            add_model(path)
        return json.dumps({"status": "ok", **order.job.run(line.send, line.recv)})
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
