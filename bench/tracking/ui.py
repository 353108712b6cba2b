"""Show the runs in MLflow's pages, on this machine only, until Ctrl-C."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.isolation.guard import KEEPER
from bench.records.folder import Results
from bench.tracking.address import Address, address_of
from bench.tracking.database import SQLITE
from bench.tracking.tracker import Tracker
from bench.tracking.views import CHARTS, view_address

HOST = "127.0.0.1"
START_SECONDS = 120.0  # it takes 6 on an idle machine
END_SECONDS = 10.0
PORTS = 20  # tried from the wanted one on


def serve(
    results: Results, port: int = 5000, open_browser: bool = False, address: str | None = None
) -> None:
    """Start MLflow's server on the store of the results and print where to look.

    Of a server that runs already only the addresses of both views are printed.

    Args:
        results: folder of the runs.
        port: wanted; the next free one is taken when another program has it.
        open_browser: whether to show the page in the user's browser too.
        address: of another store, see `bench.tracking.address`.

    Raises:
        BadParameter: the address is none of a store.
        FileNotFoundError: nothing has been tracked yet.
        OSError: no port is free, or the server ended by itself.
        bench.tracking.tracker.TrackingError: the store cannot be read.
    """
    where = address_of(results.absolute(), address)
    if where.remote:
        _name(where)
        return
    with readable(results) as shown:
        _serve(Tracker(shown, address), port, open_browser)


def _name(server: Address) -> None:
    """Print where a server shows both views; no results folder is needed for that."""
    with tempfile.TemporaryDirectory(prefix="bench-ui-") as folder:
        experiment = Tracker(Results(Path(folder)), server).experiment()
    if experiment is None:
        raise FileNotFoundError(
            f"no runs of bench at {server.uri} yet: `bench run` and `bench track` write them"
        )
    print(_both_views(server.uri, experiment))


@contextmanager
def readable(results: Results) -> Iterator[Results]:
    """The results, or a copy of their store where they cannot be written, as another user's.

    MLflow writes to what it only shows, as locks. The artifacts are those of the results.
    """
    if os.access(results.path, os.W_OK) or not results.database.exists():
        yield results
        return
    with tempfile.TemporaryDirectory(prefix="bench-ui-") as name:
        copy = Results(Path(name))
        shutil.copyfile(results.database, copy.database)
        copy.artifacts.symlink_to(results.artifacts.absolute(), target_is_directory=True)
        yield copy


def _serve(tracker: Tracker, port: int, open_browser: bool) -> None:
    results = tracker.results
    file = Path(tracker.address.uri.removeprefix(SQLITE))
    free = free_port(port)
    base = f"http://{HOST}:{free}"
    experiment = tracker.experiment() if file.exists() else None
    if experiment is None:
        measured = any(results.records.glob("*.json"))
        raise FileNotFoundError(
            f"no runs in MLflow yet, but records in {results.records}: `bench track` writes them"
            if measured
            else f"no runs in {results} yet: run `make bench` first"
        )
    if free != port:
        print(f"Port {port} is taken; using {free}.")
    print("Starting MLflow's pages ...", flush=True)
    try:
        with _terminated_as_interrupt(), _server(tracker, free) as server:
            _wait_until_it_answers(server, f"{base}/health")
            print(_both_views(base, experiment), flush=True)
            if results.report.is_file():
                print(f"Report:      {results.report.absolute().as_uri()}", flush=True)
            print("Ctrl-C ends it.", flush=True)
            if open_browser:
                webbrowser.open(view_address(base, experiment))
            server.wait()
            raise OSError("MLflow's server ended by itself")
    except KeyboardInterrupt:
        print("Ended.")


def _both_views(base: str, experiment: str) -> str:
    charts = view_address(base, experiment, CHARTS)
    return f"Leaderboard: {view_address(base, experiment)}\nCharts:      {charts}"


def free_port(wanted: int) -> int:
    """The wanted port of this machine, or the next one that is free.

    Raises:
        OSError: none of the next ports is free.
    """
    for port in range(wanted, min(wanted + PORTS, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port from {wanted} on: choose one with --port")


@contextmanager
def _server(tracker: Tracker, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The server and its workers, in a process group of their own that ends with this block.

    They end also where this process is killed: a keeper stands between.
    """
    command = [
        *(sys.executable, "-P", "-c", KEEPER, str(os.getpid())),
        *(sys.executable, "-P", "-m", "mlflow", "server"),
        *("--backend-store-uri", tracker.address.uri),
        *("--artifacts-destination", tracker.results.artifacts.as_uri()),
        *("--host", HOST, "--port", str(port), "--workers", "1"),
    ]
    environment = {
        **os.environ,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PYTHONSAFEPATH": "1",  # the workers' imports, too, must not see a folder of the user
    }
    with tempfile.TemporaryDirectory(prefix="bench-ui-") as empty:
        log = Path(empty) / "server.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                command,
                cwd=empty,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield server
        except OSError as error:
            lines = log.read_text(errors="replace").split("\n")
            said = [line.strip() for line in lines if line.strip()][-1:]
            raise OSError(": ".join([str(error), *said])) from error
        finally:
            _end(server)


def _end(server: "subprocess.Popen[bytes]") -> None:
    """End the server with its workers; by force those that do not go."""
    for ending in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, ending)
        except ProcessLookupError:
            break  # the whole group is gone
        late = time.monotonic() + END_SECONDS
        while time.monotonic() < late and _group_lives(server):
            time.sleep(0.05)
    server.wait()


def _group_lives(server: "subprocess.Popen[bytes]") -> bool:
    server.poll()  # a process that ended counts until it is waited for
    try:
        os.killpg(server.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_until_it_answers(server: "subprocess.Popen[bytes]", address: str) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    late = time.monotonic() + START_SECONDS
    while time.monotonic() < late:
        if server.poll() is not None:
            raise OSError("MLflow's server did not start")
        try:
            with direct.open(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise OSError(f"MLflow's server did not answer within {START_SECONDS:.0f} s")


@contextmanager
def _terminated_as_interrupt() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and the end of the terminal end the server.

    Ctrl-C too: MLflow imports polars where it is installed, whose handler of it lets a wait go on.
    """

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    endings = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in endings}
    heard = {n: known for n, known in before.items() if known is not signal.SIG_IGN}  # by nohup
    for number in heard:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)
