"""The saved views of MLflow's pages, and the tiers that their runs carry."""

import base64
import json
import math
import shutil
import zlib
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from bench.leaderboard.write import board_of, write
from bench.tracking import mapping, views
from bench.tracking.tracker import Tracker
from tests.helpers.ledgers import keep, made_up_ledger, some_results
from tests.helpers.records import made_up

SKILLS = {"sasrec": 9.0, "als": 3.0, "random": 1.0}


def state(name: str) -> dict[str, Any]:
    """What MLflow reads out of the tag of a view."""
    kept = json.loads(views.view_tags()[f"mlflow.sharedViewState.{name}"])["state"]
    assert kept.startswith("deflate;")
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(kept[8:])))
    return found


def test_the_charts_are_a_few_and_all_else_is_closed() -> None:
    charts = state(views.CHARTS)
    open_sections = {s["uuid"] for s in charts["compareRunSections"] if s["display"]}
    closed = {s["name"] for s in charts["compareRunSections"] if not s["display"]}
    assert {chart["metricSectionId"] for chart in charts["compareRunCharts"]} == open_sections
    assert closed == {"Model metrics", "curve"}  # the sections into which MLflow puts all metrics
    scatter, *others = charts["compareRunCharts"]
    assert scatter["xaxis"]["key"] == "log10_train_seconds"
    assert scatter["yaxis"]["key"] == "hr_at_10"
    assert [chart["metricKey"] for chart in others] == [
        *("hr_at_10", "hr_at_10_se", "curve/validation", "curve/loss")
    ]
    assert len({chart["uuid"] for chart in charts["compareRunCharts"]}) == 5


def test_the_table_begins_with_what_a_board_is_read_for() -> None:
    first = ["hr_at_10", "ndcg_at_10", "train_seconds", "interactions_per_second"]
    shown = state(views.LEADERBOARD)
    assert shown["columnOrder"][0] == "attributes.`Run Name`"
    assert shown["columnOrder"][1:5] == [f"metrics.`{name}`" for name in first]
    assert shown["selectedColumns"] == shown["columnOrder"][1:]
    assert shown["orderByKey"] == "metrics.`hr_at_10`"


def test_the_charts_draw_metrics_that_runs_have() -> None:
    made = made_up("als", 0.5, curve=[{"number": 1, "seconds": 1.0, "loss": 2, "validation": 0.5}])
    names = {figure.name for figure in mapping.figures(made)}
    charts = state(views.CHARTS)["compareRunCharts"]
    assert {chart["metricKey"] for chart in charts[1:]} <= names
    assert {charts[0]["xaxis"]["key"], charts[0]["yaxis"]["key"]} <= names


@pytest.mark.parametrize(("seconds", "logged"), [(100.0, [2.0]), (0.0, [])])
def test_the_logarithm_of_the_time_is_a_metric_where_there_is_one(
    seconds: float, logged: list[float]
) -> None:
    found = mapping.figures(made_up("als", 0.5, timings={"train_seconds": seconds}))
    assert [f.value for f in found if f.name == "log10_train_seconds"] == logged
    assert all(math.isfinite(figure.value) for figure in found)


def test_runs_have_the_tier_of_their_row(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    results = some_results(tmp_path, SKILLS)
    client = MlflowClient(f"sqlite:///{results.database}")

    def tiers() -> dict[str, str]:
        found = client.get_experiment_by_name("ml-100k loo")
        runs = client.search_runs([found.experiment_id], "tags.kind = 'cell'")
        return {run.data.tags["label"]: run.data.tags.get("tier", "") for run in runs}

    tracker = Tracker(results)
    tracker.track_all()
    assert set(tiers().values()) == {""}
    board = board_of(results)
    write(board, results)
    tracker.track_all()
    assert tiers() == {row.model: str(row.tier) for row in board[0].rows}
    keep(results, "better", made_up_ledger(seed=88, skill=90.0))
    board = board_of(results)
    write(board, results)
    tracker.track_all()
    assert tiers() == {row.model: str(row.tier) for row in board[0].rows}
    assert tiers()["better"] == "1"
