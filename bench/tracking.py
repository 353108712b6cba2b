"""MLflow as a projection of records: written after each cell, and again where it is missing.

Nothing here is needed to measure. Whatever goes wrong is a TrackingError, and the records stay.
"""

import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from bench import projection, views
from bench.record import BadRecord, Record, ledger_path, load_all

# Read when mlflow is imported, or at its first request: no telemetry, no bars, and a server that
# does not answer costs seconds rather than minutes. What the user has set stays.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, Experiment, InputTag, Metric, Param, Run

# Failures reach the user as one TrackingError; their tracebacks, and the many lines about the
# tables of a new database, do not.
for _name in ("mlflow", "alembic", "urllib3", "sqlalchemy"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

LOCK_SECONDS = 60.0  # for another bench on the same results
DATABASE_SECONDS = 5.0  # for another program that writes to the database
METRICS_AT_ONCE, PARAMS_AT_ONCE = 800, 100  # MLflow takes 1000 and 100 in one call
BOARDS = ("leaderboard.md", "leaderboard.csv", "leaderboard.html")


class TrackingError(OSError):
    """MLflow could not be written or read. The message is one line."""


class Tracker:
    """Writes records into an MLflow store: $MLFLOW_TRACKING_URI, else <results>/mlflow.db.

    Every method raises TrackingError, whatever the store raised.
    """

    def __init__(self, results: Path, uri: str | None = None) -> None:
        self.results = results.absolute()
        default = f"sqlite:///{self.results / 'mlflow.db'}"
        self.uri = uri or os.environ.get("MLFLOW_TRACKING_URI") or default
        self._client: MlflowClient | None = None
        self._lock = FileLock(self.results / ".mlflow.lock", timeout=LOCK_SECONDS)

    def prepare(self) -> None:
        """Create the store, before anything is timed, and close what a dead process left open."""
        self.reconcile()

    def log(self, record: Record, ledger: Path | None = None) -> bool:
        """Write a cell below the run of its invocation; False when it was there already."""
        with self._session() as client:
            experiment = self._experiment(client, record.cell.dataset, record.cell.protocol)
            same = {"bench.key": record.key, "bench.started": record.started}
            for run in _runs(client, [experiment], same):
                if "bench.logged" in run.data.tags:
                    return False
                client.delete_run(run.info.run_id)  # cut off halfway by an earlier failure
            start = projection.milliseconds(record.started)
            parent = next(iter(_runs(client, [experiment], _invocation(record.invocation))), None)
            if parent is None:
                named, tags = projection.parent_name(record), projection.parent_tags(record)
                parent = client.create_run(experiment, start, tags, named)
            tags = {**projection.tags(record), "mlflow.parentRunId": parent.info.run_id}
            name = f"{record.cell.name} s{record.cell.seed}"
            run = client.create_run(experiment, start, tags, name)
            _fill(client, run, record, ledger)
            return True

    def finish(
        self, invocation: str, records: Sequence[Record], boards: Sequence[Path] | None = None
    ) -> None:
        """Close the runs of an invocation: one for each data set and protocol that it wrote to.

        Args:
            invocation: id of the `bench run`.
            records: all that it shows, also what it found measured already.
            boards: files to keep with it; the leaderboard files of the results when None.
        """
        with self._session() as client:
            found = [self.results / name for name in BOARDS] if boards is None else boards
            files = [path for path in found if path.is_file()]
            for experiment in _ours(client):
                place = experiment.tags["bench.dataset"], experiment.tags["bench.protocol"]
                own = [r for r in records if (r.cell.dataset, r.cell.protocol) == place]
                for parent in _runs(client, [experiment.experiment_id], _invocation(invocation)):
                    _close(client, parent, own, files)

    def reconcile(self) -> int:
        """Mark as killed the runs whose process on this host is gone; how many there were."""
        with self._session() as client:
            running = _runs(client, _ids(_ours(client)), {}, "attributes.status = 'RUNNING'")
            left = [run.info.run_id for run in running if projection.orphaned(run.data.tags)]
            for run_id in left:
                client.set_tag(run_id, "bench.ended_by", "reconcile")
                client.set_terminated(run_id, "KILLED")
            return len(left)

    def track_all(self, skip: Callable[[BadRecord], None] | None = None) -> int:
        """Write every record of the results that the store misses; how many there were.

        Those of trials stand beside their studies. A file that is no record is told to skip;
        without it, it is a TrackingError.
        """
        self.prepare()
        try:
            folders = [self.results, *sorted((self.results / "tune").glob("*/"))]
            records = [record for folder in folders for record in load_all(folder, skip)]
        except (OSError, BadRecord) as error:
            raise TrackingError(projection.one_line(error)) from error
        written = [r for r in records if self.log(r, ledger_path(r, self.results))]
        invocations = list(dict.fromkeys(record.invocation for record in written))
        for invocation in invocations:
            # The board shows all records as they are now, so only the latest run may carry it.
            boards = None if invocation == invocations[-1] else ()
            own = [record for record in records if record.invocation == invocation]
            self.finish(invocation, own, boards)
        return len(written)

    def experiment_url(
        self, base: str, dataset: str = "", protocol: str = "", view: str = views.LEADERBOARD
    ) -> str | None:
        """Address of an experiment in the pages of a server; of the newest one without names."""
        with self._session() as client:
            if dataset:
                named = client.get_experiment_by_name(projection.experiment_name(dataset, protocol))
                return views.address(base, named.experiment_id, view) if named else None
            newest = _runs(client, _ids(_ours(client)), {}, limit=1)
            return views.address(base, newest[0].info.experiment_id, view) if newest else None

    @contextmanager
    def _session(self) -> Iterator[MlflowClient]:
        """The client, while no other bench writes to the store of these results."""
        try:
            self.results.mkdir(parents=True, exist_ok=True)
            with self._lock:
                _check_database(self.uri)
                if self._client is None:
                    client = MlflowClient(self.uri, self.uri)
                    client.search_experiments(max_results=1)  # creates the tables
                    self._client = client
                yield self._client
        except TrackingError:
            raise
        except Exception as error:  # a foreign system: nothing that it raises may end a run
            login = urlsplit(self.uri).netloc.rpartition("@")[0]
            reason = f"cannot use {self.uri}: {projection.one_line(error)}"
            raise TrackingError(reason.replace(f"{login}@", "") if login else reason) from error

    def _experiment(self, client: MlflowClient, dataset: str, protocol: str) -> str:
        """Id of the experiment of a data set and protocol, made where it is missing."""
        name = projection.experiment_name(dataset, protocol)
        if found := client.get_experiment_by_name(name):
            if found.lifecycle_stage == "deleted":
                client.restore_experiment(found.experiment_id)
            return str(found.experiment_id)
        remote = self.uri.startswith(("http:", "https:", "databricks"))
        place = None if remote else (self.results / "mlflow-artifacts").as_uri()
        tags = projection.experiment_tags(dataset, protocol)
        experiment = client.create_experiment(name, place, tags)
        for key, value in views.tags().items():
            with suppress(Exception):  # only the looks of a page would be lost
                client.set_experiment_tag(experiment, key, value)
        return str(experiment)


def _fill(client: MlflowClient, run: Run, record: Record, ledger: Path | None) -> None:
    """Write all of a cell into its new run. The tag at the end says that nothing is missing."""
    run_id, start = run.info.run_id, run.info.start_time
    metrics = [
        Metric(name, value, start + round(1000 * seconds), step)
        for name, value, seconds, step in projection.figures(record)
    ]
    params = [Param(name, value) for name, value in projection.parameters(record).items()]
    for first in range(0, len(metrics), METRICS_AT_ONCE):
        client.log_batch(run_id, metrics=metrics[first : first + METRICS_AT_ONCE])
    for first in range(0, len(params), PARAMS_AT_ONCE):
        client.log_batch(run_id, params=params[first : first + PARAMS_AT_ONCE])
    data = Dataset(**projection.data(record))
    client.log_inputs(run_id, [DatasetInput(data, [InputTag("mlflow.data.context", "benchmark")])])
    client.log_text(run_id, json.dumps(asdict(record), indent=1), "record.json")
    if ledger is not None and ledger.is_file():
        client.log_artifact(run_id, str(ledger))
    client.set_tag(run_id, "bench.logged", "yes")
    status = projection.STATUS.get(record.status, "FAILED")
    client.set_terminated(run_id, status, projection.milliseconds(record.ended))


def _close(client: MlflowClient, parent: Run, records: list[Record], files: list[Path]) -> None:
    """Give the run of an invocation its summary, and end it if that is for us to do."""
    run_id, now = parent.info.run_id, parent.info.start_time
    values = projection.summary(records)
    metrics = [Metric(name, value, now, 0) for name, value in values.items()]
    client.log_batch(run_id, metrics=metrics)
    client.set_tag(run_id, "best_model", projection.best_model(records))
    for path in files:
        client.log_artifact(run_id, str(path))
    if parent.info.status == "KILLED" or projection.busy_elsewhere(parent.data.tags):
        return  # it did not end well, or not yet
    good = all(record.status in ("ok", "skipped") for record in records)
    ended = max((r.ended for r in records if r.ended), default="")
    client.set_terminated(run_id, "FINISHED" if good else "FAILED", projection.milliseconds(ended))


def _invocation(invocation: str) -> dict[str, str]:
    return {"kind": "invocation", "bench.invocation": invocation or projection.UNKNOWN}


def _ours(client: MlflowClient) -> list[Experiment]:
    """The experiments that bench made in a store that others may use too."""
    return [e for e in client.search_experiments() if "bench.dataset" in e.tags]


def _ids(experiments: list[Experiment]) -> list[str]:
    return [experiment.experiment_id for experiment in experiments]


def _runs(
    client: MlflowClient,
    experiments: list[str],
    tags: dict[str, str],
    condition: str = "",
    limit: int = 1000,
) -> list[Run]:
    """Runs with these tags, newest first."""
    wanted = [f"tags.`{name}` = '{value}'" for name, value in tags.items()]
    text = " and ".join([*wanted, condition] if condition else wanted)
    order = ["attributes.start_time DESC"]
    if not experiments:
        return []
    return list(client.search_runs(experiments, text, max_results=limit, order_by=order))


def _check_database(uri: str) -> None:
    """Raise at once what MLflow would try again and again: a file that is locked or no database."""
    path = Path(uri.removeprefix("sqlite:///"))
    if uri.startswith("sqlite:///") and path.exists():
        with closing(sqlite3.connect(path, timeout=DATABASE_SECONDS)) as database:
            database.execute("BEGIN IMMEDIATE")
            database.rollback()
