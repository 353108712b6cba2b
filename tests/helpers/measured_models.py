"""Results folders with made-up ledgers, for questions that are asked of ledgers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from records import made_up

from bench.evaluation import ledger
from bench.evaluation.figures import figures
from bench.evaluation.ledger import Ledger
from bench.evaluation.metrics import Standing
from bench.records.folder import Results

ITEMS = 1000


def ledger_of(better: list[int] | np.ndarray[Any, Any], users: Any = None) -> Ledger:
    """A ledger whose test items have so many items before them, of 1,000."""
    full = np.asarray(better, dtype=np.int64)
    m = len(full)
    rng = np.random.default_rng(0)
    sampled = rng.hypergeometric(full, ITEMS - 1 - full, 99) if m else full
    return Ledger(
        user_ids=np.arange(1, m + 1) if users is None else np.asarray(users),
        item_ids=np.arange(m) + 100,
        sampled=Standing(sampled, np.zeros_like(full), np.full(m, 100)),
        full=Standing(full, np.zeros_like(full), np.full(m, ITEMS)),
        recommended=np.tile(np.arange(10, dtype=np.int32), (m, 1)),
        novelty=np.zeros(m, dtype=np.float32),
        popularity=np.zeros(m, dtype=np.float32),
        diversity=None,
        n_items=ITEMS,
    )


def write_models(
    folder: Path,
    models: Mapping[str, list[Any]],
    costs: Mapping[str, dict[str, float]] | None = None,
    **cell: Any,
) -> Results:
    """A results folder of models: for each seed how many items stand before each test item.

    Args:
        folder: where the results go.
        models: places of each model, one list for each seed; or a whole ledger.
        costs: figures of a model's clock that differ from 1 s, 1 ms and 10 MB.
        cell: what all cells share, as the data set; also what all records do.
    """
    results = Results(folder)
    for number, (model, seeds) in enumerate(models.items()):
        for seed, better in enumerate(seeds):
            found = better if isinstance(better, Ledger) else ledger_of(better)
            timings = {"train_seconds": 1.0, "latency_p99_ms": 1.0, "peak_memory_mb": 10.0}
            record = made_up(
                model,
                0.5,
                seed=seed,
                **{"key": f"{number:08x}{seed:08x}", "data_sha256": "d", "split_sha256": "s"}
                | cell,
                metrics=figures(found),
                timings=timings | (costs or {}).get(model, {}),
            )
            results.save(record)
            results.ledgers.mkdir(exist_ok=True)
            ledger.save(found, results.ledger_of(record))
    return results
