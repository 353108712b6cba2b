"""MLflow as a projection of records, in real stores read back by MLflow's own client."""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow_store import made_up, runs

from bench.leaderboard.sections import sections
from bench.leaderboard.write import write
from bench.records.folder import Results
from bench.tracking.live import LiveTracking
from bench.tracking.tracker import Tracker, TrackingError


def test_a_cell_stands_below_its_invocation_with_all_that_is_known(results: Path) -> None:
    ledger = results / "some.parquet"
    ledger.write_bytes(b"ledger")
    assert Tracker(Results(results)).log(made_up(), ledger)
    (parent,), (cell,) = runs(results, "invocation"), runs(results, "cell")
    assert cell.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert (parent.info.run_name, cell.info.run_name) == ("quick 2026-01-01 10:00", "als s0")
    assert (
        cell.data.params.items() >= {"factors": "64", "layers": "[32, 16]", "loss": "bpr"}.items()
    )
    assert cell.data.params.items() >= {"model": "als", "seed": "0", "threads": "1"}.items()
    assert cell.data.metrics["hr_at_10"] == pytest.approx(0.6733828207, abs=1e-6)
    assert cell.data.metrics["train_samples_per_second"] == 1_234_570.0  # six digits
    assert (cell.data.metrics["reference_drift"], cell.data.metrics["train_reference_units"]) == (
        0.1,
        1.875,
    )
    assert cell.data.tags["mlflow.source.git.commit"] == "c0ffee"
    assert cell.info.status == "FINISHED"
    assert cell.info.end_time - cell.info.start_time == 9000
    (data,) = cell.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("ml-100k", "ab" * 8)
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    files = {file.path for file in client.list_artifacts(cell.info.run_id)}
    assert files == {"record.json", "some.parquet"}
    assert (results / "mlflow-artifacts").is_dir()


def test_the_learning_curve_is_logged_by_step(results: Path) -> None:
    Tracker(Results(results)).log(made_up())
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    run_id = runs(results, "cell")[0].info.run_id
    loss = client.get_metric_history(run_id, "curve/loss")
    assert [(point.step, point.value) for point in loss] == [(1, 0.7), (2, 0.6)]
    assert [p.step for p in client.get_metric_history(run_id, "curve/validation")] == [2]


def test_more_metrics_than_fit_in_one_call(results: Path) -> None:
    curve = [{"number": n, "seconds": float(n), "loss": 1 / n} for n in range(1, 701)]
    Tracker(Results(results)).log(made_up(curve=curve))
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    history = client.get_metric_history(runs(results, "cell")[0].info.run_id, "curve/loss")
    assert len(history) == 700


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("failed", "FAILED"),
        ("oom", "FAILED"),
        ("timeout", "KILLED"),
        ("killed", "KILLED"),
        ("skipped", "FINISHED"),
    ],
)
def test_what_is_not_ok_says_why(results: Path, status: str, shown: str) -> None:
    Tracker(Results(results)).log(made_up(status=status))
    (run,) = runs(results, "cell")
    assert run.info.status == shown
    assert run.data.tags.items() >= {"status": status, "reason": "the reason"}.items()


def test_what_is_not_finite_becomes_a_tag(results: Path) -> None:
    Tracker(Results(results)).log(made_up(metrics={"hr_at_10": float("nan"), "ndcg_at_10": 0.4}))
    (run,) = runs(results, "cell")
    assert "hr_at_10" not in run.data.metrics
    assert run.data.tags["not_finite.hr_at_10"] == "nan"


def test_a_record_is_logged_once(results: Path) -> None:
    assert Tracker(Results(results)).log(made_up())
    assert not Tracker(Results(results)).log(made_up())
    assert Tracker(Results(results)).log(
        made_up(started="2026-01-02T10:00:00+00:00")
    )  # measured again
    assert len(runs(results, "cell")) == 2


def test_a_cell_that_was_cut_off_is_logged_again(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(MlflowClient, "log_text", fail)
    with pytest.raises(TrackingError, match="disk full"):
        Tracker(Results(results)).log(made_up())
    monkeypatch.undo()
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert Tracker(Results(results)).log(made_up())
    (run,) = runs(results, "cell")
    assert run.info.status == "FINISHED"


def test_finish_sums_up_and_keeps_the_board(results: Path) -> None:
    records = [made_up(), made_up("ease", metrics={"hr_at_10": 0.7, "ndcg_at_10": 0.45})]
    write(sections(records), Results(results))
    Results(results).report.write_text("a page")
    Results(results).choice.write_text("take ease")
    tracker = Tracker(Results(results))
    for each in records:
        tracker.log(each)
    assert runs(results, "invocation")[0].info.status == "RUNNING"
    tracker.finish("one", records)
    (parent,) = runs(results, "invocation")
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["best_hr_at_10"] == 0.7
    assert parent.data.metrics["cells_ok"] == 2
    assert parent.data.tags["best_model"] == "ease"
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    files = {file.path for file in client.list_artifacts(parent.info.run_id)}
    boards = {"leaderboard.md", "leaderboard.csv", "leaderboard.html"}
    assert files == boards | {"report.html", "choice.md"}


def test_an_invocation_with_a_failed_cell_failed(results: Path) -> None:
    records = [made_up(), made_up("mlp", "failed"), made_up("fm", "skipped")]
    tracker = Tracker(Results(results))
    for each in records:
        tracker.log(each)
    tracker.finish("one", records)
    assert runs(results, "invocation")[0].info.status == "FAILED"


def test_each_data_set_has_its_experiment(results: Path) -> None:
    tracker = Tracker(Results(results))
    records = [made_up(), made_up(dataset="ml/1m")]
    for each in records:
        tracker.log(each)
    tracker.finish("one", records)
    for experiment in ("ml-100k loo", "ml-1m loo"):
        assert [r.info.status for r in runs(results, "invocation", experiment)] == ["FINISHED"]
    url = tracker.experiment_url("http://127.0.0.1:5000/", "ml-100k", "loo")
    assert url is not None
    assert url.startswith("http://127.0.0.1:5000/#/experiments/")
    assert tracker.experiment_url("http://127.0.0.1:5000", "none", "loo") is None


def test_an_empty_store_is_rebuilt_from_the_records(results: Path) -> None:
    records = [made_up(), made_up(seed=1), made_up("ease", invocation="two")]
    for each in records:
        Results(results).save(each)
    assert Tracker(Results(results)).track_all() == 3
    assert Tracker(Results(results)).track_all() == 0
    assert len(runs(results, "cell")) == 3
    assert {run.info.status for run in runs(results, "invocation")} == {"FINISHED"}


def test_a_record_that_cannot_be_read_is_a_tracking_error(results: Path) -> None:
    path = Results(results).save(made_up())
    path.write_text("{")
    with pytest.raises(TrackingError):
        Tracker(Results(results)).track_all()


def test_reconcile_kills_only_what_a_dead_process_of_this_host_left(results: Path) -> None:
    Tracker(Results(results)).log(made_up())  # its invocation stays open, and is ours
    (own,) = runs(results, "invocation")
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    def left(**changes: str) -> str:
        tags = {f"bench.{name}": value for name, value in changes.items()}
        run = client.create_run(own.info.experiment_id, tags=own.data.tags | tags)
        return str(run.info.run_id)

    dead = left(pid=str(gone.pid))
    reused = left(process_started=str(psutil.Process().create_time() - 1000))
    elsewhere = left(host="another", pid=str(gone.pid))
    assert Tracker(Results(results)).reconcile() == 2
    status = {run_id: client.get_run(run_id).info.status for run_id in (dead, reused, elsewhere)}
    assert status == {dead: "KILLED", reused: "KILLED", elsewhere: "RUNNING"}
    assert client.get_run(own.info.run_id).info.status == "RUNNING"
    assert client.get_run(dead).data.tags["bench.ended_by"] == "reconcile"


def test_a_deleted_experiment_is_used_again(results: Path) -> None:
    Tracker(Results(results)).log(made_up())
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    client.delete_experiment(client.get_experiment_by_name("ml-100k loo").experiment_id)
    Tracker(Results(results)).log(made_up("ease"))
    assert "ease" in {run.data.params["model"] for run in runs(results, "cell")}


def test_an_own_parameter_does_not_hide_a_fact_of_the_cell(results: Path) -> None:
    odd = made_up()
    Tracker(Results(results)).log(replace(odd, cell=replace(odd.cell, params={"seed": 7})))
    (run,) = runs(results, "cell")
    assert run.data.params.items() >= {"seed": "0", "param.seed": "7"}.items()


def ended_elsewhere(results: Path, run_id: str) -> None:
    """Make a run one that a process has left which is gone."""
    MlflowClient(f"sqlite:///{results / 'mlflow.db'}").set_tag(run_id, "bench.pid", "0")


def test_what_a_request_made_that_was_heard_too_late_goes(results: Path) -> None:
    Tracker(Results(results)).log(made_up())
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    for kind in ("invocation", "cell"):
        (real,) = runs(results, kind)
        tags = {name: value for name, value in real.data.tags.items() if name != "bench.logged"}
        client.create_run(real.info.experiment_id, real.info.start_time, tags)
        assert len(runs(results, kind)) == 2
    assert not Tracker(Results(results)).log(made_up())
    assert Tracker(Results(results)).log(made_up("ease"))
    Tracker(Results(results)).finish("one", [made_up(), made_up("ease")])
    (parent,), cells = runs(results, "invocation"), runs(results, "cell")
    assert sorted(cell.data.params["model"] for cell in cells) == ["als", "ease"]
    assert {cell.data.tags["mlflow.parentRunId"] for cell in cells} == {parent.info.run_id}
    assert parent.info.status == "FINISHED"


@pytest.mark.parametrize(("noted", "status"), [(True, "FINISHED"), (False, "KILLED")])
def test_a_run_whose_end_was_noted_was_not_killed(results: Path, noted: bool, status: str) -> None:
    Results(results).save(made_up())
    tracker = Tracker(Results(results))
    tracker.log(made_up())
    ended_elsewhere(results, runs(results, "invocation")[0].info.run_id)
    if noted:
        tracker.ended.add("one")
    Tracker(Results(results)).prepare()
    (parent,) = runs(results, "invocation")
    assert parent.info.status == status
    assert parent.data.metrics.get("cells_ok") == (1 if noted else None)
    assert not list(tracker.ended)
    assert not (results / ".mlflow-ended").exists()


def test_an_invocation_is_summed_up_by_its_own_cells(results: Path) -> None:
    tracker = Tracker(Results(results))
    tracker.log(made_up())
    before = made_up("ease", metrics={"hr_at_10": 0.9}, invocation="before")
    tracker.finish("one", [made_up(), before])
    (parent,) = runs(results, "invocation")
    assert (parent.data.metrics["cells"], parent.data.tags["best_model"]) == (1, "als")


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


def test_a_tuning_is_judged_by_its_trials_with_a_figure(results: Path) -> None:
    trials = [made_up(suite="tune als"), made_up("als", "pruned", suite="tune als", seed=1)]
    tracker = Tracker(Results(results))
    for trial in trials:
        tracker.log(trial)
    tracker.finish("one", trials)
    (parent,) = runs(results, "invocation")
    assert (parent.info.status, parent.data.metrics["cells"]) == ("FINISHED", 1)


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


OTHER_DATA = {"data_sha256": "cd" * 32}


def test_another_version_of_the_data_has_an_experiment_of_its_own(results: Path) -> None:
    """Whatever is written first, again, or later; and each is tagged with its data."""
    first, second = made_up(), made_up("ease", invocation="two", **OTHER_DATA)
    third = made_up("knn", invocation="two", **OTHER_DATA)
    for record in (first, second, third):
        assert Tracker(Results(results)).log(record)
        assert not Tracker(Results(results)).log(record)
    other = "ml-100k loo data cdcdcdcd"
    names = {run.data.params["model"] for run in runs(results, "cell", other)}
    assert names == {"ease", "knn"}
    assert [run.data.params["model"] for run in runs(results, "cell")] == ["als"]
    assert {run.data.tags["data"] for run in runs(results, "cell", other)} == {
        second.data_sha256[:12]
    }
    Tracker(Results(results)).finish("two", [first, second, third])
    (parent,) = runs(results, "invocation", other)
    assert parent.data.metrics["cells"] == 2


def test_an_experiment_from_before_is_taken_to_be_of_the_data_that_come_next(results: Path) -> None:
    Tracker(Results(results)).log(made_up())
    with closing(sqlite3.connect(results / "mlflow.db")) as store, store:
        store.execute("DELETE FROM experiment_tags WHERE key = 'bench.data'")
    Tracker(Results(results)).log(made_up("ease"))
    Tracker(Results(results)).log(made_up("knn", **OTHER_DATA))
    assert len(runs(results, "cell")) == 2


def test_the_same_cell_under_two_labels_is_two_runs(results: Path) -> None:
    record = made_up()
    other = replace(record, cell=replace(record.cell, label='it\'s "another"'))
    assert Tracker(Results(results)).log(record)
    assert Tracker(Results(results)).log(other)
    assert not Tracker(Results(results)).log(other)
    assert len(runs(results, "cell")) == 2
