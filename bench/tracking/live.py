"""Tell MLflow of a run as it goes on, in the process that `bench.tracking.aside` starts for that.

Whatever is wrong with MLflow, the run goes on, and what it missed follows.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import click

from bench.records.files import load_all
from bench.records.folder import Results
from bench.records.record import Record
from bench.tracking.client import TrackingError
from bench.tracking.tracker import Tracker

PATIENCE = 10.0  # an attempt that failed is followed by a pause of so many times what it took


def in_words(text: str) -> None:
    """Say something on the screen."""
    click.echo(text, err=True)


class LiveTracking:
    """Tells MLflow of a run as it goes on.

    A store that fails is said once, and tried again with the later records, but so rarely that it
    costs at most a tenth of the run, and at the end. It then gets all that it missed.
    """

    def __init__(
        self,
        results: Results,
        address: str | None = None,
        *,
        invocation: str = "",
        say: Callable[[str], None] = in_words,
        alone: bool | None = None,
    ) -> None:
        """Look first for what other runs have left open in the store.

        Args:
            results: of the run.
            address: of the store, see `bench.tracking.address`.
            invocation: id of the run, made where it is not given.
            say: shows a line.
            alone: whether the results are held for this process; None: it tries to hold them.
        """
        self.invocation = invocation or uuid4().hex
        self._results, self._say = results, say
        self._tracker = Tracker(results, address)
        self._first: Record | None = None  # of this invocation
        self._missed: deque[Record] = deque()
        self._continued: set[str] = set()  # invocations of earlier runs that it was told more of
        self._failed = False
        self._again = 0.0  # when to try again
        self._attempt(lambda: self._tracker.prepare(self.invocation, alone))

    def log(self, found: Record) -> None:
        """Write a record and its ledger to MLflow."""
        self._missed.append(found)
        if self._first is None and found.invocation == self.invocation:
            self._first = found
        if monotonic() >= self._again:
            self._attempt(self._catch_up)

    def finish(self, records: Sequence[Record], files: Sequence[Path] | None = None) -> None:
        """Close the run of this invocation, with the board, or with other files."""
        self._tracker.ended.add(self.invocation)
        failed_before = self._failed
        if self._attempt(lambda: self._finish(records, files)) and failed_before:
            self._say("MLflow: it answers again, and nothing is missing there.")

    def abandon(self) -> None:
        """The process of the run is gone. Unless it noted its end, what is open was killed."""
        if self.invocation in self._tracker.ended:
            self._attempt(lambda: self._finish(self._known(), None))
        else:
            self._attempt(lambda: self._tracker.kill(self.invocation))

    def _catch_up(self) -> None:
        while self._missed:
            found = self._missed[0]
            self._missed.rotate(-1)  # one that cannot be written must not hold up the others
            own = found.invocation == self.invocation
            first = self._first if own else self._begun.get(found.invocation)
            ledger, model = self._results.ledger_of(found), self._results.model_of(found)
            if self._tracker.log(found, ledger, first, model.absolute()):
                self._continued.add(found.invocation)
            self._missed.pop()

    def _finish(self, records: Sequence[Record], files: Sequence[Path] | None) -> None:
        self._catch_up()
        self._tracker.finish(self.invocation, records, files)
        self._tracker.tag_tiers()
        if others := self._continued - {self.invocation}:
            known = self._known()
            for invocation in others:
                self._tracker.finish(invocation, known, ())

    @cached_property
    def _begun(self) -> dict[str, Record]:
        """The record that each invocation of before began with."""
        known = self._known()
        return {each.invocation: each for each in reversed(known)}

    def _known(self) -> list[Record]:
        return load_all(Record, self._results.records, skip=lambda error: None)

    def _attempt(self, action: Callable[[], Any]) -> bool:
        """Whether it went well; if not, that is said the first time."""
        began = monotonic()
        try:
            action()
        except TrackingError as error:
            if not self._failed:
                self._say(
                    f"MLflow: {error}. The run goes on; `bench track` writes what is missing."
                )
            self._failed = True
            self._again = monotonic() + PATIENCE * (monotonic() - began)
            return False
        return True
