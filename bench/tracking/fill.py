"""A run of MLflow filled with all that is known of a cell, of its kept model, of an invocation."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from bench.records.folder import MANIFEST
from bench.records.record import Record
from bench.tracking import mapping

LARGEST_MODEL = 50 * 2**20  # bytes; of a larger kept model MLflow is told the place alone
METRICS_AT_ONCE, PARAMS_AT_ONCE = 800, 100  # MLflow takes 1000 in all, and 100, in one call
LOGGED = "bench.logged"  # the tag of a cell of which nothing is missing
T = TypeVar("T")


def fill(client: MlflowClient, run: Run, record: Record, ledger: Path | None) -> None:
    """Write all of a cell into its new run, the mark that nothing is missing last."""
    run_id, start = run.info.run_id, run.info.start_time
    data = Dataset(**mapping.data(record))
    client.log_inputs(run_id, [DatasetInput(data, [InputTag("mlflow.data.context", "benchmark")])])
    with TemporaryDirectory(prefix="bench-record-") as folder:
        text = Path(folder) / "record.json"
        text.write_text(json.dumps(asdict(record), indent=1))
        _keep_files(client, run, [text] if ledger is None else [text, ledger])
    status = mapping.STATUS.get(record.status, "FAILED")
    client.set_terminated(run_id, status, mapping.milliseconds(record.ended))
    metrics = [
        Metric(name, value, start + round(1000 * seconds), step)
        for name, value, seconds, step in mapping.figures(record)
    ]
    params = [Param(name, value) for name, value in mapping.parameters(record).items()]
    *before, last = zip_longest(
        _batches(metrics, METRICS_AT_ONCE), _batches(params, PARAMS_AT_ONCE), fillvalue=()
    )
    for some_metrics, some_params in before:
        client.log_batch(run_id, some_metrics, some_params)
    client.log_batch(run_id, *last, [RunTag(LOGGED, "yes")])


def fill_model(client: MlflowClient, run: Run, model: Path | None) -> None:
    """Write a kept model below a run: its files or, where they are large, its place alone.

    A tag says what was written, so that it is written once; a model that was kept again is another.
    """
    if model is None or not (model / MANIFEST).is_file():
        return
    run_id, which = run.info.run_id, sha256((model / MANIFEST).read_bytes()).hexdigest()[:16]
    if run.data.tags.get("bench.model") == which:
        return
    client.set_tag(run_id, "bench.model_path", str(model))
    if sum(path.stat().st_size for path in model.iterdir()) <= LARGEST_MODEL:
        client.log_artifacts(run_id, str(model), "model")
    client.set_tag(run_id, "bench.model", which)


def sum_up(
    client: MlflowClient, parent: Run, records: Sequence[Record], files: Iterable[Path]
) -> None:
    """Give the run of an invocation its summary, and files of the results."""
    now = parent.info.start_time
    metrics = [Metric(name, value, now, 0) for name, value in mapping.summary(records).items()]
    best = RunTag("best_model", mapping.best_model(records))
    client.log_batch(parent.info.run_id, metrics, tags=[best])
    _keep_files(client, parent, files)


def _keep_files(client: MlflowClient, run: Run, files: Iterable[Path]) -> None:
    """Those that are there, as artifacts of a run; the client would ask for the run once more."""
    place: Any = get_artifact_repository(run.info.artifact_uri, client.tracking_uri)
    for file in files:
        if file.is_file():
            place.log_artifact(str(file))


def _batches(values: Sequence[T], size: int) -> list[Sequence[T]]:
    """At least one, which may be empty."""
    return [values[first : first + size] for first in range(0, max(len(values), 1), size)]
