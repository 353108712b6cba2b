"""The child process that does one job. See `bench.isolation` for the parent's side."""

import json
import os
import resource
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from bench import handover, keeper

ORDER, RESULT = "order", "result.json"  # in the job's folder
OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "bad_alloc", "unable to allocate")


class Order(NamedTuple):
    """What the parent hands over first; it sends where."""

    model_files: list[Path]  # of models outside the checkout
    memory_limit_mb: int
    folder: Path  # for the result
    job: Any  # see bench.jobs


def main() -> None:
    """Do the job that comes over the connection whose file descriptor is the argument."""
    ours = int(sys.argv[1])
    keeper.stay_behind(let_go=lambda: os.close(ours))
    os.set_inheritable(ours, False)
    connection = Connection(ours)
    order: Order = handover.read(connection.recv())
    _limit_memory(order.memory_limit_mb)
    result = _attempt(order, connection)
    path = order.folder / RESULT
    path.with_suffix(".tmp").write_text(result)
    path.with_suffix(".tmp").replace(path)
    connection.send(("done", None))
    sys.stdout.flush()
    # Threads that a model left behind must not hold the process up.
    os._exit(0)


def _attempt(order: Order, connection: Connection) -> str:
    """The result of the job as JSON, whatever happens."""
    from bench.registry import add_model

    try:
        for path in order.model_files:
            add_model(path)
        return json.dumps({"status": "ok", **order.job.run(connection.send, connection.recv)})
    except BaseException as error:  # also SystemExit and KeyboardInterrupt: it is the model's
        reason = f"{type(error).__name__}: {error}".rstrip(": ").partition("\n")[0]
        status = "oom" if is_out_of_memory(error) else "failed"
        trace = traceback.format_exc()
        return json.dumps({"status": status, "reason": reason, "traceback": trace})


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out; torch says so by a RuntimeError."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in text for words in OUT_OF_MEMORY)
    )


def _limit_memory(limit_mb: int) -> None:
    """Turn an allocation beyond the limit into a MemoryError, where the system can."""
    if sys.platform == "linux" and limit_mb:
        limit = limit_mb * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
