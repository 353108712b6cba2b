"""Fault 28, in the middle of a run: MLflow's store is locked, removed, replaced or moved away, its
server is gone, hangs, or comes back. The run finishes, `bench track` completes the store, and it
holds what an undisturbed one does, and one rebuilt from the records."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command import bench
from faulty import run
from stores import Server, contents, database, rebuilt, run_with_stops, serving, undisturbed

from bench.records.folder import Results

TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"  # seconds for an answer
ANSWERED = "30"  # in which a server answers that does not hang, also on a busy machine
BACK = "MLflow: it answers again, and nothing is missing there.\n"


def nothing() -> None:
    """What a test does to a store that stays as it is."""


Complete = Callable[[str], None]


@pytest.fixture
def assert_complete(folder: Path, tmp_path: Path, empty_store: Path) -> Complete:
    """That a store is as if nothing had happened."""

    def complete(uri: str) -> None:
        found = contents(uri)
        kinds = [each["tags"]["kind"] for each in found]
        assert (kinds.count("cell"), kinds.count("invocation")) == (3, 1)
        assert {each["state"][0] for each in found} == {"FINISHED"}
        assert found == undisturbed(folder, tmp_path / "undisturbed", empty_store)
        assert found == rebuilt(folder, tmp_path / "rebuilt", empty_store)

    return complete


def track(folder: Path, written: int) -> None:
    """Run `bench track` as a user does; again it finds nothing to write."""
    for number in (written, 0):
        done = bench(folder, "track")
        assert (done.returncode, done.stdout) == (0, f"{number} runs written to MLflow\n"), done


@pytest.fixture
def lock(folder: Path) -> Iterator[sqlite3.Connection]:
    store = folder / "results" / "mlflow.db"
    with sqlite3.connect(store, isolation_level=None, check_same_thread=False) as other:
        yield other


@pytest.mark.slow
def test_a_lock_that_is_let_go_in_the_middle_leaves_nothing_missing(
    folder: Path,
    lock: sqlite3.Connection,
    assert_complete: Complete,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begin, end = (lambda word=word: lock.execute(word) for word in ("BEGIN EXCLUSIVE", "ROLLBACK"))
    assert run_with_stops(folder, begin, end) == 0
    printed = capsys.readouterr().err
    assert printed.count("database is locked") == 1
    assert printed.endswith(BACK)
    assert_complete(database(folder / "results"))


@pytest.mark.slow
def test_a_lock_until_after_the_end_is_made_up_for(
    folder: Path,
    lock: sqlite3.Connection,
    assert_complete: Complete,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_with_stops(folder, lambda: lock.execute("BEGIN EXCLUSIVE"), nothing) == 0
    assert BACK not in capsys.readouterr().err
    lock.execute("ROLLBACK")
    states = [each["state"][0] for each in contents(database(folder / "results"))]
    assert sorted(states) == ["FINISHED", "RUNNING"]  # one cell, and its invocation
    track(folder, 2)
    assert_complete(database(folder / "results"))


@pytest.mark.slow
@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "replaced"])
def test_a_store_that_is_removed_in_the_middle_is_made_again(
    replaced: bool,
    folder: Path,
    assert_complete: Complete,
    empty_store: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = folder / "results" / "mlflow.db"

    def remove() -> None:
        store.unlink()
        if replaced:
            shutil.copy(empty_store, store)

    assert run_with_stops(folder, remove, nothing) == 0
    printed = capsys.readouterr().err
    assert printed.count("MLflow") == 1
    assert "was removed or replaced since this run began" in printed
    track(folder, 3)
    assert_complete(database(folder / "results"))


@pytest.mark.slow
def test_a_store_that_was_removed_before_the_run_gets_what_was_measured_then(
    folder: Path, tmp_path: Path, empty_store: Path
) -> None:
    assert run(folder, ["popularity", "random"], track="wait") == 0
    shutil.rmtree(folder / "results" / "mlflow-artifacts")
    (folder / "results" / "mlflow.db").unlink()
    done = bench(folder, "run", "--models", "random,ease", "--suite", "quick", "--track", "wait")
    assert done.returncode == 0, done
    states = [each["state"][0] for each in contents(database(folder / "results"))]
    assert states == ["FINISHED"] * 4  # two cells, each with its invocation
    track(folder, 1)
    found = contents(database(folder / "results"))
    assert len(found) == 5
    assert found == rebuilt(folder, tmp_path / "rebuilt", empty_store)


@pytest.fixture
def server(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv(TIMEOUT, ANSWERED)
    with serving(tmp_path / "server", empty_store) as running:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", running.uri)
        yield running


def test_a_server_that_hangs_and_comes_back_doubles_nothing(
    folder: Path,
    server: Server,
    assert_complete: Complete,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # What it was asked meanwhile it does when it goes on, though nobody waits for it any more.
    assert run_with_stops(folder, server.freeze, server.thaw) == 0
    printed = capsys.readouterr().err
    assert printed.count("no answer within 30 s") == 1
    assert printed.endswith(BACK)
    assert_complete(server.uri)


@pytest.mark.slow
@pytest.mark.parametrize("emptied", [False, True], ids=["stopped", "stopped and emptied"])
def test_a_server_that_is_started_again_in_the_middle(
    emptied: bool,
    folder: Path,
    server: Server,
    assert_complete: Complete,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop() -> None:
        server.stop()
        if emptied:
            server.empty()

    assert run_with_stops(folder, stop, server.start) == 0
    printed = capsys.readouterr().err
    assert printed.count("connection refused") == 1
    assert printed.endswith(BACK)
    track(folder, 1 if emptied else 0)
    assert_complete(server.uri)


@pytest.mark.slow
def test_a_server_that_is_down_until_after_the_end(
    folder: Path, server: Server, assert_complete: Complete, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_with_stops(folder, server.stop, nothing) == 0
    assert BACK not in capsys.readouterr().err
    server.start()
    states = [each["state"][0] for each in contents(server.uri)]
    assert sorted(states) == ["FINISHED", "RUNNING"]
    track(folder, 2)
    assert_complete(server.uri)


@pytest.mark.slow
def test_a_server_that_is_down_before_the_run_and_comes_in_the_middle(
    folder: Path, server: Server, assert_complete: Complete, capsys: pytest.CaptureFixture[str]
) -> None:
    server.stop()
    assert run_with_stops(folder, server.start, nothing) == 0
    assert capsys.readouterr().err.endswith(BACK)
    track(folder, 0)
    assert_complete(server.uri)
    assert len(Results(folder / "results").read_records()) == 3
