"""Time and memory of the harness's own steps at one size; scale.py starts it for each."""

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, TypeVar

import numpy as np

from bench import machine
from bench.adapter import Adapter, Embeddings, Run
from bench.evaluation.evaluate import evaluate
from bench.hashing import fingerprint
from bench.interactions import DataSet, Floats, Ids, Interactions
from bench.isolation import transfer
from bench.protocol.audit import audit
from bench.protocol.negatives import sample, some_users
from bench.protocol.split import in_order, leave_one_out
from bench.protocol.task import Cases
from bench.records.files import write_whole
from bench.registry.datasets import load_data

EVAL_USERS = 10_000
MOST_TO_DRAW_FOR = 25  # beyond this size the negatives of all users are not drawn
T = TypeVar("T")


@dataclass(kw_only=True)
class DotProduct(Adapter):
    """Vectors at random: what it costs to rank with a model of this size."""

    factors: int = 64

    def fit(self, train: Interactions, run: Run) -> None:
        random = np.random.default_rng(run.seed)
        self._users = random.standard_normal((train.n_users, self.factors), dtype=np.float32)
        self._items = random.standard_normal((train.n_items, self.factors), dtype=np.float32)

    def scores(self, users: Ids) -> Floats:
        return self._users[users] @ self._items.T

    def embeddings(self) -> Embeddings:
        return Embeddings(self._users, self._items)


class Steps:
    """Takes the time, and the most memory that the process had, of one step after the other."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}

    def take(self, name: str, step: Callable[[], T]) -> T:
        machine.reset_peak_memory()
        started, cpu = perf_counter(), process_time()
        result = step()
        self.found[name] = {
            "seconds": perf_counter() - started,
            "cpu_seconds": process_time() - cpu,
            "peak_mb": machine.peak_memory_mb(),
        }
        return result


def measure(size: int) -> dict[str, Any]:
    """What `bench.protocol.task.prepare` and a cell do, step by step."""
    load_before, steps = machine.load_average(), Steps()
    data = steps.take("load", lambda: load_data(f"synthetic:scale={size}", None).interactions)
    split = steps.take("split", lambda: leave_one_out(in_order(data)))
    scored = some_users(split, EVAL_USERS, stream="0/users")
    negatives = steps.take("negatives", lambda: sample(scored, stream="0/test"))
    cases = Cases(scored.users, scored.held_out, negatives)
    counts = steps.take(
        "audit", lambda: audit(DataSet(data), DataSet(data), split, scored, negatives)
    )
    train = [split.train.users, split.train.items, split.train.times]
    steps.take("hashes", lambda: (fingerprint(data), fingerprint([*train, *cases])))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train"
        steps.take("hand-over", lambda: transfer.write(split.train, path))
    model = DotProduct()
    model.fit(split.train, Run())
    found = steps.take("ranks", lambda: evaluate(model, split.train, cases))
    steps.found["ranks"]["seconds"] -= found.score_seconds
    if size <= MOST_TO_DRAW_FOR:
        steps.take("negatives of all", lambda: sample(split, stream="0/test"))
    return {
        "size": size,
        "audit": counts,
        "top_1_percent": top_share(split.train),
        "train_mb": sum(array.nbytes for array in train) / 2**20,
        "steps": steps.found,
        "load_before": load_before,
        "environment": machine.environment(),
    }


def top_share(train: Interactions) -> float:
    """Share of the interactions that the most popular 1 % of the items have."""
    counts = np.sort(np.bincount(train.items, minlength=train.n_items))
    return float(counts[-(train.n_items // 100) :].sum() / counts.sum())


def save(measured: dict[str, Any], path: Path) -> None:
    write_whole(path, (json.dumps(measured, indent=1) + "\n").encode())


if __name__ == "__main__":
    save(measure(int(sys.argv[1])), Path(sys.argv[2]))
