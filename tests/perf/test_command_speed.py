"""How long the command takes beside what it measures."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from command import BENCH

from bench.leaderboard.tables import terminal
from bench.leaderboard.write import board_of, files
from bench.records.folder import Results

BOARD = Path(__file__).resolve().parents[2] / "results" / "ml-100k-all"


@pytest.mark.parametrize("words", ["--help", "list"])
def test_start_of_the_command(benchmark: Any, words: str) -> None:
    benchmark.pedantic(
        subprocess.run,
        ([BENCH, *words.split()],),
        {"check": True, "capture_output": True},
        rounds=7,
        warmup_rounds=1,
    )


@pytest.mark.parametrize("model", ["popularity", "gmf"], ids=["without torch", "with torch"])
def test_overhead_of_a_cell(benchmark: Any, model: str, folder: Path) -> None:
    """The difference between a run of two seeds and of one is what a further cell costs."""
    words = [BENCH, "run", "--suite", "quick", "--models", model, "--force"]
    fewer = ["--set", "gmf.epochs=1"] if model == "gmf" else []

    def run(seeds: str) -> None:
        subprocess.run(
            [*words, *fewer, "--seeds", seeds], cwd=folder, check=True, capture_output=True
        )

    benchmark.pedantic(run, ("0",), rounds=3, warmup_rounds=1)
    one = benchmark.stats.stats.median
    from time import perf_counter

    started = perf_counter()
    run("0,1,2,3")
    benchmark.extra_info["seconds_per_further_cell"] = (perf_counter() - started - one) / 3


def test_a_board_of_75_records(benchmark: Any) -> None:
    """What a run spends on its board after every cell, and on the terminal at its end."""

    def all_of_it() -> None:
        board = board_of(Results(BOARD))
        files(board)
        terminal(board, 120)

    benchmark.pedantic(all_of_it, rounds=7, warmup_rounds=1)
