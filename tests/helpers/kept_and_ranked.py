"""Made-up kept models with the ledgers of their cells, as `bench run --keep` leaves them."""

from pathlib import Path
from typing import Any

from kept import films, made_up_kept

from bench.evaluation import ledger
from bench.evaluation.evaluate import evaluate
from bench.kept.model import KeptModel
from bench.protocol.task import Task, prepare

TASK = prepare(films(80), "loo-99")


def keep(folder: Path, model: str, task: Task = TASK, **options: Any) -> KeptModel:
    """A kept model of a results folder; options are those of `made_up_kept`."""
    kept = made_up_kept(folder, model, train=task.train, **options)
    if kept.restorable():
        found = evaluate(kept.adapter(), task.train, task.cases)
        place = folder / "ledgers"
        place.mkdir(exist_ok=True)
        ledger.save(found.ledger, place / f"{kept.folder.name}.parquet")
    return kept
