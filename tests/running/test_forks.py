"""Cells that are forked from a template: the same figures, and nothing of one in the next."""

import sys
from pathlib import Path
from typing import Any

import pytest
from command import bench_here

from bench.isolation.warm import FRESH, Forked, Warm
from bench.records.files import load
from bench.records.folder import Results
from bench.records.record import Record

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked"),
    pytest.mark.slow,  # loads torch for each cell
]
SPOILS = '''"""A model that spoils what others count on."""

import gc, os, random, signal, sys, warnings
from dataclasses import dataclass

import bench.evaluation.kernels, bench.protocol.task, numpy, scipy.sparse, torch
from bench.adapter import Adapter


@dataclass(kw_only=True)
class Spoils(Adapter):
    def fit(self, train, run):
        torch.set_default_dtype(torch.float64)
        torch.set_flush_denormal(True)
        torch.use_deterministic_algorithms(True)
        torch.set_num_threads(3)
        for library in (torch.manual_seed, numpy.random.seed, random.seed):
            library(9)
        numpy.seterr(all="raise")
        warnings.simplefilter("error")
        gc.disable()
        os.unsetenv("OMP_NUM_THREADS")
        os.chdir("/")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        spoilt = [scipy.sparse, numpy.linalg, torch.nn, torch.optim, bench.protocol.task]
        for module in [bench.evaluation.kernels, *spoilt]:
            for name in [name for name in vars(module) if not name.startswith("_")]:
                setattr(module, name, None)
        for name in [name for name in sys.modules if name.startswith(("bench.", "models."))]:
            del sys.modules[name]
        raise RuntimeError("all is spoilt")

    def scores(self, users):
        return None
'''
ROWS = """dataset = "synthetic"

[[rows]]
model = "{before}"

[[rows]]
model = "random"

[[rows]]
model = "knn"

[[rows]]
model = "als"
params = {{ factors = 8, iterations = 3 }}

[[rows]]
model = "gmf"
params = {{ epochs = 2, batch_size = 256 }}

[[rows]]
model = "multvae"
params = {{ epochs = 2 }}

[[rows]]
model = "sasrec"
params = {{ epochs = 1 }}
"""


def ledgers(folder: Path, before: str, *words: str) -> dict[str, bytes]:
    """By name, those of a run of all rows after the first."""
    folder.mkdir()
    (folder / "suite.toml").write_text(ROWS.format(before=before))
    chosen = f"{before},random,knn,als,gmf,multvae,sasrec"
    done = bench_here(folder, "run", "--suite", "suite.toml", "--models", chosen, *words)
    assert f"[1/7] {before} " in done.stdout
    records = [load(Record, path) for path in Results(folder / "results").records.glob("*.json")]
    ended = {record.cell.model: (record.status, record.reason) for record in records}
    wanted = ("ok", "") if before == "popularity" else ("failed", "RuntimeError: all is spoilt")
    assert ended.pop(before) == wanted, done.stdout
    assert set(ended.values()) == {("ok", "")}, done.stdout
    paths = (folder / "results" / "ledgers").iterdir()
    return {path.name: path.read_bytes() for path in paths if f".{before}." not in path.name}


def test_figures_are_those_of_fresh_interpreters_also_after_a_model_that_spoils_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spoils.py").write_text(SPOILS)
    own = ("--model-path", str(tmp_path / "spoils.py"))
    processes: list[Forked | None] = []
    fork = Warm.fork

    def noted(*args: Any) -> Forked | None:
        processes.append(fork(*args))
        return processes[-1]

    monkeypatch.setattr(Warm, "fork", noted)
    forked = ledgers(tmp_path / "forked", "popularity")
    assert ledgers(tmp_path / "spoilt", "spoils", *own) == forked
    assert len(processes) >= 2 * 7
    assert None not in processes
    monkeypatch.setenv(FRESH, "1")
    assert ledgers(tmp_path / "fresh", "popularity") == forked
    assert len(forked) == 6
