"""Made-up records, and boards read back."""

import csv
import io
from typing import Any

from bench.records.record import Cell, Record


def made_up(model: str, hr: float | None = None, **changes: Any) -> Record:
    """A record: ok with this HR@10, or failed without one."""
    cell = {"dataset": "ml-100k", "protocol": "loo", "model": model, "params": {}, "seed": 0}
    cell |= {name: changes.pop(name) for name in list(changes) if name in Cell.__annotations__}
    values: dict[str, Any] = {
        "cell": Cell(**cell),
        "key": f"{len(model):016x}",
        "status": "failed" if hr is None else "ok",
        "audit": {"users": 943, "items": 1682, "interactions": 100000, "tested_users": 943},
        "environment": {"cpu": "CPU", "cores": 2, "memory_mb": 8192, "git_commit": "abc123"},
        "started": "2026-01-01T00:00:00+00:00",
        "ended": "2026-01-01T00:00:09+00:00",
    }
    if hr is not None:
        values["metrics"] = {
            **{"hr_at_10": hr, "hr_at_10_se": 0.0154, "hr_at_10_low": hr, "hr_at_10_high": hr},
            **{"ndcg_at_10": 0.6 * hr, "full_hr_at_10": hr / 5, "hr_at_10_expected": hr},
        }
        values["timings"] = {
            **{"train_seconds": 2.5, "train_cpu_seconds": 2.4, "peak_memory_mb": 120.0},
            **{"train_samples_per_second": 1_234_567.0, "reference_drift": 0.0},
        }
    return Record(**values | changes)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))
