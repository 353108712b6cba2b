"""Records for MLflow, and what its own client reads back of them."""

from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from bench.records.record import Cell, Record


def made_up(model: str = "als", status: Any = "ok", **changes: Any) -> Record:
    """A record with a learning curve of two epochs."""
    cell = Cell(
        dataset=changes.pop("dataset", "ml-100k"),
        protocol="loo",
        model=model,
        params={"factors": 64, "layers": [32, 16], "loss": "bpr"},
        seed=changes.pop("seed", 0),
    )
    values: dict[str, Any] = {
        "cell": cell,
        "key": f"{model:0>15}{cell.seed}",
        "status": status,
        "metrics": {"hr_at_10": 0.6733828207, "ndcg_at_10": 0.4},
        "timings": {
            **{"train_seconds": 1.5, "train_samples_per_second": 1_234_567.0},
            **{"reference_drift": 0.1, "train_reference_units": 1.875},
        },
        "curve": [
            {"number": 1, "seconds": 0.5, "samples": 9, "loss": 0.7, "validation": None},
            {"number": 2, "seconds": 1.5, "samples": 9, "loss": 0.6, "validation": 0.5},
        ],
        "audit": {"users": 943, "items": 1682},
        "data_sha256": "ab" * 32,
        "source": "https://example.org/data.zip",
        "environment": {"cpu": "CPU", "git_commit": "c0ffee"},
        "invocation": "one",
        "suite": "quick",
        "started": "2026-01-01T10:00:00+00:00",
        "ended": "2026-01-01T10:00:09+00:00",
    }
    if status != "ok":
        values |= {"metrics": {}, "curve": [], "reason": "the reason"}
    return Record(**values | changes)


def runs(results: Path, kind: str, experiment: str = "ml-100k loo") -> list[Run]:
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    found = client.get_experiment_by_name(experiment)
    return list(client.search_runs([found.experiment_id], f"tags.kind = '{kind}'"))
