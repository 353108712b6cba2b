"""The process that serves on a node, before it has loaded anything; `node` beside this starts it.

A program of `python -c` calls `begin` before its other imports, so that the keeper is small.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from bench.isolation.guard import PARENT_DEATH_SIGNAL, set_property, stay_behind

IDLE_SECONDS = 60.0


def begin() -> None:
    """Return in a process that ends with the worker which started it, and with all it has started.

    A worker of Ray that ends kills its children first. So a process stands between it and the
    keeper, which has work to do then.

    Arguments of the command: the file descriptor of the connection, that worker, and the folder.
    """
    ours, worker, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    set_property(PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != worker:  # it was gone before the line above
        os._exit(1)
    between = os.getpid()
    if keeper := os.fork():
        os.close(ours)
        os._exit(abs(os.waitstatus_to_exitcode(os.waitpid(keeper, 0)[1])))

    def remove() -> None:
        if os.getppid() != between:  # else the worker does it, when it has read what was said
            shutil.rmtree(folder, ignore_errors=True)

    stay_behind(between, let_go=lambda: os.close(ours), at_end=remove)


def orders(connection: Connection) -> Iterator[bytes]:
    """Those that come, until there are none any more.

    That is when the worker closes the connection. One whose head is gone may stay for ever, without
    a word: after a minute without an order it gets another process for the next.
    """
    with suppress(EOFError):
        while connection.poll(IDLE_SECONDS):
            yield connection.recv_bytes()


def served() -> tuple[Connection, Path]:
    """Where orders come from, after what they have in common, and the folder to work in."""
    return Connection(int(sys.argv[1])), Path(sys.argv[3])
