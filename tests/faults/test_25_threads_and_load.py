"""Fault 25: more BLAS or OpenMP threads than cores, or other work on the machine. The threads of a
cell are fixed and recorded, as is the load; a row is marked where CPU and wall time disagree, or
where the reference kernel takes longer on one side of the cell than on the other."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from faulty import Outcome, model, outcome_of, run

from bench.leaderboard.columns import BUSY_MARK, DRIFT_MARK, MARKS, TIE_MARK
from bench.leaderboard.rows import DRIFT_BOUND
from bench.running.reference import ROUNDS_VARIABLE

FIT = """__import__('pathlib').Path(SIGN).touch()
        end = time.process_time() + 0.4
        while time.process_time() < end: pass"""


@contextmanager
def other_work_from(sign: Path) -> Iterator[None]:
    """From when the file is there: on each core two processes that do nothing but compute."""
    spinning: list[subprocess.Popen[bytes]] = []
    over = Event()

    def spin() -> None:
        while not sign.exists() and not over.wait(0.002):
            pass
        for _ in range(2 * (os.cpu_count() or 1)):  # each in a session: these share a core evenly
            loop = ["sh", "-c", "while :; do :; done"]
            spinning.append(subprocess.Popen(loop, start_new_session=True))

    thread = Thread(target=spin)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for process in spinning:
            process.kill()
            process.wait()


def test_the_threads_are_those_of_the_run_whatever_the_environment_says(outcome: Outcome) -> None:
    found = outcome.records["looks_at_its_threads"]  # run with OMP_NUM_THREADS=64 and such
    assert (found.status, found.cell.threads) == ("ok", 1), found.reason


def test_the_load_is_recorded(outcome: Outcome) -> None:
    for found in outcome.records.values():
        assert {"load_before", "load_after"} <= found.timings.keys()


def test_a_row_whose_cpu_time_is_not_its_wall_time_is_marked(outcome: Outcome) -> None:
    found = outcome.records["waits"]
    assert found.status == "ok", found.reason
    assert found.timings["train_cpu_seconds"] < found.timings["train_seconds"]
    (row,) = (
        line
        for line in (outcome.results / "leaderboard.md").read_text().splitlines()
        if "| waits " in line
    )
    assert "‡" in row


def test_a_row_beside_other_work_is_marked_and_both_reasons_are_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ROUNDS_VARIABLE, "4")
    sign = folder / "fitting"
    name = model(folder, "computes", FIT.replace("SIGN", repr(str(sign))))
    with other_work_from(sign):
        assert run(folder, [name]) == 0
    (found,) = outcome_of(0, folder).records.values()
    assert found.timings["train_cpu_seconds"] < 0.7 * found.timings["train_seconds"]
    before, after = (found.timings[f"reference_seconds_{when}"] for when in ("before", "after"))
    assert after > (1 + DRIFT_BOUND) * before
    board = (folder / "results" / "leaderboard.md").read_text()
    assert f"| computes {TIE_MARK}{BUSY_MARK}{DRIFT_MARK} " in board
    assert all(f"- {mark} {MARKS[mark]}" in board for mark in (BUSY_MARK, DRIFT_MARK))
