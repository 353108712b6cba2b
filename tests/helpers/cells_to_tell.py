"""Cells that a run has measured, told to MLflow by the process beside it."""

from dataclasses import replace

from mlflow import MlflowClient
from mlflow.entities import Run

from bench.records.folder import Results
from bench.records.record import Cell, Record
from bench.tracking.aside import Tracking

EXPERIMENT = "ml-100k loo"
FIRST = Record(
    cell=Cell(dataset="ml-100k", protocol="loo", model="als", params={"factors": 8}, seed=0),
    key="0" * 16,
    status="ok",
    metrics={"hr_at_10": 0.5, "ndcg_at_10": 0.4},
    timings={"train_seconds": 1.5},
    suite="quick",
    started="2026-01-01T10:00:00+00:00",
    ended="2026-01-01T10:00:09+00:00",
)


def of_seed(seed: int, tracking: Tracking) -> Record:
    cell = replace(FIRST.cell, seed=seed)
    return replace(FIRST, cell=cell, key=f"{seed:0>16}", invocation=tracking.invocation)


def runs(results: Results, kind: str) -> list[Run]:
    client = MlflowClient(f"sqlite:///{results.database}")
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        return []
    return list(client.search_runs([found.experiment_id], f"tags.kind = '{kind}'"))


def states(results: Results, kind: str) -> list[str]:
    return [run.info.status for run in runs(results, kind)]


def kept(results: Results, seeds: int) -> tuple[Tracking, list[Record]]:
    """A run that has measured so many cells; they are on the disk and in MLflow's hands."""
    tracking = Tracking(results)
    records = [of_seed(seed, tracking) for seed in range(seeds)]
    for each in records:
        results.save(each)
        tracking.log(each)
    return tracking, records
