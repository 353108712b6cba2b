"""The process that serves on a node, before it has loaded anything; `node` beside this starts it.

A program of `python -c` calls `begin` before its other imports, so that the keeper is small.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from bench.isolation.guard import stay_behind

IDLE_SECONDS = 60.0


def begin() -> None:
    """Return in a process that ends with the worker which started it, and with all it has started.

    Arguments of the command: the file descriptor of the connection, that worker, and the folder.
    """
    ours, parent, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

    def remove() -> None:
        if os.getppid() != parent:  # which would do it
            shutil.rmtree(folder, ignore_errors=True)

    stay_behind(parent, let_go=lambda: os.close(ours), at_end=remove)


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
