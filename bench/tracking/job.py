"""Write to MLflow in a process of its own, which outlives a run that is killed or does not wait.

Orders are lines of JSON in files that come over the socket on its input, `bench.tracking.aside`
sends them. What it has done, and what there is to say, are lines of JSON on its output.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from bench.records.folder import Results
from bench.records.record import Record
from bench.tracking.aside import DONE, FINISH, LOG, SAY

# MLflow loads these where they are installed, for what bench does not use: half a second and more
# of processor. It does without them too: that is how mlflow-skinny is published.
UNUSED = ("pandas", "polars", "pyspark")


def main() -> None:
    """Do what the input says. Ctrl-C is for the run alone: it says what is to be done then."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # as if it were not there
    _work(_orders(socket.socket(fileno=0)), answers)
    sys.stderr.flush()
    os._exit(0)  # at once: nothing of it is still to be written


def _orders(handed: socket.socket) -> Iterator[Any]:
    """Each order, until nobody is there to give one."""
    while True:
        said, files, *_ = socket.recv_fds(handed, 1, 1)
        if not said:
            return
        with os.fdopen(files[0]) as file:
            yield from map(json.loads, file)


def _work(orders: Iterator[Any], answers: TextIO) -> None:
    from bench.tracking.live import LiveTracking

    def answer(kind: str, value: str = "") -> None:
        with suppress(OSError):  # nobody waits for it any more
            answers.write(json.dumps((kind, value)) + "\n")
            answers.flush()

    folder, invocation, address, holder = next(orders)
    tracking = LiveTracking(
        Results(Path(folder)),
        address,
        invocation=invocation,
        say=lambda text: answer(SAY, text),
        alone=True if os.getppid() == holder else None,
    )
    finished = False
    for kind, value in orders:
        if kind == LOG:
            tracking.log(Record.from_dict(value))
        elif kind == FINISH:
            records, files = value
            tracking.finish(
                [Record.from_dict(each) for each in records],
                None if files is None else [Path(file) for file in files],
            )
            finished = True
        answer(DONE)
    if not finished:
        tracking.abandon()
