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

from bench.leaderboard.marks import MARKS
from bench.leaderboard.rows import DRIFT_BOUND
from bench.records.timings import AFTER, BEFORE
from bench.running import reference
from bench.running.reference import ROUNDS_VARIABLE

# Computes until it has had the core for no more than six tenths of a time that is no accident.
FIT = """__import__('pathlib').Path(SIGN).touch()
        wall, cpu = time.perf_counter(), time.process_time()
        passed, share = 0.0, 1.0
        while passed < 0.6 or share > 0.6:
            sum(range(100_000))
            passed = time.perf_counter() - wall
            share = (time.process_time() - cpu) / passed"""


class OtherWork:
    """Processes that do nothing but compute."""

    def __init__(self) -> None:
        self._spinning: list[subprocess.Popen[bytes]] = []

    def more(self) -> None:
        """Two more on each core."""
        for _ in range(2 * (os.cpu_count() or 1)):  # each in a session: these share a core evenly
            loop = ["sh", "-c", "while :; do :; done"]
            self._spinning.append(subprocess.Popen(loop, start_new_session=True))

    def end(self) -> None:
        for process in self._spinning:
            process.kill()
            process.wait()


@contextmanager
def other_work_from(sign: Path) -> Iterator[OtherWork]:
    """Other work that begins when the file is there."""
    work, over = OtherWork(), Event()

    def begin() -> None:
        while not sign.exists() and not over.wait(0.002):
            pass
        work.more()

    thread = Thread(target=begin)
    thread.start()
    try:
        yield work
    finally:
        over.set()
        thread.join()
        work.end()


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
    measure, measured = reference.time_kernel, []

    def measure_beside_work(work: OtherWork) -> float:
        """After the cell beside so much of it that it shows, also where the machine was busy."""
        measured.append(measure())
        while len(measured) == 2 and measured[1] < 1.5 * measured[0]:
            work.more()
            measured[1] = measure()
        return measured[-1]

    with other_work_from(sign) as work:
        monkeypatch.setattr(reference, "time_kernel", lambda before=None: measure_beside_work(work))
        assert run(folder, [name]) == 0
    (found,) = outcome_of(0, folder).records.values()
    assert found.timings["train_cpu_seconds"] < 0.7 * found.timings["train_seconds"]
    assert [found.timings[BEFORE], found.timings[AFTER]] == measured
    assert measured[1] > (1 + DRIFT_BOUND) * measured[0]
    board = (folder / "results" / "leaderboard.md").read_text()
    # It gives equal scores, too; all rows have one seed, so none is marked for that.
    marks = [mark for mark in MARKS if mark.sign in "†‡§"]
    assert f"| computes {''.join(mark.sign for mark in marks)} " in board
    assert all(f"- {mark.sign} {mark.meaning}" in board for mark in marks)
