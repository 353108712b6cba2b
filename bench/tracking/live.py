"""MLflow beside a run: whatever is wrong with it, the run goes on, and what it missed follows."""

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

PATIENCE = 10.0  # an attempt that failed is followed by a pause of so many times what it took


class LiveTracking:
    """Tells MLflow of a run as it goes on.

    A store that fails is said once, and tried again with the later records, but so rarely that it
    costs at most a tenth of the run, and at the end. It then gets all that it missed.
    """

    def __init__(self, results: Results, uri: str | None = None) -> None:
        from bench.tracking.tracker import Tracker  # imports mlflow, 1.7 s

        self.invocation = uuid4().hex
        self._results = results
        self._tracker = Tracker(results, uri)
        self._first: Record | None = None  # of this invocation
        self._missed: deque[Record] = deque()
        self._continued: set[str] = set()  # invocations of earlier runs that it was told more of
        self._failed = False
        self._again = 0.0  # when to try again
        self._attempt(self._tracker.prepare)

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
            click.echo("MLflow: it answers again, and nothing is missing there.", err=True)

    def _catch_up(self) -> None:
        while self._missed:
            found = self._missed[0]
            self._missed.rotate(-1)  # one that cannot be written must not hold up the others
            own = found.invocation == self.invocation
            first = self._first if own else self._begun.get(found.invocation)
            if self._tracker.log(found, self._results.ledger_of(found), first):
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
        from bench.tracking.tracker import TrackingError

        began = monotonic()
        try:
            action()
        except TrackingError as error:
            if not self._failed:
                click.echo(
                    f"MLflow: {error}. The run goes on; `bench track` writes what is missing.",
                    err=True,
                )
            self._failed = True
            self._again = monotonic() + PATIENCE * (monotonic() - began)
            return False
        return True
