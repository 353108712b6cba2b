"""Kept models as artifacts of their runs in MLflow."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow_store import made_up, runs

from bench.records.folder import Results
from bench.tracking import fill
from bench.tracking.tracker import Tracker


def kept(folder: Path, size: int = 9) -> Path:
    """The folder of a kept model of which MLflow sees files alone."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "items.parquet").write_bytes(bytes(size))
    (folder / "model.json").write_text(f'{{"bytes": {size}}}')
    return folder


def of_the_model(results: Path) -> tuple[set[str], dict[str, str]]:
    """Its artifacts, and the tags of the only cell."""
    (cell,) = runs(results, "cell")
    client = MlflowClient(f"sqlite:///{results / 'mlflow.db'}")
    return {each.path for each in client.list_artifacts(cell.info.run_id, "model")}, cell.data.tags


def test_a_kept_model_is_an_artifact(results: Path) -> None:
    folder = kept(results / "models" / "one")
    assert Tracker(Results(results)).log(made_up(), model=folder)
    files, tags = of_the_model(results)
    assert files == {"model/items.parquet", "model/model.json"}
    assert tags["bench.model_path"] == str(folder)


def test_a_model_that_is_kept_later_comes_to_its_run(results: Path) -> None:
    folder = results / "models" / "one"
    tracker = Tracker(Results(results))
    assert tracker.log(made_up(), model=folder)
    assert of_the_model(results)[0] == set()
    kept(folder)
    assert not tracker.log(made_up(), model=folder)
    files, tags = of_the_model(results)
    assert files == {"model/items.parquet", "model/model.json"}
    kept(folder, 10)  # again, and another
    assert not tracker.log(made_up(), model=folder)
    assert of_the_model(results)[1]["bench.model"] != tags["bench.model"]


def test_of_a_large_model_only_the_place_is_told(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fill.LARGEST_MODEL == 50 * 2**20
    monkeypatch.setattr(fill, "LARGEST_MODEL", 1000)
    folder = kept(results / "models" / "one", 1001)
    Tracker(Results(results)).log(made_up(), model=folder)
    files, tags = of_the_model(results)
    assert (files, tags["bench.model_path"]) == (set(), str(folder))


def test_all_kept_models_are_written_where_they_are_missing(results: Path) -> None:
    record = made_up()
    Results(results).save(record)
    kept(Results(results).model_of(record))
    assert Tracker(Results(results)).track_all() == 1
    assert of_the_model(results)[0] == {"model/items.parquet", "model/model.json"}
