"""Keep the models of a run, where that is wanted; what goes wrong with it ends nothing."""

from collections.abc import Callable
from dataclasses import asdict

from bench.evaluation import ledger
from bench.hashing import fingerprint
from bench.kept.put import is_kept, put_model
from bench.protocol.task import Task
from bench.records.folder import Results
from bench.records.record import Record
from bench.registry.suites import Suite
from bench.running.cell import Measured
from bench.running.plan import Planned
from bench.text import in_one_line, one_line

ANOTHER = "another fit than the measured one"


class Keeping:
    """Puts fitted models into a results folder."""

    def __init__(
        self, suite: Suite, task: Task, results: Results, say: Callable[[str], None]
    ) -> None:
        self.kept: list[Record] = []  # whose model is kept, as was wanted
        self.failed: list[Record] = []  # whose model could not be kept
        self._suite, self._task, self._results, self._say = suite, task, results, say

    def wanted(self, planned: Planned) -> bool:
        """Whether the model of a cell is to be kept."""
        return self._suite.keep or planned.row.keep

    def lacks(self, planned: Planned, record: Record) -> bool:
        """Whether a cell that was measured before has to be fitted again, to be kept."""
        return self.wanted(planned) and not is_kept(record, self._results)

    def put(self, measured: Measured, record: Record, note: str = "") -> None:
        """Keep what a fit left, if that was wanted and the cell is ok."""
        if measured.fitted is None or record.status != "ok":
            if measured.not_kept:
                self._failed(record, measured.not_kept)
            return
        try:
            put_model(measured.fitted, record, self._task.train, self._results, note)
        except OSError as error:  # as a full disk
            self._failed(record, in_one_line(error))
        else:
            self.kept.append(record)

    def note(self, planned: Planned, record: Record) -> None:
        """Take note of a cell that was measured before, and is kept where that is wanted."""
        if self.wanted(planned):
            self.kept.append(record)

    def put_again(self, measured: Measured, record: Record) -> None:
        """Keep the model of a second fit of a cell; its record and its ledger stay as they are.

        A note beside it says where its ledger is not, to the bit, the measured one.
        """
        if measured.ledger is None:
            again = measured.record
            self._failed(record, f"fitted again, it ended as {again.status}: {again.reason}")
            return
        before = ledger.load(self._results.ledger_of(record))
        same = fingerprint(asdict(before)) == fingerprint(asdict(measured.ledger))
        if not same:
            self._say(f"{_name(record)}: kept is {ANOTHER}: its ledger differs")
        self.put(measured, record, "" if same else ANOTHER)

    def _failed(self, record: Record, reason: str) -> None:
        self.failed.append(record)
        self._say(f"{_name(record)}: not kept: {one_line(reason)}")


def _name(record: Record) -> str:
    return f"{one_line(record.cell.name)} seed {record.cell.seed}"
