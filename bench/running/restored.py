"""Kept models restored in processes of their own: each must give the ledger of its cell again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bench.evaluation import ledger
from bench.evaluation.fitted import evaluate_fitted
from bench.isolation.process import Limits, running
from bench.isolation.worker import Parent
from bench.kept.model import KeptModel
from bench.protocol.task import Cases, Task
from bench.records.folder import Results
from bench.records.record import Record
from bench.registry.names import knowing_added_models
from bench.running.plan import most_memory_mb

LEDGER = "ledger.parquet"  # in the job's folder


class Restored(NamedTuple):
    """What came of restoring a kept model."""

    record: Record
    wrong: str = ""  # why it does not give the ledger of its cell; "" where it does
    only: str = ""  # what is kept where there is nothing to restore


@dataclass(kw_only=True)
class RankAgain:
    """In a process: restore a kept model and rank the held-out items."""

    folder: Path
    cases: Cases

    def run(self, parent: Parent) -> dict[str, Any]:
        """Leave the ledger in the job's folder."""
        kept = KeptModel.read(self.folder)
        found = evaluate_fitted(kept.adapter(), kept.train(), self.cases)
        ledger.save(found.ledger, parent.folder / LEDGER)
        return {}


def restored(
    records: Sequence[Record], task: Task, results: Results, work: Path
) -> Iterator[Restored]:
    """Restore the kept models among these records of a task, one after the other.

    One without a state is named, and not restored; a fit of which it is said that it is not the
    measured one is left out.
    """
    for record in records:
        folder = results.model_of(record)
        if not folder.is_dir():
            continue
        kept = KeptModel.read(folder)
        if not kept.restorable():
            yield Restored(record, only=f"{kept.only()} kept, as it has no state()")
        elif not kept.note:
            yield Restored(record, _wrong(record, task, results, work))


def _wrong(record: Record, task: Task, results: Results, work: Path) -> str:
    job = RankAgain(folder=results.model_of(record).absolute(), cases=task.cases)
    limits = Limits(seconds=1800.0, memory_mb=most_memory_mb(), threads=record.cell.threads)
    with running(job, limits, work, knowing_added_models()) as child:
        for _ in child.messages():
            pass
        ending = child.end()
        if ending.status != "ok":
            return ending.reason
        again = (child.folder / LEDGER).read_bytes()
    if again != results.ledger_of(record).read_bytes():
        return "restored, it gives another ledger than that of its cell"
    return ""
