"""A run that goes on tells MLflow, whatever is wrong with it meanwhile."""

import sqlite3
import time
from datetime import datetime
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow_store import made_up, runs

from bench.leaderboard.sections import sections
from bench.leaderboard.write import write
from bench.records.folder import Results
from bench.tracking.live import LiveTracking
from bench.tracking.tracker import Tracker


def test_a_killed_invocation_that_had_logged_nothing_gets_its_run(results: Path) -> None:
    began = "2026-01-01T09:00:00+00:00"
    first, second = made_up("fm", invocation="killed", started=began), made_up(invocation="killed")
    tracking = LiveTracking(Results(results))
    own = made_up("ease", invocation=tracking.invocation, started="2026-01-02T10:00:00+00:00")
    for each in (first, second, own):
        Results(results).save(each)
    for each in (second, own):  # the first cell is not in this run
        tracking.log(each)
    write(sections([first, second, own]), Results(results))
    tracking.finish([second, own])
    assert Tracker(Results(results)).track_all() == 1
    parents = {run.data.tags["bench.invocation"]: run for run in runs(results, "invocation")}
    assert {run.info.status for run in parents.values()} == {"FINISHED"}
    assert parents["killed"].info.start_time == 1000 * datetime.fromisoformat(began).timestamp()
    assert parents["killed"].data.metrics["cells"] == 2
    assert parents[tracking.invocation].data.metrics["cells"] == 1
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    assert not client.list_artifacts(parents["killed"].info.run_id)  # the board is the latest run's


def test_a_run_tells_of_what_it_missed_when_the_store_is_back(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.tracking.database.DATABASE_SECONDS", 0.05)
    tracking = LiveTracking(Results(results))
    own = [made_up(name, invocation=tracking.invocation) for name in ("als", "ease", "fm")]
    with sqlite3.connect(results / "mlflow.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        tracking.log(own[0])
        tracking.log(own[1])  # within the pause, so it waits too
        other.execute("ROLLBACK")
    assert not runs_or_none(results)
    monkeypatch.setattr("bench.tracking.live.monotonic", lambda: time.monotonic() + 3600)
    tracking.log(own[2])
    assert len(runs(results, "cell")) == 3
    tracking.finish(own)
    assert runs(results, "invocation")[0].info.status == "FINISHED"
    said = capsys.readouterr().err.splitlines()
    assert [line[:7] for line in said] == ["MLflow:"] * 2
    assert said[1] == "MLflow: it answers again, and nothing is missing there."


def runs_or_none(results: Path) -> list[Run]:
    """The cells, also where not even their experiment is there."""
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    return runs(results, "cell") if client.get_experiment_by_name("ml-100k loo") else []


def test_one_record_that_cannot_be_written_holds_up_no_other(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking = LiveTracking(Results(results))
    monkeypatch.setattr("bench.tracking.live.PATIENCE", 0.0)
    for name in ("als", "m" * 10_000, "ease"):
        tracking.log(made_up(name, invocation=tracking.invocation))
    tracking.finish([])
    names = {
        run.data.params["model"][:9]
        for run in runs(results, "cell")
        if "bench.logged" in run.data.tags
    }
    assert names >= {"als", "ease"}
