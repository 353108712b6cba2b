"""Measure a cell: a fresh process in the environment of its side, and bench's own metrics."""

import json
import os
import pickle
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from plan import CELL, OURS, Cell

from bench import machine
from bench.adapter import Adapter, Run
from bench.evaluation import evaluate, ledger
from bench.evaluation import figures as evaluation_figures
from bench.evaluation.scores import BadScores
from bench.interactions import Features, Floats, Ids, Interactions
from bench.isolation.process import Limits, running
from bench.protocol.task import Task
from bench.registry.models import ModelSpec
from bench.registry.sources import source_sha256
from bench.running.job import LEDGER, Measure

HERE = Path(__file__).parent
PEERS_PYTHON = HERE.parent.parent / ".venv-peers" / "bin" / "python"
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "RAYON", "LK", "LK_NUM_BACKEND")
REASON_KEPT = 300  # characters
TICK = 0.01  # seconds, which the system counts the CPU time of a cell in

Record = dict[str, Any]


class NoResult(RuntimeError):
    """A side did not finish; the message says why."""


@dataclass(kw_only=True)
class Given(Adapter):
    """Scores that somebody else computed, ranked as those of any model."""

    users: Ids  # [m], ascending
    found: Floats  # [m, n_items]

    def fit(self, train: Interactions, run: Run) -> None:
        """Nothing to learn."""

    def scores(self, users: Ids) -> Floats:
        """The rows of these users."""
        return self.found[np.searchsorted(self.users, users)]


def write_task(task: Task, folder: Path) -> None:
    """What both sides read: arrays for a peer, and our own objects for us."""
    train, cases = task.train, task.cases
    arrays = {
        "train_users": train.users.astype(np.int64),
        "train_items": train.items.astype(np.int64),
        "users": cases.users.astype(np.int64),
        "held_out": cases.held_out.astype(np.int64),
        "n_users": np.int64(train.n_users),
        "n_items": np.int64(train.n_items),
    }
    # The numbers as our own models see them, so that a peer knows neither more nor less.
    standardised = import_module("bench.models.shared.features").standardised
    for kind, features, observed, count in (
        ("user", train.user_features, train.users, train.n_users),
        ("item", train.item_features, train.items, train.n_items),
    ):
        known = features or _nothing(count)
        counts = np.bincount(observed, minlength=count)
        arrays[f"{kind}_dense"] = standardised(features, counts)
        arrays[f"{kind}_categorical"] = known.categorical
        arrays[f"{kind}_tags"] = known.multi_hot
    np.savez(folder / "task.npz", **arrays)
    with (folder / "bench.pickle").open("wb") as file:
        pickle.dump((train, cases), file)


def _nothing(count: int) -> Features:
    empty = np.zeros((count, 0))
    return Features(
        categorical=empty.astype(np.int32),
        categorical_names=(),
        categorical_sizes=(),
        multi_hot=empty.astype(np.bool_),
        multi_hot_names=(),
        dense=empty.astype(np.float32),
        dense_names=(),
    )


def key(cell: Cell, task: Task) -> str:
    """16 hex digits that change with anything that may change what is measured."""
    files = [] if cell.side == CELL else [HERE / "exchange.py", HERE / f"with_{cell.side}.py"]
    ours = cell.side in (OURS, CELL)
    if ours:
        files += [Path(evaluate.__file__)]
    else:
        files += [HERE / "requirements.txt", *HERE.glob(f"{cell.side}_*.py")]
    parts = {
        "cell": asdict(cell),
        "split": task.split_sha256,
        "files": [sha256(path.read_bytes()).hexdigest() for path in files],
        "source": source_sha256(cell.model) if ours else "",
    }
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def measure(cell: Cell, task: Task, work: Path, seconds: float) -> Record:
    """Measure a cell; whatever happens, there is a record.

    Args:
        work: where write_task wrote the task.
        seconds: after which the process is killed.
    """
    began, load = monotonic(), machine.load_average()
    record: Record = {
        "cell": asdict(cell),
        "key": key(cell, task),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "load_before": load,
        "machine": {name: machine.environment()[name] for name in ("cpu", "cores", "memory_mb")},
    }
    with tempfile.TemporaryDirectory(dir=work) as name:
        try:
            record |= (_as_cell if cell.side == CELL else _as_script)(
                cell, task, Path(name), seconds
            )
        except (NoResult, BadScores) as error:
            record |= {"status": "failed", "reason": str(error)}
    return {"status": "ok", "reason": ""} | record | {"cell_seconds": monotonic() - began}


def _as_script(cell: Cell, task: Task, folder: Path, seconds: float) -> Record:
    """What the script of a side measures, and the accuracy of its scores."""
    job = {
        name: getattr(cell, name)
        for name in ("model", "params", "samples_per_batch", "seed", "threads", "brief")
    }
    (folder / "job.json").write_text(json.dumps(job))
    python = Path(sys.executable) if cell.side == OURS else PEERS_PYTHON
    if not python.exists():
        raise NoResult("the peers have no environment; `make peers` sets it up")
    threads = {f"{library}_NUM_THREADS": str(cell.threads) for library in THREADS}
    output = folder / "output.txt"
    with output.open("w") as file:
        try:
            done = subprocess.run(
                [str(python), str(HERE / f"with_{cell.side}.py"), str(folder)],
                cwd=folder,  # where libraries put files unasked
                env=os.environ | threads,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            raise NoResult(f"stopped after {seconds:g} s") from None
    if done.returncode:
        said = last_line(output.read_text(errors="replace"))
        raise NoResult(f"exit code {done.returncode}: {said}")
    result: Record = json.loads((folder / "result.json").read_text())
    if cell.brief:
        return result
    return result | {"metrics": accuracy(np.load(folder / "scores.npy"), task)}


def last_line(text: str) -> str:
    """The last line that says something: of an exception, what it is."""
    said = [line for line in text.split("\n") if line.strip()]
    return said[-1][:REASON_KEPT] if said else ""


def _as_cell(cell: Cell, task: Task, folder: Path, seconds: float) -> Record:
    """What a cell of `bench run` measures: the same job in the same kind of process."""
    job = Measure(
        row=ModelSpec(cell.model, cell.params),
        seed=cell.seed,
        device="cpu",
        threads=cell.threads,
        train=task.train,
        looks=None,
    )
    limits = Limits(seconds=seconds, threads=cell.threads)
    with running(job, limits, folder) as child:
        for kind, _ in child.messages():
            if kind == "fitted":
                child.send(task.cases)
        ending = child.end()
        if ending.status != "ok":
            raise NoResult(f"{ending.reason}: {last_line(ending.output)}")
        found = ledger.load(child.folder / LEDGER)
    timings = ending.result["timings"]
    wanted = ("train_seconds", "train_cpu_seconds", "train_samples", "score_seconds")
    figures = {name: timings[name] for name in (*wanted, "peak_memory_mb", "total_memory_mb")}
    cpu_seconds = max(figures["train_cpu_seconds"], TICK)
    figures["samples_per_second"] = figures["train_samples"] / cpu_seconds
    return {
        "name": cell.model,
        "version": "",
        "figures": figures,
        "metrics": evaluation_figures.figures(found),
    }


def accuracy(scores: Floats, task: Task) -> dict[str, float]:
    """The metrics of scores [m, n_items], by the same code for every side.

    Raises:
        BadScores: there is a score that is not finite, or they have another shape.
    """
    given = Given(users=task.cases.users, found=scores)
    return evaluation_figures.figures(evaluate.evaluate(given, task.train, task.cases).ledger)
