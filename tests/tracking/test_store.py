"""Stores that are new, locked, older, damaged, or do not answer."""

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from filelock import FileLock
from mlflow import MlflowClient
from mlflow_store import made_up, runs

from bench.records.folder import Results
from bench.tracking.client import TrackingError
from bench.tracking.client import empty_store as empty_store_of_users
from bench.tracking.tracker import Tracker


def test_a_file_that_is_no_database_fails_at_once(results: Path) -> None:
    (results / "mlflow.db").write_bytes(b"garbage " * 1000)
    with pytest.raises(TrackingError, match="not a database") as caught:
        Tracker(Results(results)).prepare()
    assert "\n" not in str(caught.value)


def test_a_locked_database_fails_soon(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.tracking.database.DATABASE_SECONDS", 0.2)
    with sqlite3.connect(results / "mlflow.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TrackingError, match="locked"):
            Tracker(Results(results)).log(made_up())
        other.execute("ROLLBACK")
    assert Tracker(Results(results)).log(made_up())


def test_an_older_database_is_a_tracking_error(results: Path) -> None:
    with sqlite3.connect(results / "mlflow.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
    with pytest.raises(TrackingError, match="out-of-date"):
        Tracker(Results(results)).prepare()


def test_results_that_are_no_folder_are_a_tracking_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrackingError):
        Tracker(Results(tmp_path / "file")).prepare()


def test_another_bench_at_work_is_waited_for_and_named(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.tracking.client.LOCK_SECONDS", 0.1)
    at_work = FileLock(Results(results).tracking_lock)
    with at_work, pytest.raises(TrackingError, match="lock"):
        Tracker(Results(results)).prepare()


def test_a_server_that_does_not_answer_costs_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://user:secret@127.0.0.1:{port}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        with pytest.raises(TrackingError) as caught:
            Tracker(Results(tmp_path)).prepare()
        silent.setblocking(False)
        with suppress(BlockingIOError):
            while silent.accept():
                tries += 1
    assert tries == 2  # as the user wants it, and a second for each
    assert "secret" not in str(caught.value)


def test_a_new_store_is_made_in_silence(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from bench.records.folder import Results\n"
        "from bench.tracking.tracker import Tracker\n"
        "Tracker(Results(Path(sys.argv[1]))).prepare()"
    )
    environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(tmp_path / "results")],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert (tmp_path / "results" / "mlflow.db").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results"]


@pytest.fixture
def no_empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the empty store will be kept: nothing is there yet."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)
    return empty_store_of_users()


def test_a_new_store_is_a_copy_of_an_empty_one_that_is_kept(
    no_empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (Results(tmp_path / name) for name in ("first", "second"))
    Tracker(first).log(made_up())  # the empty one is kept before that
    empty = no_empty_store.read_bytes()
    monkeypatch.setattr(
        "mlflow.store.db.utils._initialize_tables", lambda engine: pytest.fail("made again")
    )
    Tracker(second).log(made_up("ease"))
    assert [run.data.params["model"] for run in runs(second.path, "cell")] == ["ease"]
    places = [
        MlflowClient(f"sqlite:///{each.database}").get_experiment_by_name("ml-100k loo")
        for each in (first, second)
    ]
    assert [each.artifact_location for each in places] == [
        each.artifacts.as_uri() for each in (first, second)
    ]
    assert no_empty_store.read_bytes() == empty


@pytest.mark.parametrize("kept", [0, 4096, 100_000, None], ids=["none", "page", "half", "garbage"])
def test_a_damaged_empty_store_is_made_again(
    no_empty_store: Path, tmp_path: Path, empty_store: Path, kept: int | None
) -> None:
    no_empty_store.parent.mkdir(parents=True)
    content = empty_store.read_bytes()[:kept] if kept is not None else b"garbage " * 1000
    no_empty_store.write_bytes(content)
    results = Results(tmp_path / "results")
    Tracker(results).log(made_up())
    assert len(runs(results.path, "cell")) == 1
    assert no_empty_store.read_bytes() != content
    assert not list(results.path.glob("*.tmp*"))
