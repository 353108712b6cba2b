"""Runs of invocations: summed up and closed, or marked as killed where they were left."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from filelock import FileLock
from mlflow import MlflowClient
from mlflow_store import made_up, runs

from bench.leaderboard.sections import sections
from bench.leaderboard.write import write
from bench.records.folder import Results
from bench.tracking import store
from bench.tracking.tracker import Tracker


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


def test_an_invocation_is_summed_up_by_its_own_cells(results: Path) -> None:
    tracker = Tracker(Results(results))
    tracker.log(made_up())
    before = made_up("ease", metrics={"hr_at_10": 0.9}, invocation="before")
    tracker.finish("one", [made_up(), before])
    (parent,) = runs(results, "invocation")
    assert (parent.data.metrics["cells"], parent.data.tags["best_model"]) == (1, "als")


def test_a_tuning_is_judged_by_its_trials_with_a_figure(results: Path) -> None:
    trials = [made_up(suite="tune als"), made_up("als", "pruned", suite="tune als", seed=1)]
    tracker = Tracker(Results(results))
    for trial in trials:
        tracker.log(trial)
    tracker.finish("one", trials)
    (parent,) = runs(results, "invocation")
    assert (parent.info.status, parent.data.metrics["cells"]) == ("FINISHED", 1)


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


def ended_elsewhere(results: Path, run_id: str) -> None:
    """Make a run one that a process has left which is gone."""
    MlflowClient(f"sqlite:///{results / 'mlflow.db'}").set_tag(run_id, "bench.pid", "0")


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


@pytest.mark.parametrize("alone", [True, False])
def test_what_another_machine_left_open_of_these_results_is_closed_while_they_are_held(
    results: Path, tmp_path: Path, alone: bool
) -> None:
    """In a store that several results folders share; what runs there may be of a container."""
    one, two = Results(tmp_path / "one"), Results(tmp_path / "two")
    shared = f"sqlite:///{results / 'mlflow.db'}"
    for seed, folder in enumerate((one, two)):
        Tracker(folder, shared).log(made_up(seed=seed, invocation=folder.path.name))
    client = MlflowClient(shared)
    for run in runs(results, "invocation"):
        client.set_tag(run.info.run_id, "bench.pid_namespace", "pid:[1]")
    assert Tracker(one, shared).reconcile(alone=alone) == (1 if alone else 0)
    states = {r.data.tags["bench.invocation"]: r.info.status for r in runs(results, "invocation")}
    assert states == {"one": "KILLED" if alone else "RUNNING", "two": "RUNNING"}


def test_results_that_another_process_holds_are_not_held_for_this_one(results: Path) -> None:
    Tracker(Results(results)).log(made_up())
    (parent,) = runs(results, "invocation")
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    client.set_tag(parent.info.run_id, "bench.host", "another")
    with FileLock(Results(results).lock, is_singleton=False):
        Tracker(Results(results)).prepare()
        assert runs(results, "invocation")[0].info.status == "RUNNING"
    Tracker(Results(results)).prepare("one")  # it goes on
    assert runs(results, "invocation")[0].info.status == "RUNNING"
    Tracker(Results(results)).prepare()
    assert runs(results, "invocation")[0].info.status == "KILLED"


def test_all_is_read_page_by_page(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PAGE", 2)
    tracker = Tracker(Results(results))
    records = [made_up(dataset=f"data{number}") for number in range(5)]
    for each in records:
        tracker.log(each)
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    places = store.ids(store.ours(client))
    assert len(places) == 5
    assert len(store.runs(client, places, {"kind": "cell"})) == 5
    tracker.finish("one", records)
    for number in range(5):
        (parent,) = runs(results, "invocation", f"data{number} loo")
        assert parent.info.status == "FINISHED"
