"""What a store among the results misses is read without MLflow."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cells_to_tell import EXPERIMENT, kept

from bench.records.folder import Results
from bench.records.record import Record
from bench.tracking import aside, store
from bench.tracking.complete import nothing_missing


def damage(results: Results, text: str) -> None:
    with closing(sqlite3.connect(results.database)) as database, database:
        database.execute(text)


PARENT = "(SELECT run_uuid FROM tags WHERE key = 'kind' AND value = 'invocation')"
CELL = "(SELECT run_uuid FROM tags WHERE key = 'kind' AND value = 'cell')"
MISSING = {
    "a run is deleted": f"UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid IN {CELL}",
    "a run is half written": "DELETE FROM tags WHERE key = 'bench.logged'",
    "the experiment is deleted": "UPDATE experiments SET lifecycle_stage = 'deleted'",
    "a run is left open": f"UPDATE runs SET status = 'RUNNING' WHERE run_uuid IN {PARENT}",
    "a tier is another": "INSERT INTO tags (key, value, run_uuid) "
    f"SELECT 'tier', '2', run_uuid FROM runs WHERE run_uuid IN {CELL}",
    "it was measured again": "UPDATE tags SET value = '2025' WHERE key = 'bench.started'",
    "artifacts stand elsewhere": "UPDATE experiments SET artifact_location = 'file:///elsewhere' "
    f"WHERE name = '{EXPERIMENT}'",
    "the schema is another": "ALTER TABLE tags RENAME TO labels",
}


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, empty_store: Path
) -> Iterator[tuple[Path, list[Record]]]:
    folder = tmp_path_factory.mktemp("whole")
    shutil.copy(empty_store, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        tracking, records = kept(Results(folder), 1)
        tracking.finish(records)
    yield folder, records


@pytest.mark.parametrize("what", MISSING)
def test_what_a_store_misses_is_seen_without_mlflow(
    what: str, whole: tuple[Path, list[Record]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder, records = whole
    assert nothing_missing(Results(folder), records)
    kept_store = (folder / "mlflow.db").read_bytes()
    try:
        damage(Results(folder), MISSING[what])
        assert not nothing_missing(Results(folder), records)
    finally:
        (folder / "mlflow.db").write_bytes(kept_store)


def test_a_store_that_cannot_be_read_here_is_asked(
    whole: tuple[Path, list[Record]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder, records = whole
    assert not nothing_missing(Results(folder), [replace(records[0], key="another")])
    with closing(sqlite3.connect(folder / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert not nothing_missing(Results(folder), records)
        other.execute("ROLLBACK")
    assert not nothing_missing(Results(tmp_path), records)
    assert not (tmp_path / "mlflow.db").exists()
    (tmp_path / "mlflow.db").write_bytes(b"garbage " * 1000)
    assert not nothing_missing(Results(tmp_path), records)
    copied = Results(tmp_path / "copied")
    shutil.copytree(folder, copied.path)
    assert not nothing_missing(copied, records)  # its artifacts are those of the other


def test_what_a_server_has_it_is_asked(
    whole: tuple[Path, list[Record]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, records = whole
    tracking = aside.Tracking(Results(folder), address="http://127.0.0.1:9")
    monkeypatch.setattr(aside, "JOB", "raise SystemExit('it was started')")
    tracking.finish(records)
    assert "it was started" in capsys.readouterr().err
    store.Ended(Results(folder)).discard(tracking.invocation)
