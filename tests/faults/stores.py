"""MLflow stores in tests: what stands in one, what ought to, and a real server on this machine."""

import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from command import PATIENCE
from faulty import HEAD, ZEROS, run
from loopback import listening
from mlflow import MlflowClient
from mlflow.entities import Run

from bench.records.folder import Results
from bench.registry import names
from bench.tracking import ui
from bench.tracking.address import Address
from bench.tracking.live import LiveTracking
from bench.tracking.tracker import Tracker

STOPS = "breaks", "mends"  # models that wait in fit, while a test does something to the store
OF_THE_PROCESS = {"bench.pid", "bench.process_started", "bench.results", "mlflow.parentRunId"}
Act = Callable[[], object]


def database(folder: Path) -> str:
    """The address of a folder's own store."""
    return f"sqlite:///{folder / 'mlflow.db'}"


def contents(uri: str) -> list[dict[str, Any]]:
    """All that a store says of each run, but for ids, and of the process that wrote it."""
    if uri.startswith("sqlite:"):  # MLflow keeps open what it opened, also a file that is gone
        file = Path(uri.removeprefix("sqlite:///"))
        uri = f"sqlite:///{shutil.copy(file, file.with_suffix(f'.{time.monotonic_ns()}'))}"
    client = MlflowClient(uri, uri)
    experiments = {e.experiment_id: e.name for e in client.search_experiments()}
    runs = {r.info.run_id: r for r in client.search_runs(list(experiments), max_results=1000)}
    found = [_content(client, run, experiments, runs) for run in runs.values()]
    return sorted(found, key=lambda each: json.dumps(each, sort_keys=True))


def _content(
    client: MlflowClient, run: Run, experiments: dict[str, str], runs: dict[str, Run]
) -> dict[str, Any]:
    tags = run.data.tags
    above = runs[tags["mlflow.parentRunId"]] if "mlflow.parentRunId" in tags else None
    return {
        "tags": {name: value for name, value in tags.items() if name not in OF_THE_PROCESS},
        "below": above.data.tags["bench.invocation"] if above else None,
        "experiment": experiments[run.info.experiment_id],
        "state": [run.info.status, run.info.start_time, run.info.end_time],
        "params": run.data.params,
        "metrics": {
            name: [
                [each.step, each.timestamp, each.value]
                for each in client.get_metric_history(run.info.run_id, name)
            ]
            for name in run.data.metrics
        },
        "data": [each.dataset.to_dictionary() for each in run.inputs.dataset_inputs],
        "files": sorted(file.path for file in client.list_artifacts(run.info.run_id)),
    }


def rebuilt(folder: Path, place: Path, empty_store: Path) -> list[dict[str, Any]]:
    """What an empty store holds when a folder's records were written to it."""
    _copy(folder, place, empty_store)
    Tracker(Results(place), database(place)).track_all()
    return contents(database(place))


def undisturbed(folder: Path, place: Path, empty_store: Path) -> list[dict[str, Any]]:
    """What the folder's last run would have written to a store with which nothing is wrong."""
    _copy(folder, place, empty_store)
    records = Results(place).read_records()
    tracking = LiveTracking(Results(place), database(place))
    tracking.invocation = records[-1].invocation
    for each in records:
        tracking.log(each)
    tracking.finish(records)
    return contents(database(place))


def _copy(folder: Path, place: Path, empty_store: Path) -> None:
    shutil.copytree(folder / "results", place, ignore=shutil.ignore_patterns("*mlflow*"))
    shutil.copy(empty_store, place / "mlflow.db")


def run_with_stops(folder: Path, at_first: Act, at_second: Act) -> int:
    """Measure three cells. One act comes while the second is fitted, another with the third.

    MLflow is told between any two cells, as in a long run.
    """
    for name in STOPS:
        here, go = folder / f"{name}.here", folder / f"{name}.go"
        here.unlink(missing_ok=True)
        fit = (
            f"from pathlib import Path; Path({str(here)!r}).touch();"
            f" [time.sleep(0.01) for _ in iter(Path({str(go)!r}).exists, True)]"
        )
        go.unlink(missing_ok=True)
        (folder / f"{name}.py").write_text(HEAD.replace("FIT", fit).replace("SCORES", ZEROS))
        names.add_model(folder / f"{name}.py")
    failures: list[BaseException] = []

    def act() -> None:
        for name, action in zip(STOPS, (at_first, at_second), strict=True):
            while not (folder / f"{name}.here").exists():
                time.sleep(0.01)
            try:
                action()
            except BaseException as error:
                failures.append(error)
            (folder / f"{name}.go").touch()

    acting = threading.Thread(target=act, daemon=True)
    acting.start()
    with patch("bench.tracking.aside.LIVE_SECONDS", 0.0):
        code = run(folder, ["popularity", *STOPS], track="wait")
    acting.join(PATIENCE)
    assert not failures, failures
    return code


class Server:
    """MLflow's own server with a store of its own, which can be stopped, frozen and emptied."""

    def __init__(self, folder: Path, store: str = "") -> None:
        """In a folder of its own; its runs stand there too, where no other store is given."""
        self._tracker = Tracker(Results(folder), Address(store or database(folder)))
        with socket.socket() as probe:
            probe.bind((ui.HOST, 0))
            self._port = int(probe.getsockname()[1])
        self.uri = f"http://{ui.HOST}:{self._port}"
        self._running: Any = None
        # The server ends with what started it, which to Linux is a thread: this one stays.
        self._starter = ThreadPoolExecutor(1)

    def start(self) -> None:
        self._starter.submit(self._start).result()

    def _start(self) -> None:
        self._running = ui._server(self._tracker, self._port)
        self.process = self._running.__enter__()
        with patch.object(ui, "START_SECONDS", PATIENCE):
            ui._wait_until_it_answers(self.process, f"{self.uri}/health")

    def stop(self) -> None:
        if self._running is not None:
            self._running.__exit__(None, None, None)
            self._running = None

    def kill(self) -> None:
        """As a machine does that has no memory left."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.stop()

    def freeze(self) -> None:
        """It accepts what comes, and does not answer."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on, also with what came meanwhile."""
        os.killpg(self.process.pid, signal.SIGCONT)

    def empty(self) -> None:
        """Another store in its place, as after a disk was lost; while it is stopped."""
        self._tracker.results.database.unlink()


@contextmanager
def serving(folder: Path, store: Path | str) -> Iterator[Server]:
    """A server that answers, with a copy of a SQLite file or with another store."""
    folder.mkdir()
    if isinstance(store, Path):
        shutil.copy(store, folder / "mlflow.db")
    server = Server(folder, store if isinstance(store, str) else "")
    server.start()
    assert {address for address, _ in listening(server.process.pid)} == {ui.HOST}
    try:
        yield server
    finally:
        if server._running is not None:
            server.thaw()
        server.stop()
