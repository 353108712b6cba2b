"""The node's side, in a worker of Ray: hand orders to a process that serves them.

Ray puts packages of its own in front of others for every process that imports it, so that a key or
a clock of a worker would be of other libraries. The process that serves imports what is installed.
It takes seconds to start, so that it stays for the next order; it ends with the worker.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, NamedTuple

SAYS, ANSWER = b"s", b"a"  # what a message begins with
PREFIX = "bench-node-"  # of the folders of processes that serve
OUTPUT = "output.txt"  # in its folder
SAID = 2000  # characters of what a process printed that are told
GPUS = "CUDA_VISIBLE_DEVICES"  # the variable by which Ray gives them out
PRIVATE = "RAY_"  # of addresses and tokens, which are no model's business
YOUNG_SECONDS = 60.0  # in which a folder may be without its lock, for it has just been made
ENDING_SECONDS = 20.0  # that a process has to end what it has started


class ProcessEnded(Exception):
    """The process has ended without an answer."""


class Message(NamedTuple):
    """Something that the process says."""

    is_answer: bool
    content: bytes


class Serving:
    """A process that serves, in a folder of its own; `bench.running.cluster.serve` is its side."""

    def __init__(self, program: str, shared: Any) -> None:
        """Start it.

        Args:
            program: for `python -c`.
            shared: an array of bytes, which it is sent first.

        Raises:
            OSError: the node cannot write, as where its disk is full.
        """
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
        lock = os.open(self._folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        self._connection, theirs = Pipe()
        words = [str(theirs.fileno()), str(os.getpid()), str(self._folder)]
        try:
            with (self._folder / OUTPUT).open("wb") as output:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-c", program, *words],
                    env={k: v for k, v in os.environ.items() if not k.startswith(PRIVATE)},
                    pass_fds=[theirs.fileno(), lock],  # which they hold for as long as they live
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        finally:
            theirs.close()
            os.close(lock)
        with suppress(OSError):  # it has ended, and the first order is told so
            self._connection.send_bytes(shared)

    def is_ready(self) -> bool:
        """Whether it waits for an order; it has ended where none has come for long."""
        return self._process.poll() is None and not self._connection.poll()

    def messages(self, order: bytes, more: Sequence[Any]) -> Iterator[Message]:
        """What it says to an order, and to what goes with it; the last is its answer.

        Raises:
            ProcessEnded: there is none.
        """
        try:
            for each in (order, *more):
                self._connection.send_bytes(each)
            message = None
            while message is None or not message.is_answer:
                said = self._connection.recv_bytes()
                message = Message(said.startswith(ANSWER), said[1:])
                yield message
        except (EOFError, OSError):
            raise ProcessEnded(self._last_words()) from None

    def end(self) -> int:
        """End it, and wait until nothing of it is left; its exit code."""
        self._connection.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING_SECONDS)
        self._process.kill()
        code = self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        return code

    def _last_words(self) -> str:
        with (self._folder / OUTPUT).open(errors="replace") as file:
            last = file.read()[-SAID:].strip().rpartition("\n")[2]
        return f"exit code {self.end()}{': ' if last else ''}{last}"


_kept: dict[tuple[str, str], Serving] = {}  # at most one, between two orders of the same run


def do(program: str, name: str, order: bytes, shared: Any, *more: Any) -> Iterator[Message]:
    """What a process says to an order: whole lines while it is at it, and at the end its answer.

    Args:
        program: for `python -c`, see `bench.running.cluster.serve`.
        name: of what is shared; a process has the same for all its orders.
        order: what is to be done.
        shared: an array of bytes that many orders have in common.
        more: such arrays that go with this order.

    Raises:
        ProcessEnded: there is no answer.
        OSError: the node cannot write, as where its disk is full.
    """
    name = f"{name} {os.environ.get(GPUS, '')}"  # others may be given to this worker next time
    serving = _kept.pop((program, name), None)
    if serving is None or not serving.is_ready():
        for other in (serving, *_kept.values()):
            if other is not None:
                other.end()
        _kept.clear()
        remove_left(Path(tempfile.gettempdir()))
        serving = Serving(program, shared)
    yield from serving.messages(order, more)
    _kept[program, name] = serving


def remove_left(where: Path) -> None:
    """Remove folders of processes that were killed, and their keepers with them."""
    for folder in where.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another's, at work, or gone meanwhile
            if time.time() - folder.stat().st_mtime < YOUNG_SECONDS:
                continue  # perhaps made just now, and not locked yet
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(lock)
