"""Models that fail in every way, each in a real process, beside a good one that finishes."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from command import BENCH, bench

from bench import record
from bench.record import Record

HEAD = '''"""A model that goes wrong."""
import ctypes, os, signal, subprocess, sys, time
from dataclasses import dataclass
import numpy as np
from bench.adapter import Adapter

@dataclass(kw_only=True)
class Broken(Adapter):
    def fit(self, train, run):
        self.n = train.n_items
        FIT

    def scores(self, users):
        SCORES
'''
ZEROS = "return np.zeros((len(users), self.n), dtype=np.float32)"

# name: what fit does, what scores does, the status, what the reason says
CASES = {
    "raises_in_fit": ("raise RuntimeError('no idea')", ZEROS, "failed", "RuntimeError: no idea"),
    "raises_in_scores": ("pass", "raise KeyError('lost')", "failed", "KeyError: 'lost'"),
    "exits": ("sys.exit(3)", ZEROS, "failed", "SystemExit: 3"),
    "exits_at_once": ("os._exit(3)", ZEROS, "killed", "exit code 3, without a result"),
    "segfaults": ("ctypes.string_at(0)", ZEROS, "killed", "SIGSEGV"),
    "is_killed": ("os.kill(os.getpid(), signal.SIGKILL)", ZEROS, "killed", "SIGKILL"),
    "hangs": (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); subprocess.Popen(['sleep', '987']);"
        " time.sleep(600)",
        ZEROS,
        "timeout",
        "stopped after 4 s",
    ),
    "eats_memory": (
        "self.hoard = [np.ones(2**24) for _ in range(100)]",
        ZEROS,
        "oom",
        "Unable to allocate",
    ),
    "is_nan": (
        "pass",
        ZEROS.replace("zeros", "full").replace(", d", ", np.nan, d"),
        "failed",
        "NaN",
    ),
    "has_a_wrong_shape": ("pass", ZEROS.replace("self.n", "7"), "failed", "must return shape"),
    "diverges": ("run.epoch(samples=1, loss=float('nan'))", ZEROS, "failed", "diverged"),
    "reports_no_number": ("run.epoch(samples=1, loss='low')", ZEROS, "failed", "'low'"),
    "looks_for_what_is_held_out": (
        "import gc; found = {type(o).__name__ for o in gc.get_objects()};"
        " raise LookupError(sorted(found & {'Cases', 'Task', 'Split', 'Negatives'}))",
        ZEROS,
        "failed",
        "LookupError: []",
    ),
    "changes_its_input": ("train.items[0] = 1", ZEROS, "failed", "read-only"),
    "needs_a_library": ("import no_such_library", ZEROS, "failed", "no_such_library"),
}

# Not faults: numbers of torch and numpy are numbers, and a missing library is a reason to skip.
REPORTS = "import torch; run.epoch(samples=np.int64(3), loss=torch.tensor(0.5))"
BESIDE = {
    "reports_tensors": HEAD.replace("FIT", REPORTS).replace("SCORES", ZEROS),
    "wants_more": "import no_such_library\n" + HEAD.replace("FIT", "pass").replace("SCORES", ZEROS),
}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, Record], Path]:
    """One run of all the broken models and a good one: exit code, records by model, folder."""
    folder = tmp_path_factory.mktemp("faults")
    paths, rows = [], []
    for name, (fit, scores, _, _) in CASES.items():
        path = folder / f"{name}.py"
        path.write_text(HEAD.replace("FIT", fit).replace("SCORES", scores))
        paths += ["--model-path", str(path)]
        rows.append(f'[[rows]]\nmodel = "{name}"\ntimeout = {4 if name == "hangs" else 60}\n')
    for name, text in BESIDE.items():
        (folder / f"{name}.py").write_text(text)
        paths += ["--model-path", str(folder / f"{name}.py")]
    rows += [f'[[rows]]\nmodel = "{name}"\n' for name in ("ease", *BESIDE)]
    suite = folder / "faults.toml"
    suite.write_text('# Faults.\ndataset = "synthetic"\nmemory_limit = 900\n' + "\n".join(rows))
    names = ",".join([*CASES, "ease", *BESIDE])
    done = bench(folder, "run", "--suite", str(suite), "--models", names, *paths)
    records = {found.cell.model: found for found in record.load_all(folder / "results")}
    return done.returncode, records, folder


@pytest.mark.parametrize("name", CASES)
def test_it_ends_as_what_it_is(name: str, outcome: Any) -> None:
    _, _, status, reason = CASES[name]
    found = outcome[1][name]
    assert (found.status, reason in found.reason) == (status, True), found.reason
    assert not found.metrics


def test_a_loss_of_torch_or_numpy_is_a_number(outcome: Any) -> None:
    found = outcome[1]["reports_tensors"]
    assert found.status == "ok", found.reason
    assert (found.curve[0]["loss"], found.curve[0]["samples"]) == (0.5, 3)


def test_a_good_model_beside_them_finishes(outcome: Any) -> None:
    code, records, folder = outcome
    assert records["ease"].status == "ok"
    assert records["ease"].metrics["hr_at_10"] > 0.3
    assert code == 1
    board = (folder / "results" / "leaderboard.md").read_text()
    assert "ease" in board
    assert all(name in board for name in CASES)


def test_the_traceback_of_a_failure_is_in_its_record(outcome: Any) -> None:
    traceback = outcome[1]["raises_in_fit"].traceback
    assert "raises_in_fit.py" in traceback
    assert "RuntimeError: no idea" in traceback


def test_a_hanging_model_takes_its_children_with_it(outcome: Any) -> None:
    left = [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "987"]]
    assert not left


def test_a_model_whose_library_is_missing_is_skipped_with_the_reason(outcome: Any) -> None:
    found = outcome[1]["wants_more"]
    assert found.status == "skipped"
    assert found.reason == "needs no_such_library, which is not installed"


def test_an_interrupted_run_keeps_what_it_has_and_goes_on(folder: Path) -> None:
    slow = folder / "slow.py"
    slow.write_text(HEAD.replace("FIT", "time.sleep(120)").replace("SCORES", ZEROS))
    command = [BENCH, "run", "--suite", "quick"]
    words = ["--models", "popularity,slow", "--model-path", str(slow)]
    running = subprocess.Popen(
        [*command, *words], cwd=folder, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert running.stdout is not None
    for line in running.stdout:
        if "popularity" in line:
            break
    time.sleep(2)  # into the slow model
    children = psutil.Process(running.pid).children(recursive=True)
    os.kill(running.pid, signal.SIGTERM)
    assert running.wait(timeout=30) == 130
    assert not psutil.wait_procs(children, timeout=5)[1]
    kept = record.load_all(folder / "results")
    assert [found.cell.model for found in kept] == ["popularity"]
    done = bench(folder, "run", "--suite", "quick", "--models", "popularity,ease")
    assert "measured before" in done.stdout
    assert done.returncode == 0
