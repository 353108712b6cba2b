"""A cell as a run of MLflow, in real stores read back by MLflow's own client."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow_store import made_up, runs

from bench.records.folder import Results
from bench.tracking.client import TrackingError
from bench.tracking.complete import nothing_missing
from bench.tracking.tracker import Tracker


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

    monkeypatch.setattr(MlflowClient, "log_inputs", fail)
    with pytest.raises(TrackingError, match="disk full"):
        Tracker(Results(results)).log(made_up())
    monkeypatch.undo()
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert Tracker(Results(results)).log(made_up())
    (run,) = runs(results, "cell")
    assert run.info.status == "FINISHED"


def test_the_same_cell_under_two_labels_is_two_runs(results: Path) -> None:
    record = made_up()
    other = replace(record, cell=replace(record.cell, label='it\'s "another"'))
    assert Tracker(Results(results)).log(record)
    assert Tracker(Results(results)).log(other)
    assert not Tracker(Results(results)).log(other)
    assert len(runs(results, "cell")) == 2


def test_an_own_parameter_does_not_hide_a_fact_of_the_cell(results: Path) -> None:
    odd = made_up()
    Tracker(Results(results)).log(replace(odd, cell=replace(odd.cell, params={"seed": 7})))
    (run,) = runs(results, "cell")
    assert run.data.params.items() >= {"seed": "0", "param.seed": "7"}.items()


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


def test_signs_that_a_database_refuses_are_left_out(results: Path) -> None:
    """A zero byte and half of a pair of UTF-16, as bytes of a model's message become."""
    odd = made_up(status="failed", reason="a\0b\ud800c\udcffd", suite="qu\0ick")
    odd = replace(odd, cell=replace(odd.cell, params={"na\0me": "va\udcfflue", "kept": [1, 2]}))
    Results(results).save(odd)
    assert Tracker(Results(results)).track_all() == 1
    (run,) = runs(results, "cell")
    assert (run.data.tags["reason"], run.data.tags["suite"]) == ("abcd", "quick")
    assert run.data.params.items() >= {"name": "value", "kept": "[1, 2]"}.items()
    assert nothing_missing(Results(results), [odd])
