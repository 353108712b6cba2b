"""Experiments: one for each data set, protocol and version of the data."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow_store import made_up, runs

from bench.records.folder import Results
from bench.tracking import views
from bench.tracking.tracker import Tracker


def test_each_data_set_has_its_experiment(results: Path) -> None:
    tracker = Tracker(Results(results))
    records = [made_up(), made_up(dataset="ml/1m")]
    for each in records:
        tracker.log(each)
    tracker.finish("one", records)
    for experiment in ("ml-100k loo", "ml-1m loo"):
        assert [r.info.status for r in runs(results, "invocation", experiment)] == ["FINISHED"]
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    named = client.get_experiment_by_name("ml-1m loo")
    assert tracker.experiment("ml/1m", "loo") == named.experiment_id
    assert tracker.experiment("none", "loo") is None


def test_a_deleted_experiment_is_used_again(results: Path) -> None:
    Tracker(Results(results)).log(made_up())
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    client.delete_experiment(client.get_experiment_by_name("ml-100k loo").experiment_id)
    Tracker(Results(results)).log(made_up("ease"))
    assert "ease" in {run.data.params["model"] for run in runs(results, "cell")}


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


@pytest.mark.parametrize("missing", [1, 2])
def test_views_that_a_cut_left_out_are_set_later(results: Path, missing: int) -> None:
    Tracker(Results(results)).log(made_up())
    wanted = views.view_tags()
    keys = list(wanted)[-missing:]
    with closing(sqlite3.connect(results / "mlflow.db")) as store, store:
        for key in keys:
            done = store.execute("DELETE FROM experiment_tags WHERE key = ?", (key,))
            assert done.rowcount == 1
    Tracker(Results(results)).log(made_up("ease"))
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    tags = client.get_experiment_by_name("ml-100k loo").tags
    assert tags.items() >= wanted.items()


def test_a_view_that_somebody_changed_stays(results: Path) -> None:
    Tracker(Results(results)).log(made_up())
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("ml-100k loo").experiment_id
    client.set_experiment_tag(experiment, next(iter(views.view_tags())), "their own")
    Tracker(Results(results)).log(made_up("ease"))
    assert "their own" in client.get_experiment_by_name("ml-100k loo").tags.values()
