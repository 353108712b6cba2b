"""MLflow as a projection of records: written after each cell, and again where it is missing.

Nothing here is needed to measure. Whatever goes wrong is a TrackingError, and the records stay.
"""

import errno
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import mlflow
import platformdirs
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run

from bench.records.files import BadRecord, load_all
from bench.records.folder import MANIFEST, NotWritable, Results
from bench.records.record import Record
from bench.text import first_line
from bench.tracking import database, mapping, store, views
from bench.tracking.store import busy_elsewhere, orphaned

# Read when mlflow is imported, or at its first request: no telemetry, no bars, no links, and a
# server that does not answer costs seconds rather than minutes. The client sends nothing twice:
# what was only slow would then make a run twice; a Tracker asked again doubles nothing. What the
# user has set stays.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")

# Failures reach the user as one TrackingError; their tracebacks, and the many lines about the
# tables of a new database, do not.
for _name in ("mlflow", "alembic", "urllib3", "sqlalchemy"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

LOCK_SECONDS = 60.0  # for another bench on the same results
LARGEST_MODEL = 50 * 2**20  # bytes; of a larger kept model MLflow is told the place alone
METRICS_AT_ONCE, PARAMS_AT_ONCE = 800, 100  # MLflow takes 1000 and 100 in one call


class TrackingError(OSError):
    """MLflow could not be written or read. The message is one line."""


class Tracker:
    """Writes records into an MLflow store: $MLFLOW_TRACKING_URI, else the results' own.

    Every method raises TrackingError, whatever the store raised.
    """

    def __init__(self, results: Results, uri: str | None = None) -> None:
        self.results = results.absolute()
        self.uri = uri or store.store_address(self.results)
        self.ended = store.Ended(self.results)
        self._client: MlflowClient | None = None
        self._file: tuple[int, int] | None = None  # of the database that the client has opened
        self._lock = FileLock(self.results.tracking_lock, timeout=LOCK_SECONDS)

    def prepare(self, but: str = "") -> None:
        """Create the store, and close what was left open, but for this invocation's."""
        if ended := [each for each in self.ended if each != but]:
            records = self._all_records(skip=lambda error: None)
            for invocation in ended:
                self.finish(invocation, records, ())
        self.reconcile(but)

    def log(
        self,
        record: Record,
        ledger: Path | None = None,
        first: Record | None = None,
        model: Path | None = None,
    ) -> bool:
        """Write a cell below the run of its invocation.

        Args:
            record: of the cell.
            ledger: its ledger's file, if it has one.
            first: the record that its invocation began with, where that is another.
            model: the folder of its kept model, if it has one.

        Returns:
            False when it was there already.
        """
        with self._session() as client:
            experiment = self._experiment(client, record)
            same = {"bench.key": record.key, "bench.started": record.started}
            found = [
                run
                for run in store.runs(client, [experiment], same)
                if run.data.tags.get("label") == record.cell.name
            ]
            whole = [run for run in found if "bench.logged" in run.data.tags][:1]
            for run in found:
                if run not in whole:
                    client.delete_run(run.info.run_id)  # cut off halfway by an earlier failure
            if whole:
                _fill_model(client, whole[0], model)  # it may have been kept later
                return False
            parent = store.parent(client, experiment, record.invocation)
            if parent is None:
                first = first or record
                start, tags = mapping.milliseconds(first.started), mapping.parent_tags(first)
                parent = client.create_run(experiment, start, tags, mapping.parent_name(first))
            tags = {**mapping.cell_tags(record), "mlflow.parentRunId": parent.info.run_id}
            start, name = mapping.milliseconds(record.started), mapping.cell_name(record)
            run = client.create_run(experiment, start, tags, name)
            _fill_model(client, run, model)
            _fill(client, run, record, ledger)
            return True

    def finish(
        self, invocation: str, records: Sequence[Record], boards: Sequence[Path] | None = None
    ) -> None:
        """Close the runs of an invocation: one for each data set and protocol that it wrote to.

        Args:
            invocation: id of the `bench run`.
            records: those of other invocations do not count.
            boards: files to keep with it; when None the leaderboard files of the results and, where
                they were made, the report and the page of `bench choose`.
        """
        with self._session() as client:
            made = [*self.results.boards, self.results.report, self.results.choice]
            found = made if boards is None else boards
            files = [path for path in found if path.is_file()]
            for experiment in store.ours(client):
                tags = experiment.tags
                own = [r for r in records if r.invocation == invocation and _belongs(r, tags)]
                if parent := store.parent(client, experiment.experiment_id, invocation):
                    _close(client, parent, own, files, ended=invocation in self.ended)
            self.ended.discard(invocation)

    def tag_tiers(self) -> None:
        """Give each cell the tier of its row, by the statistics that are kept."""
        kept = self.results.read_standings().values()
        tiers = {key: tier for each in kept for key, tier in mapping.tiers(each).items()}
        with self._session() as client:
            for experiment in store.ours(client):
                for run in store.runs(client, [experiment.experiment_id], {"kind": "cell"}):
                    tier = tiers.get(run.data.tags.get("bench.key", ""), "")
                    if tier != run.data.tags.get("tier", ""):
                        client.set_tag(run.info.run_id, "tier", tier)

    def reconcile(self, but: str = "") -> int:
        """Mark as killed the runs whose process on this host is gone; how many there were.

        Of the invocation that is left out another process has written, and it goes on.
        """
        with self._session() as client:
            running = store.runs(
                client, store.ids(store.ours(client)), {}, "attributes.status = 'RUNNING'"
            )
            left = [
                run.info.run_id
                for run in running
                if orphaned(run.data.tags) and run.data.tags.get("bench.invocation") != but
            ]
            for run_id in left:
                _kill(client, run_id, "reconcile")
            return len(left)

    def kill(self, invocation: str) -> None:
        """Mark as killed what is open of an invocation whose process is gone."""
        with self._session() as client:
            for experiment in store.ids(store.ours(client)):
                parent = store.parent(client, experiment, invocation)
                if parent is not None and parent.info.status == "RUNNING":
                    _kill(client, parent.info.run_id, "writer")

    def track_all(self, skip: Callable[[BadRecord], None] | None = None) -> int:
        """Write every record of the results that the store misses; how many there were.

        A file that is no record is told to skip; without it, it is a TrackingError.
        """
        self.prepare()
        records = self._all_records(skip)
        first = {r.invocation: r for r in reversed(records)}
        written = [
            r
            for r in records
            if self.log(r, self.results.ledger_of(r), first[r.invocation], self.results.model_of(r))
        ]
        latest = max(records, key=lambda r: r.started).invocation if records else ""
        for invocation in dict.fromkeys(record.invocation for record in written):
            # The board shows all records as they are now, so only the latest run may carry it.
            boards = None if invocation == latest else ()
            self.finish(invocation, records, boards)
        self.tag_tiers()
        return len(written)

    def _all_records(self, skip: Callable[[BadRecord], None] | None) -> list[Record]:
        """Those of the results, then those of trials, which stand beside their studies."""
        try:
            places = [self.results, *self.results.studies()]
            return [each for place in places for each in load_all(Record, place.records, skip)]
        except (OSError, BadRecord) as error:
            raise TrackingError(first_line(error)) from error

    def experiment_url(
        self, base: str, dataset: str = "", protocol: str = "", view: str = views.LEADERBOARD
    ) -> str | None:
        """Address of an experiment in the pages of a server; of the newest one without names."""
        with self._session() as client:
            if dataset:
                named = client.get_experiment_by_name(mapping.experiment_name(dataset, protocol))
                return views.view_address(base, named.experiment_id, view) if named else None
            newest = store.runs(client, store.ids(store.ours(client)), {}, limit=1)
            return views.view_address(base, newest[0].info.experiment_id, view) if newest else None

    @contextmanager
    def _session(self) -> Iterator[MlflowClient]:
        """The client, while no other bench writes to the store of these results."""
        try:
            self.results.path.mkdir(parents=True, exist_ok=True)
            with self._lock:
                file = database.check_database(self.uri)
                if self._client is None:
                    if self.uri == database.own(self.results):
                        database.make_database(self.uri, _open, _empty_store())
                        database.move_along(self.results)
                    client = _open(self.uri)
                    self._client, self._file = client, database.check_database(self.uri)
                elif file != self._file:  # what MLflow has open would be written to no avail
                    raise TrackingError(f"{self.uri} was removed or replaced since this run began")
                yield self._client
        except TrackingError:
            raise
        except Exception as error:  # a foreign system: nothing that it raises may end a run
            refused = self.results.refused(_of_the_system(error))
            reason = str(refused) if isinstance(refused, NotWritable) else ""
            raise TrackingError(reason or store.failure(self.uri, error)) from error

    def _experiment(self, client: MlflowClient, record: Record) -> str:
        """Id of the experiment of a data set and protocol, made where it is missing.

        One of before experiments said of which data they are is taken to be of these.
        """
        place = record.cell.dataset, record.cell.protocol
        version = mapping.version(record)
        name = mapping.experiment_name(*place)
        found = client.get_experiment_by_name(name)
        if found is not None and found.tags.get(mapping.VERSION, version) != version:
            name = mapping.experiment_name(*place, version)
            found = client.get_experiment_by_name(name)
        if found is None:
            return self._make_experiment(client, name, mapping.experiment_tags(record))
        if found.lifecycle_stage == "deleted":
            client.restore_experiment(found.experiment_id)
        if mapping.VERSION not in found.tags:
            client.set_experiment_tag(found.experiment_id, mapping.VERSION, version)
        return str(found.experiment_id)

    def _make_experiment(self, client: MlflowClient, name: str, tags: dict[str, str]) -> str:
        remote = self.uri.startswith(("http:", "https:", "databricks"))
        place = None if remote else self.results.artifacts.as_uri()
        experiment = client.create_experiment(name, place, tags)
        for key, value in views.view_tags().items():
            with suppress(Exception):  # only the looks of a page would be lost
                client.set_experiment_tag(experiment, key, value)
        return str(experiment)


def _of_the_system(error: Exception) -> OSError:
    """The error as one of the system; SQLite says in words that it may not write."""
    if isinstance(error, OSError):
        return error
    return OSError(errno.EACCES if "readonly database" in str(error) else 0, str(error))


def _empty_store() -> Path:
    """Where a store without runs is kept, of these versions of what makes its tables."""
    versions = f"{mlflow.__version__}-{metadata.version('sqlalchemy')}"
    return platformdirs.user_cache_path("bench") / f"mlflow-{versions}.db"


def _open(uri: str) -> MlflowClient:
    client = MlflowClient(uri, uri)
    client.search_experiments(max_results=1)  # creates the tables
    return client


def _fill(client: MlflowClient, run: Run, record: Record, ledger: Path | None) -> None:
    """Write all of a cell into its new run. The tag at the end says that nothing is missing."""
    run_id, start = run.info.run_id, run.info.start_time
    metrics = [
        Metric(name, value, start + round(1000 * seconds), step)
        for name, value, seconds, step in mapping.figures(record)
    ]
    params = [Param(name, value) for name, value in mapping.parameters(record).items()]
    for first in range(0, len(metrics), METRICS_AT_ONCE):
        client.log_batch(run_id, metrics=metrics[first : first + METRICS_AT_ONCE])
    for first in range(0, len(params), PARAMS_AT_ONCE):
        client.log_batch(run_id, params=params[first : first + PARAMS_AT_ONCE])
    data = Dataset(**mapping.data(record))
    client.log_inputs(run_id, [DatasetInput(data, [InputTag("mlflow.data.context", "benchmark")])])
    client.log_text(run_id, json.dumps(asdict(record), indent=1), "record.json")
    if ledger is not None and ledger.is_file():
        client.log_artifact(run_id, str(ledger))
    status = mapping.STATUS.get(record.status, "FAILED")
    client.set_terminated(run_id, status, mapping.milliseconds(record.ended))
    client.set_tag(run_id, "bench.logged", "yes")


def _fill_model(client: MlflowClient, run: Run, model: Path | None) -> None:
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


def _close(
    client: MlflowClient, parent: Run, records: list[Record], files: list[Path], *, ended: bool
) -> None:
    """Give the run of an invocation its summary, and end it.

    Where its end was not noted, not if it was killed, or another process still works on it.
    """
    run_id, now = parent.info.run_id, parent.info.start_time
    records = mapping.judged(records)
    values = mapping.summary(records)
    metrics = [Metric(name, value, now, 0) for name, value in values.items()]
    client.log_batch(run_id, metrics=metrics)
    client.set_tag(run_id, "best_model", mapping.best_model(records))
    for path in files:
        client.log_artifact(run_id, str(path))
    if not ended and (parent.info.status == "KILLED" or busy_elsewhere(parent.data.tags)):
        return
    good = all(record.status in ("ok", "skipped") for record in records)
    end = mapping.milliseconds(max((r.ended for r in records if r.ended), default=""))
    client.set_terminated(run_id, "FINISHED" if good else "FAILED", end)


def _kill(client: MlflowClient, run_id: str, by: str) -> None:
    """End a run that was killed; the tag says who found that."""
    client.set_tag(run_id, "bench.ended_by", by)
    client.set_terminated(run_id, "KILLED")


def _belongs(record: Record, tags: Mapping[str, str]) -> bool:
    """Whether a record is of the data set, the protocol and the data of an experiment."""
    place = tags["bench.dataset"], tags["bench.protocol"]
    version = mapping.version(record)
    of_it = (record.cell.dataset, record.cell.protocol) == place
    return of_it and tags.get(mapping.VERSION, version) == version
