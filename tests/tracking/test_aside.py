"""The process that writes to MLflow: killed in the middle, without a store, two at once, alone.

Real processes, and real stores read back by MLflow's own client.
"""

import json
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from cells_to_tell import kept, of_seed, runs, states
from command import BENCH, PATIENCE, bench_here
from filelock import FileLock

from bench.records.folder import Results
from bench.tracking import aside, store
from bench.tracking.aside import Tracking


@pytest.fixture
def results(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return Results(tmp_path)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow is told between any two cells."""
    monkeypatch.setattr(aside, "LIVE_SECONDS", 0.0)


def test_a_short_run_starts_no_process_before_its_end(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "_start", lambda *streams: pytest.fail("a process was started"))
    kept(results, 2)


def test_a_store_that_has_it_all_needs_no_process(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking, records = kept(results, 2)
    tracking.finish(records)
    assert states(results, "cell") == ["FINISHED"] * 2
    assert states(results, "invocation") == ["FINISHED"]
    before = results.database.read_bytes()
    monkeypatch.setattr(aside, "_start", lambda *streams: pytest.fail("a process was started"))
    again = Tracking(results)
    for each in records:
        again.log(each)
    again.finish(records)
    assert results.database.read_bytes() == before
    assert not list(store.Ended(results))


def test_a_writer_that_is_killed_between_two_cells_is_said_once_and_made_up_for(
    results: Results, live: None, capsys: pytest.CaptureFixture[str]
) -> None:
    tracking, records = kept(results, 1)
    assert tracking._writer is not None
    psutil.Process(tracking._writer._process.pid).kill()
    for seed in (1, 2):
        records.append(of_seed(seed, tracking))
        results.save(records[-1])
        tracking.log(records[-1])
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "ended by SIGKILL. The run goes on; `bench track` writes what is missing." in said
    assert states(results, "cell") == ["FINISHED"]
    tracking.finish(records)
    assert capsys.readouterr().err == "MLflow: it answers again, and nothing is missing there.\n"
    assert sorted(run.data.params["seed"] for run in runs(results, "cell")) == ["0", "1", "2"]
    assert states(results, "invocation") == ["FINISHED"]
    assert not list(store.Ended(results))


@pytest.mark.parametrize("moment", ["create_run", "log_inputs", "set_terminated", "log_batch"])
def test_a_writer_that_ends_within_a_record_is_followed_by_one_that_mends_it(
    moment: str, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is killed by its own hand just before a call; the second is as it should be."""
    killed = (
        "import os, signal; from bench.tracking import client, job\n"
        f"client.MlflowClient.{moment} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"
        "job.main()"
    )
    tracking, records = kept(results, 2)
    with monkeypatch.context() as patch:
        patch.setattr(aside, "JOB", killed)
        tracking.finish(records)
    assert list(store.Ended(results)) == [tracking.invocation]
    done = bench_here(results.path.parent, "track", "--results", str(results))
    assert (done.returncode, done.stderr) == (0, "")
    assert states(results, "cell") == ["FINISHED"] * 2
    assert states(results, "invocation") == ["FINISHED"]
    assert not list(store.Ended(results))


def test_a_store_that_cannot_be_reached_is_said_once(
    results: Results,
    live: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    tracking, records = kept(results, 3)
    tracking.finish(records)
    said = capsys.readouterr().err
    assert said.count("MLflow") == said.count("\n") == 1
    assert "The run goes on; `bench track` writes what is missing." in said
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert (
        bench_here(results.path, "track", "--results", ".").stdout == "3 runs written to MLflow\n"
    )
    assert states(results, "invocation") == ["FINISHED"]


SCRIPT = """
import sys
from pathlib import Path
from bench.records.folder import Results
from bench.tracking import aside
aside.LIVE_SECONDS = 0.0
results = Results(Path(sys.argv[1]))
tracking = aside.Tracking(results, sys.argv[2])
records = results.read_records()
for each in records:
    tracking.log(each)
print(tracking.invocation, tracking._writer and tracking._writer._process.pid, flush=True)
sys.stdin.readline()
tracking.finish(records)
"""


def a_run(results: Results, track: str = "wait") -> subprocess.Popen[str]:
    """A process that tells MLflow of all records, and waits for a line before its end."""
    pipe = subprocess.PIPE
    words = [sys.executable, "-P", "-c", SCRIPT, str(results), track]
    return subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def test_two_at_once_write_each_cell_once(results: Results) -> None:
    tracking, records = kept(results, 4)
    both = [a_run(results), a_run(results)]
    for each in both:
        _, err = each.communicate("go on\n", timeout=PATIENCE)
        assert (each.returncode, err) == (0, "")
    tracking.finish(records)  # finds all there
    assert sorted(run.data.params["seed"] for run in runs(results, "cell")) == ["0", "1", "2", "3"]
    assert states(results, "invocation") == ["FINISHED"]


def test_a_run_that_is_killed_leaves_no_process_and_counts_as_killed_at_once(
    results: Results,
) -> None:
    killed = a_run(results)
    assert killed.stdout is not None
    own = killed.stdout.readline().split()
    assert own[1] == "None"  # nothing to tell yet
    killed.kill()
    killed.communicate()
    for seed in (0, 1):
        results.save(replace(of_seed(seed, Tracking(results)), invocation="of-the-killed"))
    script = SCRIPT.replace("aside.Tracking(results, sys.argv[2])", "made()").replace(
        "results =",
        "def made():\n"
        "    tracking = aside.Tracking(results)\n"
        "    tracking.invocation = 'of-the-killed'\n"
        "    return tracking\n"
        "results =",
    )
    words = [sys.executable, "-P", "-c", script, str(results)]
    killed = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    writer = psutil.Process(int(killed.stdout.readline().split()[1]))
    assert states(results, "invocation") == ["RUNNING"]
    killed.kill()
    killed.communicate()
    writer.wait(PATIENCE)
    assert states(results, "cell") == ["FINISHED"] * 2
    (parent,) = runs(results, "invocation")
    assert (parent.info.status, parent.data.tags["bench.ended_by"]) == ("KILLED", "writer")


def test_what_is_left_for_later_is_done_by_a_process_that_goes_on(results: Results) -> None:
    kept(results, 2)
    with closing(sqlite3.connect(results.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")  # it cannot be done before the run is gone
        running = a_run(results, "later")
        out, err = running.communicate("go on\n", timeout=PATIENCE)
        assert (running.returncode, err) == (0, "")
        assert out.splitlines()[1].startswith("MLflow is told by a process that goes on")
        (note,) = store.Ended(results)
        assert note == out.split()[0]
        other.execute("ROLLBACK")
    ended = time.monotonic() + PATIENCE
    # Its own end comes first, then that of the run that measured the cells.
    while list(store.Ended(results)) or states(results, "invocation") != ["FINISHED"]:
        assert time.monotonic() < ended
        time.sleep(0.05)
    assert states(results, "cell") == ["FINISHED"] * 2


HANDED_OVER = """
hand_over = aside._hand_over
def say_so(to, orders):
    hand_over(to, orders)
    print("handed over", flush=True)
aside._hand_over = say_so
results =
"""


def test_what_nobody_waits_for_is_done_whole_however_much_it_is(results: Results) -> None:
    tracking = Tracking(results)
    for seed in range(6):  # in all more than a pipe holds
        results.save(replace(of_seed(seed, tracking), output="x" * 32_000))
    script = SCRIPT.replace("aside.LIVE_SECONDS = 0.0\n", "").replace("results =", HANDED_OVER[:-1])
    words = [sys.executable, "-P", "-c", script, str(results), "wait"]
    pipe = subprocess.PIPE
    with FileLock(results.tracking_lock):  # nothing can be written before the run is gone
        running = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        assert running.stdin is not None and running.stdout is not None
        print("go on", file=running.stdin, flush=True)
        lines = iter(running.stdout.readline, "")
        for _ in range(2):  # what it is about, then all cells and the end
            assert "handed over\n" in lines
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=PATIENCE)
        assert (running.returncode, err) == (0, "MLflow is told by a process that goes on.\n")
    ended = time.monotonic() + PATIENCE
    while list(store.Ended(results)) or states(results, "invocation") != ["FINISHED"]:
        assert time.monotonic() < ended
        time.sleep(0.05)
    assert states(results, "cell") == ["FINISHED"] * 6


def test_off_tells_nothing_and_track_makes_up_for_it(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "_start", lambda *streams: pytest.fail("a process was started"))
    tracking = Tracking(results, "off")
    record = of_seed(0, tracking)
    results.save(record)
    tracking.log(record)
    tracking.finish([record])
    assert not runs(results, "cell")
    assert (
        bench_here(results.path, "track", "--results", ".").stdout == "1 runs written to MLflow\n"
    )


def test_the_board_is_shown_before_mlflow_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", f"{PATIENCE:.0f}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        words = [BENCH, "run", "--suite", "quick", "--models", "popularity", "--track", "wait"]
        pipe = subprocess.PIPE
        running = subprocess.Popen(words, cwd=folder, stdout=pipe, stderr=pipe, text=True)
        asking, _ = silent.accept()  # MLflow waits for an answer
        assert running.poll() is None
        assert running.stdout is not None
        lines = iter(running.stdout.readline, "")
        assert any(line.startswith("Written to results/leaderboard.md") for line in lines)
        running.send_signal(signal.SIGINT)  # nobody has to wait for it
        _, err = running.communicate(timeout=PATIENCE)
        assert (running.returncode, err) == (0, "MLflow is told by a process that goes on.\n")
        asking.close()


def test_the_writer_loads_no_library_of_data_frames(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow would load them where they are installed, and does without."""
    told = results.path / "loaded.json"
    listed = (
        "import json, os, sys; from bench.tracking import job\n"
        "end = os._exit\n"
        "def tell(code):\n"
        "    names = [name for name, module in sys.modules.items() if module]\n"
        f"    open({str(told)!r}, 'w').write(json.dumps(names))\n"
        "    end(code)\n"
        "os._exit = tell; job.main()"
    )
    monkeypatch.setattr(aside, "JOB", listed)
    tracking, records = kept(results, 1)
    tracking.finish(records)
    assert states(results, "cell") == ["FINISHED"]
    loaded = set(json.loads(told.read_text()))
    assert "mlflow" in loaded
    assert loaded.isdisjoint(["pandas", "polars", "pyspark"])
