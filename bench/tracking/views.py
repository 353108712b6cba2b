"""Views that MLflow's pages open with: a sorted leaderboard, and charts.

MLflow keeps a shared view as a tag of the experiment. The format is not documented, so a view that
a newer MLflow cannot read must do no harm: the page then opens in its default state.
"""

import base64
import json
import zlib
from typing import Any

LEADERBOARD = "leaderboard"
CHARTS = "charts"

# Width in pixels of the columns of the leaderboard view, in their order. Throughput is observed
# interactions times epochs a second: samples are not the same thing for every model.
SHOWN = {
    "metrics.`hr_at_10`": 105,
    "metrics.`ndcg_at_10`": 115,
    "metrics.`train_seconds`": 130,
    "metrics.`interactions_per_second`": 195,
    "tags.`tier`": 60,
    "metrics.`train_reference_units`": 180,
    "metrics.`full_hr_at_10`": 125,
    "metrics.`hr_at_10_expected`": 165,
    "metrics.`latency_p50_ms`": 135,
    "metrics.`peak_memory_mb`": 145,
    "params.`seed`": 70,
    "tags.`status`": 90,
}
# The rest of a view's state, as MLflow 3.17 starts with.
STATE: dict[str, Any] = {
    "searchFilter": "tags.kind = 'cell'",
    "orderByKey": "metrics.`hr_at_10`",
    "orderByAsc": False,
    "startTime": "ALL",
    "lifecycleFilter": "Active",
    "datasetsFilter": [],
    "modelVersionFilter": "All Runs",
    "selectedColumns": list(SHOWN),
    "columnOrder": ["attributes.`Run Name`", *SHOWN],
    "columnWidths": {"attributes.`Run Name`": 200, **SHOWN},
    "runsExpanded": {},
    "runsPinned": [],
    "runsHidden": [],
    "runsVisibilityMap": {},
    "runsHiddenMode": "SHOW_ALL",
    "viewMaximized": False,
    "runListHidden": False,
    "isAccordionReordered": False,
    "useGroupedValuesInCharts": True,
    "hideEmptyCharts": True,
    "groupBy": None,
    "groupsExpanded": {},
    "autoRefreshEnabled": True,
    "globalLineChartConfig": {
        "xAxisKey": "step",
        "lineSmoothness": 0,
        "selectedXAxisMetricKey": "",
    },
}
OVERVIEW, CURVES = "Overview", "Learning curves"
# What MLflow makes by itself stands below ours, and closed: a chart of every metric.
CLOSED = ("Model metrics", "curve")


def view_tags() -> dict[str, str]:
    """Tags of an experiment that make both views. They do not depend on the time."""
    charts = {
        "isAccordionReordered": True,  # so that MLflow's own sections stand below ours
        "groupBy": {
            "aggregateFunction": "average",  # of the seeds of a model
            "groupByKeys": [{"mode": "tag", "groupByData": "label"}],
        },
        "compareRunCharts": [
            _scatter(),
            _bars("hr_at_10", "HR@10"),
            _bars("hr_at_10_se", "standard error of HR@10"),
            _curve("curve/validation", "HR@10 on validation items"),
            {**_curve("curve/loss", "loss"), "scaleType": "log"},  # of models with other losses
        ],
        "compareRunSections": [
            {"uuid": _section(name), "name": name, "display": True, "isReordered": True}
            for name in (OVERVIEW, CURVES)
        ]
        + [
            {"uuid": _section(name), "name": name, "display": False, "isReordered": True}
            for name in CLOSED
        ],
    }
    return {
        f"mlflow.sharedViewState.{LEADERBOARD}": _view("Leaderboard", {}),
        f"mlflow.sharedViewState.{CHARTS}": _view("Charts", charts),
    }


def view_address(base: str, experiment: str, view: str = LEADERBOARD) -> str:
    """Where a browser finds a view of an experiment, given by its MLflow id."""
    mode = "&compareRunsMode=CHART" if view == CHARTS else ""
    page = f"{base.rstrip('/')}/#/experiments/{experiment}/runs"
    return f"{page}?viewStateShareKey={view}{mode}"


def _view(name: str, changes: dict[str, Any]) -> str:
    raw = json.dumps({**STATE, **changes}, separators=(",", ":")).encode()
    state = "deflate;" + base64.b64encode(zlib.compress(raw, 9)).decode()
    return json.dumps({"name": name, "createdAt": 0, "updatedAt": 0, "state": state})


def _scatter() -> dict[str, Any]:
    """MLflow's scatter plots have no logarithmic axis: the logarithm is a metric."""
    return {
        **_card("SCATTER", OVERVIEW, "HR@10 against seconds of training (powers of ten)"),
        "xaxis": {"key": "log10_train_seconds", "type": "METRIC"},
        "yaxis": {"key": "hr_at_10", "type": "METRIC"},
    }


def _bars(metric: str, title: str) -> dict[str, Any]:
    return {**_card("BAR", OVERVIEW, title), "metricKey": metric}


def _curve(metric: str, title: str) -> dict[str, Any]:
    return {
        **_card("LINE", CURVES, f"{title}, by epoch"),
        "metricKey": metric,
        "selectedMetricKeys": [metric],
        "xAxisKey": "step",
        "lineSmoothness": 0,
    }


def _card(kind: str, section: str, title: str) -> dict[str, Any]:
    return {
        "type": kind,
        "uuid": f"bench-{title}",
        "metricSectionId": _section(section),
        "runsCountToCompare": 100,
        "deleted": False,
        "isGenerated": False,
        "displayName": title,
    }


def _section(name: str) -> str:
    return f"bench-{name}"
