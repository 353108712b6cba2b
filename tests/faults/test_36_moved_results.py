"""Fault 36: a results folder that was copied, moved, has signs of addresses in its path, or
is another user's. It works where it is, or one line says what to do; what can be shown is shown."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from command import BENCH, PATIENCE, bench_here
from mlflow import MlflowClient
from records import made_up

from bench.records.folder import Results
from bench.tracking import database, ui
from bench.tracking.client import TrackingError
from bench.tracking.tracker import Tracker

# Root may write everywhere, unless it gives that up.
AS_A_USER = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []


@pytest.fixture
def results(tmp_path: Path, empty_store: Path) -> Results:
    """With one record, which MLflow has too."""
    found = Results(tmp_path / "first" / "results")
    found.path.mkdir(parents=True)
    shutil.copy(empty_store, found.database)
    found.save(made_up("als", 0.5))
    assert Tracker(found).track_all() == 1
    return found


def artifacts(results: Results) -> list[Path]:
    """Where MLflow finds the records of its runs."""
    uri = database.own(results.absolute())
    client = MlflowClient(uri, uri)
    experiments = [each.experiment_id for each in client.search_experiments()]
    found = client.search_runs(experiments, "tags.kind = 'cell'")
    for run in found:
        assert "record.json" in [file.path for file in client.list_artifacts(run.info.run_id)]
    return [Path(unquote(urlsplit(run.info.artifact_uri).path)) for run in found]


def test_a_copy_writes_and_reads_its_own_artifacts(results: Results, tmp_path: Path) -> None:
    copy = Results(tmp_path / "copy")
    shutil.copytree(results.path, copy.path)
    before = {path for path in results.path.rglob("*") if "artifacts" in str(path)}
    copy.save(made_up("ease", 0.4))
    assert Tracker(copy).track_all() == 1
    found = artifacts(copy)
    assert len(found) == 2
    assert all(path.is_relative_to(copy.artifacts) for path in found)
    assert {path for path in results.path.rglob("*") if "artifacts" in str(path)} == before
    assert artifacts(results)[0].is_relative_to(results.artifacts)


def test_a_folder_moved_twice_has_its_artifacts(results: Results, tmp_path: Path) -> None:
    for name in ("second", "third"):
        (tmp_path / "first").rename(tmp_path / name)
        moved = Results(tmp_path / name / "results")
        assert Tracker(moved).track_all() == 0
        assert artifacts(moved)[0].is_relative_to(moved.artifacts)
        (tmp_path / name).rename(tmp_path / "first")


def test_artifacts_that_were_left_behind_keep_their_address(
    results: Results, tmp_path: Path
) -> None:
    copy = Results(tmp_path / "copy")
    copy.path.mkdir()
    shutil.copy(results.database, copy.database)
    Tracker(copy).prepare()
    assert artifacts(copy)[0].is_relative_to(results.artifacts)


@pytest.mark.parametrize("name", ["what?x=1", "50%41", "a#b", "a%3Fb", "with blanks", "ü"])
def test_signs_of_addresses_in_a_path_are_only_signs(
    name: str, results: Results, tmp_path: Path
) -> None:
    moved = Results(tmp_path / name)
    results.path.rename(moved.path)
    moved.save(made_up("ease", 0.4))
    assert Tracker(moved).track_all() == 1
    assert Tracker(moved).track_all() == 0
    found = artifacts(moved)
    assert len(found) == 2
    assert all(path.is_relative_to(moved.artifacts) for path in found)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["first", name])


@pytest.fixture
def foreign(results: Results) -> Iterator[Results]:
    """The results, which nobody may write."""
    paths = [results.path, *results.path.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield results
    for path in paths:
        path.chmod(0o755)


def as_a_stranger(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*AS_A_USER, BENCH, *words], cwd=folder, capture_output=True, text=True, timeout=PATIENCE
    )


@pytest.mark.parametrize("words", ["run --suite quick --models popularity", "track"])
def test_what_cannot_be_written_says_what_to_do(words: str, foreign: Results) -> None:
    done = as_a_stranger(foreign.path.parent, *words.split())
    assert done.returncode == 1
    assert "results cannot be written here (Permission denied): copy it (cp -r)" in done.stderr
    assert done.stderr.startswith("bench: ")
    assert done.stderr.endswith("with --results\n")
    assert len(done.stderr.splitlines()) == 1


def test_a_board_that_cannot_be_written_is_shown(foreign: Results) -> None:
    done = as_a_stranger(foreign.path.parent, "leaderboard")
    assert done.stderr.startswith("not written: results cannot be written here (Permission denied)")
    assert "als" in done.stdout
    assert done.returncode == 0


def test_pages_are_shown_from_a_copy(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    can = os.access
    monkeypatch.setattr(os, "access", lambda at, *m, **k: at != results.path and can(at, *m, **k))
    before = results.database.read_bytes()
    with ui.readable(results) as shown:
        assert shown.path != results.path
        tracker = Tracker(shown)
        assert tracker.experiment() is not None
        found = artifacts(shown)
        assert found[0].resolve().is_relative_to(results.artifacts)
    assert results.database.read_bytes() == before
    assert not shown.path.exists()


def test_a_store_that_is_read_only_says_what_to_do(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(uri: str) -> None:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(database, "check_database", refuse)
    with pytest.raises(TrackingError, match=r"cannot be written here .*, with --results$"):
        Tracker(results).prepare()


def test_commands_work_in_a_folder_with_a_question_mark(tmp_path: Path, folder: Path) -> None:
    odd = tmp_path / "why?" / "50%41"
    odd.mkdir(parents=True)
    shutil.move(folder / "results", odd / "results")
    done = bench_here(odd, "run", "--models", "popularity", "--suite", "quick", "--track", "wait")
    assert (done.returncode, done.stderr) == (0, "")
    assert bench_here(odd, "track").stdout == "0 runs written to MLflow\n"
