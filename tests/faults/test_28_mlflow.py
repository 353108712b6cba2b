"""Fault 28: MLflow is down, locked, older, newer, no database or empty. The run goes on and says so
once; `bench track` writes what is missing. (That a killed run is reconciled: fault 18.)"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from alembic.command import upgrade
from alembic.script import ScriptDirectory
from faulty import command, mlflow_runs, run
from mlflow import MlflowClient
from mlflow.store.db import utils
from mlflow.store.tracking.dbmodels.initial_models import Base

Break = Callable[[Path], object]


@contextmanager
def locked(store: Path) -> Iterator[None]:
    with sqlite3.connect(store, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def of_version(number: str, store: Path) -> Iterator[None]:
    kept = store.read_bytes()
    with sqlite3.connect(store) as database:
        database.execute(f"UPDATE alembic_version SET version_num = '{number}'")
    yield
    store.write_bytes(kept)


older = partial(of_version, "451aebb31d03")  # as a migration that was cut off leaves it
newer = partial(of_version, "ffffffffffff")  # of an MLflow that is still to come


@contextmanager
def no_database(store: Path) -> Iterator[None]:
    kept = store.read_bytes()
    store.write_bytes(b"garbage " * 1000)
    yield
    store.write_bytes(kept)


@contextmanager
def down(store: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        yield


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """A folder with one measured cell, of which MLflow's empty store knows nothing."""
    folder = tmp_path_factory.mktemp("measured")
    (folder / "results").mkdir()
    shutil.copy(empty_store, folder / "results" / "mlflow.db")
    assert run(folder, ["popularity"], track="wait") == 0
    shutil.copy(empty_store, folder / "results" / "mlflow.db")
    return folder


@pytest.mark.parametrize(
    "broken",
    [
        down,
        locked,
        pytest.param(older, marks=pytest.mark.slow),
        pytest.param(newer, marks=pytest.mark.slow),
        pytest.param(no_database, marks=pytest.mark.slow),
    ],
)
def test_the_run_goes_on_and_track_completes(
    broken: Break,
    measured: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(measured / "results", tmp_path / "results")
    with broken(tmp_path / "results" / "mlflow.db"):
        assert run(tmp_path, ["popularity"], track="wait") == 0
    printed = capsys.readouterr()
    assert printed.err.count("MLflow") == 1
    assert "The run goes on; `bench track` writes what is missing" in printed.err
    assert "| popularity " in (tmp_path / "results" / "leaderboard.md").read_text()

    done = command("track", "--results", tmp_path / "results")
    assert (done.code, done.out) == (0, "1 runs written to MLflow\n")
    assert mlflow_runs(tmp_path, "cell") == ["FINISHED"]


@pytest.mark.slow
def test_an_empty_store_gets_what_was_measured_before(measured: Path, tmp_path: Path) -> None:
    shutil.copytree(measured / "results", tmp_path / "results")
    assert run(tmp_path, ["popularity"], track="wait") == 0
    assert mlflow_runs(tmp_path, "cell") == ["FINISHED"]


@pytest.mark.slow
@pytest.mark.parametrize("migrations", [1, 10, 60])
def test_a_store_of_an_older_schema_is_brought_up_to_date(
    migrations: int, measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(measured / "results", tmp_path / "results")
    store = tmp_path / "results" / "mlflow.db"
    store.unlink()
    make_older(store, migrations)
    with sqlite3.connect(store) as database:
        columns = "experiment_id, name, artifact_location, lifecycle_stage"
        database.execute(
            f"INSERT INTO experiments ({columns}) VALUES (7, 'of before', '/gone', 'active')"
        )
    assert run(tmp_path, ["popularity"], track="wait") == 0
    assert "MLflow" not in capsys.readouterr().err
    assert mlflow_runs(tmp_path, "cell") == ["FINISHED"]
    assert MlflowClient(f"sqlite:///{store}").get_experiment("7").name == "of before"


def make_older(store: Path, migrations: int) -> None:
    """A database as MLflow made it so many migrations ago."""
    url = f"sqlite:///{store}"
    engine = utils.create_sqlalchemy_engine(url)
    Base.metadata.create_all(engine)
    config = utils._get_alembic_config(url)
    revisions = list(ScriptDirectory.from_config(config).walk_revisions())
    upgrade(config, revisions[migrations].revision)
    engine.dispose()
