"""Fault 18: kill -9 of the run, or no power while it writes. Nothing that was finished is lost, a
half-written file is never read as a result, and the next start reconciles MLflow."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from command import PATIENCE
from faulty import (
    Outcome,
    left_behind,
    mlflow_runs,
    outcome_of,
    run,
    start_and_wait_for_the_fit,
    waiting,
)
from loopback import listening

from bench.isolation.process import WORKER
from bench.records.files import remove_unfinished
from bench.records.folder import Results
from bench.registry import names
from bench.running.folder import kept_record
from bench.tracking.aside import JOB


@pytest.mark.parametrize("with_its_writer", [False, True])
def test_after_kill_9_the_next_run_goes_on_and_reconciles(
    with_its_writer: bool, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = start_and_wait_for_the_fit(folder, live=True)
    children = psutil.Process(running.pid).children(recursive=True)
    while not left_behind(8):  # started, and soon of that name
        time.sleep(0.01)
    assert not listening(running.pid)
    assert mlflow_runs(folder, "invocation") == ["RUNNING"]
    if with_its_writer:
        (writer,) = (child for child in children if JOB in child.cmdline())
        writer.kill()
    running.kill()
    running.wait()
    assert not psutil.wait_procs(children, PATIENCE)[1]  # on Linux they die with their parent
    assert not left_behind(8)
    assert list(outcome_of(0, folder).records) == ["popularity"]
    assert "| popularity " in (folder / "results" / "leaderboard.md").read_text()
    # Who writes to MLflow notices, unless it was killed too: then the next run does.
    state = "RUNNING" if with_its_writer else "KILLED"
    assert mlflow_runs(folder, "invocation") == [state]

    (folder / "go on").touch()
    assert run(folder, ["popularity", names.add_model(waiting(folder))], track="wait") == 0
    assert capsys.readouterr().out.count("measured before") == 1
    assert sorted(mlflow_runs(folder, "invocation")) == ["FINISHED", "KILLED"]
    assert not (folder / "results" / ".work").exists()


def test_a_half_written_record_or_ledger_is_no_result(outcome: Outcome, tmp_path: Path) -> None:
    ease = outcome.records["ease"]
    shutil.copytree(outcome.results / "ledgers", tmp_path / "ledgers")
    path = Results(tmp_path).save(ease)
    assert kept_record(ease.cell, ease.key, Results(tmp_path)) == ease
    whole = path.read_text()
    for length in range(0, len(whole) - 1, 101):
        path.write_text(whole[:length])
        assert kept_record(ease.cell, ease.key, Results(tmp_path)) is None
        assert Results(tmp_path).read_records() == []
    path.write_text(whole)
    its_ledger = Results(tmp_path).ledger_of(ease)
    content = its_ledger.read_bytes()
    for length in range(0, len(content), 997):
        its_ledger.write_bytes(content[:length])
        assert kept_record(ease.cell, ease.key, Results(tmp_path)) is None
    path.unlink()
    (path.parent / f".{path.name}.1.tmp").write_text(whole)  # what a killed process leaves
    assert Results(tmp_path).read_records() == []


def test_a_child_whose_parent_was_gone_before_it_could_ask_to_die_with_it_ends() -> None:
    reading, writing = os.pipe()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    words = [sys.executable, "-P", "-c", WORKER, str(reading), str(gone.pid)]
    assert subprocess.run(words, pass_fds=[reading], timeout=PATIENCE).returncode == 1
    os.close(reading)
    os.close(writing)


def test_what_a_dead_process_left_unfinished_goes_and_what_a_living_one_writes_stays(
    tmp_path: Path,
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name in (f".a.json.{gone.pid}.tmp", f".mlflow.db.{gone.pid}.tmp-journal"):
        (tmp_path / name).touch()
    kept = [".a.json.tmp", f".b.json.{os.getpid()}.tmp", "c.json"]
    for name in kept:
        (tmp_path / name).touch()
    remove_unfinished(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_writer_that_is_killed_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from bench.records.files import write_whole\n"
        "for n in range(10**9): write_whole(Path(sys.argv[1]), b'%d\\n' % n * 200_000)"
    )
    path = tmp_path / "results" / "file"
    for _ in range(4):
        path.unlink(missing_ok=True)
        writer = subprocess.Popen([sys.executable, "-P", "-c", script, str(path)])
        while not path.exists():
            time.sleep(0.001)
        time.sleep(random.random() / 20)
        writer.kill()
        writer.wait()
        lines = path.read_bytes().splitlines()
        assert (len(set(lines)), len(lines)) == (1, 200_000)
