"""How long the command takes beside what it measures."""

import os
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import pytest
from command import BENCH

from bench.leaderboard.tables import terminal
from bench.leaderboard.write import board_of, files
from bench.records.folder import Results
from bench.records.timings import CPU
from bench.registry import names
from bench.running.reference import ROUNDS_VARIABLE, time_kernel

ROOT = Path(__file__).resolve().parents[2]
BOARD, MODELS = ROOT / "results" / "ml-100k-all", ROOT / "models"


@pytest.mark.parametrize("words", ["--help", "list"])
def test_start_of_the_command(benchmark: Any, words: str) -> None:
    benchmark.pedantic(
        subprocess.run,
        ([BENCH, *words.split()],),
        {"check": True, "capture_output": True},
        rounds=7,
        warmup_rounds=1,
    )


def processor_seconds() -> float:
    """User and system, of all processes that were started here and have ended."""
    times = os.times()
    return times.children_user + times.children_system


def quick(folder: Path, *words: str) -> None:
    """The suite as a user runs it, with the whole reference kernel, and MLflow told."""
    others = {ROUNDS_VARIABLE, "BENCH_TRACK"}  # which tests set
    own = {name: value for name, value in os.environ.items() if name not in others}
    subprocess.run(
        [BENCH, "run", "--suite", "quick", *words],
        cwd=folder,
        env=own,
        check=True,
        capture_output=True,
    )


@pytest.mark.benchmark(timer=processor_seconds)
def test_processor_of_a_run_where_all_is_measured(benchmark: Any, tmp_path: Path) -> None:
    quick(tmp_path)
    benchmark.pedantic(quick, (tmp_path,), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(timer=processor_seconds)
def test_processor_of_a_run_with_one_changed_cell(benchmark: Any, tmp_path: Path) -> None:
    quick(tmp_path)
    model, text = tmp_path / "mine.py", (MODELS / "ease.py").read_text()
    numbers = count()

    def run() -> None:
        model.write_text(f"{text}\nNUMBER = {next(numbers)}\n")  # a comment would change nothing
        quick(tmp_path, "--models", "mine", "--model-path", str(model))

    benchmark.pedantic(run, rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(timer=processor_seconds)
def test_processor_of_six_cells_in_an_empty_folder(benchmark: Any, tmp_path: Path) -> None:
    def run() -> None:
        shutil.rmtree(tmp_path / "results", ignore_errors=True)
        quick(tmp_path)

    benchmark.pedantic(run, rounds=5, warmup_rounds=1)


@pytest.mark.parametrize("model", ["popularity", "gmf"], ids=["without torch", "with torch"])
@pytest.mark.benchmark(timer=processor_seconds)
def test_processor_of_a_cell_beside_its_fit(benchmark: Any, model: str, folder: Path) -> None:
    words = ["--models", model, "--force", "--seeds", "0,1,2,3,4"]
    benchmark.pedantic(quick, (folder, *words, "--track", "off"), rounds=1)
    timings = [record.timings for record in Results(folder / "results").read_records()]
    own = [each[CPU] - each["train_cpu_seconds"] for each in timings]
    benchmark.extra_info["cpu_seconds_of_a_cell"] = median(own)


@pytest.mark.benchmark(timer=process_time)
def test_processor_of_the_reference_kernel_after_a_cell(
    benchmark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ROUNDS_VARIABLE)
    benchmark.pedantic(time_kernel, (time_kernel(),), rounds=5)


@pytest.mark.benchmark(timer=processor_seconds)
def test_processor_of_kernels_compiled_into_an_empty_cache(benchmark: Any, tmp_path: Path) -> None:
    """Those of all models; libraries are loaded in it too."""
    program = "from bench.registry.models import adapter_class\nfor name in {}: adapter_class(name)"
    words = [sys.executable, "-P", "-c", program.format(sorted(names.files("models")))]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    benchmark.pedantic(subprocess.run, (words,), {"check": True, "env": environment}, rounds=1)


def test_a_board_of_75_records(benchmark: Any) -> None:
    """What a run spends on its board after every cell, and on the terminal at its end."""

    def all_of_it() -> None:
        board = board_of(Results(BOARD))
        files(board)
        terminal(board, 120)

    benchmark.pedantic(all_of_it, rounds=7, warmup_rounds=1)
