"""MLflow beside a run: a process of its own writes to it, between two cells or after the board.

What it has to load takes longer than many a cell. So nothing of it is loaded in the run's process,
and it works while no cell does: a clock never has it beside it.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, Literal
from uuid import uuid4

import click

from bench.records.folder import Results
from bench.records.record import Record
from bench.text import one_line
from bench.tracking import database, store
from bench.tracking.address import address_of
from bench.tracking.complete import nothing_missing

Track = Literal["wait", "later", "off"]
JOB = "from bench.tracking.job import main; main()"
# A run that lasts as long as this tells MLflow between two cells, a shorter one at its end: to load
# MLflow and to open its store takes 4 s of processor, which is a tenth.
LIVE_SECONDS = 40.0
# Kinds of an order, and of an answer.
LOG, FINISH, DONE, SAY = "log", "finish", "done", "say"


class WriterEnded(Exception):
    """The process that writes to MLflow is gone before it had done all; the message says how."""


class Tracking:
    """Tells MLflow of a run. Whatever is wrong with it is said once, and the run goes on."""

    def __init__(self, results: Results, track: Track = "wait", address: str | None = None) -> None:
        """Nothing is started yet.

        Args:
            results: of the run.
            track: "wait" tells MLflow while the run goes on, and waits for it at the end; "later"
                leaves all of it to a process that goes on after the run; "off" tells it nothing.
            address: of the store, where another is meant than `bench.tracking.address` would find.
        """
        self.invocation = uuid4().hex
        self._results, self._track, self._address = results.absolute(), track, address
        self._records: list[Record] = []  # all of them
        self._told = 0  # how many of them the writer has
        self._writer: Writer | None = None
        self._live = monotonic() + LIVE_SECONDS
        self._failed = False

    def log(self, found: Record) -> None:
        """Take a record, whose ledger is on the disk."""
        self._records.append(found)
        if self._track == "wait" and monotonic() >= self._live:
            self._tell([])

    def finish(self, records: Sequence[Record], files: Sequence[Path] | None = None) -> None:
        """Close the run of this invocation, with the board, or with other files."""
        if self._track == "off":
            return
        if self._writer is None and self._nothing_missing():
            return
        store.Ended(self._results).add(self.invocation)
        names = None if files is None else [str(file) for file in files]
        last = [(FINISH, [[each.to_dict() for each in records], names])]
        if self._track == "later":
            ours, theirs = socket.socketpair()
            with ours, theirs:
                _start(theirs, subprocess.DEVNULL, subprocess.DEVNULL)
                _hand_over(ours, [self._first(), *self._untold(), *last])
            click.echo(
                "MLflow is told by a process that goes on; `bench track` writes what it could not."
            )
            return
        failed_before = self._failed
        try:
            with _shown():
                done = self._tell(last)
        except KeyboardInterrupt:  # all that is left to do is done without this process
            click.echo("MLflow is told by a process that goes on.", err=True)
            return
        if self._writer is not None:
            self._writer.close()
        if done and failed_before:
            click.echo("MLflow: it answers again, and nothing is missing there.", err=True)

    def _tell(self, last: list[Any]) -> bool:
        """Give the writer what it does not have, and wait until it is done; whether it was."""
        try:
            if self._writer is None:
                self._writer = Writer(self._first())
            orders = [*self._untold(), *last]
            self._told = len(self._records)
            self._writer.do(orders)
        except (WriterEnded, OSError) as error:
            self._writer, self._told = None, 0
            self._live = float("inf")  # once more at the end
            if not self._failed:
                click.echo(
                    f"MLflow: {error}. The run goes on; `bench track` writes what is missing.",
                    err=True,
                )
            self._failed = True
            return False
        return True

    def _nothing_missing(self) -> bool:
        """As far as that can be read here; what a server has, it must be asked."""
        embedded = address_of(self._results, self._address).uri == database.own(self._results)
        return embedded and nothing_missing(self._results, self._records)

    def _first(self) -> Any:
        # Only while this process lives are the results held for the one that writes.
        holder = os.getpid() if self._track == "wait" else 0
        return [str(self._results.path), self.invocation, self._address, holder]

    def _untold(self) -> list[Any]:
        return [(LOG, each.to_dict()) for each in self._records[self._told :]]


class Writer:
    """The process that writes, and the orders that it was given."""

    def __init__(self, first: Any) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._orders, theirs = socket.socketpair()
        with theirs:
            self._process = _start(theirs, subprocess.PIPE, self._errors)
        assert self._process.stdout is not None
        self._answers = self._process.stdout
        self._pending = 0  # orders that it has not said to be done
        self._send([first])

    def do(self, orders: list[Any]) -> None:
        """Have orders done, and say what it says meanwhile.

        Raises:
            WriterEnded: it did not come to the end of them.
        """
        self._pending += len(orders)
        self._send(orders)
        while self._pending:
            line = self._answers.readline()
            if not line.endswith("\n"):
                raise WriterEnded(self._death())
            kind, value = json.loads(line)
            if kind == DONE:
                self._pending -= 1
            else:
                click.echo(value, err=True)

    def close(self) -> None:
        """It has nothing more to do, and ends."""
        for each in (self._orders, self._answers, self._errors):
            with suppress(OSError):
                each.close()
        self._process.wait()

    def _send(self, orders: list[Any]) -> None:
        with suppress(ConnectionError):  # it has ended: that is found where its answer is read
            _hand_over(self._orders, orders)

    def _death(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().strip().rpartition("\n")[2]
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return one_line(f"the process that writes to it ended by {how} {said}".strip())


def _hand_over(to: socket.socket, orders: Iterable[Any]) -> None:
    """Give orders to the process, in a file without a name.

    That waits for nobody, where a pipe is full with the records of some cells until they are read.
    So the process has them all, also when Ctrl-C ends the run while it still loads MLflow.
    """
    with tempfile.TemporaryFile("w+") as file:
        file.writelines(json.dumps(order) + "\n" for order in orders)
        file.seek(0)
        socket.send_fds(to, [b"."], [file.fileno()])


def _start(orders: Any, answers: Any, errors: Any) -> subprocess.Popen[str]:
    """The process, in a session of its own: Ctrl-C in a terminal is for the run."""
    return subprocess.Popen(
        # -P: the current folder may hold an `mlflow` that is none.
        [sys.executable, "-P", "-c", JOB],
        stdin=orders,
        stdout=answers,
        stderr=errors,
        text=True,
        start_new_session=True,
    )


@contextmanager
def _shown() -> Iterator[None]:
    """A word on a terminal while the board stands there already."""
    if not sys.stderr.isatty():
        yield
        return
    click.echo("MLflow ...", nl=False, err=True)
    try:
        yield
    finally:
        click.echo("\r          \r", nl=False, err=True)
