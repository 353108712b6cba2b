"""Fault 28, on a server that several share, whose runs stand in a real PostgreSQL: the server and
the database are killed in the middle, two write at once, and what they ask for stays small."""

import base64
import http.server
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import postgres
import psutil
import pytest
import requests
from command import bench
from faulty import run
from mlflow import MlflowClient
from mlflow_store import made_up
from postgres import Postgres, program
from stores import Server, contents, run_with_stops, serving, undisturbed

from bench.records.folder import Results
from bench.records.record import Record
from bench.tracking import store
from bench.tracking.tracker import Tracker

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (program("initdb") and program("postgres")),
        reason="PostgreSQL is not installed here (Debian: postgresql)",
    ),
]
SECONDS = "60"  # in which a server answers, also on a busy machine
BACK = "MLflow: it answers again, and nothing is missing there.\n"


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres.running() as found:
        yield found


@pytest.fixture(scope="module")
def shared(database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("shared") / "server", database.uri) as found:
        yield found


@pytest.fixture
def server(shared: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", SECONDS)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", shared.uri)
    return shared


def killed(what: Server | Postgres) -> tuple[Callable[[], None], Callable[[], None]]:
    return what.kill, what.start


@pytest.mark.parametrize("what", ["server", "database"])
def test_what_is_killed_in_the_middle_has_all_in_the_end(
    what: str,
    folder: Path,
    tmp_path: Path,
    empty_store: Path,
    server: Server,
    database: Postgres,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_with_stops(folder, *killed(server if what == "server" else database)) == 0
    said = capsys.readouterr().err
    causes = {"server": "nothing listens there", "database": "its database may not answer"}
    assert said.count(causes[what]) == 1
    assert said.endswith(BACK)
    assert said.count("\n") == 2
    track = bench(folder, "track")
    assert (track.returncode, track.stdout) == (0, "0 runs written to MLflow\n"), track
    invocations = {each.invocation for each in Results(folder / "results").read_records()}
    found = [x for x in contents(server.uri) if x["tags"]["bench.invocation"] in invocations]
    assert len(found) == 4  # three cells, and the run above them
    assert found == undisturbed(folder, tmp_path / "undisturbed", empty_store)


def test_without_the_database_what_was_measured_is_kept_and_tracked_later(
    folder: Path, server: Server, database: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    database.kill()
    try:
        assert run(folder, ["popularity"], track="wait") == 0
        failed = bench(folder, "track")
        pages = bench(folder, "ui")
    finally:
        database.start()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    for done in (failed, pages):
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done
        assert f"cannot use {server.uri}: the server failed (50" in done.stderr
    assert len(Results(folder / "results").read_records()) == 1
    assert bench(folder, "track").stdout == "1 runs written to MLflow\n"
    pages = bench(folder, "ui")
    assert (pages.returncode, pages.stderr) == (0, "")
    leaderboard, charts = pages.stdout.splitlines()
    assert leaderboard.startswith(f"Leaderboard: {server.uri}/#/experiments/")
    assert charts.startswith(f"Charts:      {server.uri}/#/experiments/")


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Do these behind a barrier, a thread each; what each gave or raised."""
    barrier, found = threading.Barrier(len(actions)), [None] * len(actions)

    def do(number: int, action: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            found[number] = action()
        except BaseException as error:
            found[number] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=do, args=each) for each in enumerate(actions)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return found


def cells(uri: str, experiment: str) -> list[Any]:
    client = MlflowClient(uri, uri)
    place = client.get_experiment_by_name(experiment).experiment_id
    return store.runs(client, [place], {"kind": "cell"})


def test_two_that_write_at_once_into_the_same_experiments_write_all(
    tmp_path: Path, server: Server
) -> None:
    """Each experiment is new first, and then an old one."""
    writers = [Tracker(Results(tmp_path / name), server.uri) for name in ("one", "two")]

    def wrote(tracker: Tracker, record: Record) -> Callable[[], bool]:
        return lambda: tracker.log(record)

    for number in range(8):
        for seed in (0, 2):
            records = [
                made_up(dataset=f"both{number}", seed=seed + which, invocation=f"of {which}")
                for which in range(2)
            ]
            done = at_once(*map(wrote, writers, records))
            assert done == [True, True], done
        found = cells(server.uri, f"both{number} loo")
        assert sorted(each.data.params["seed"] for each in found) == ["0", "1", "2", "3"]
        assert len({each.data.tags["mlflow.parentRunId"] for each in found}) == 2


def test_two_that_find_the_same_run_left_open(tmp_path: Path, server: Server) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    tracker = Tracker(Results(tmp_path / "left"), server.uri)
    client = MlflowClient(server.uri, server.uri)
    for number in range(4):
        name = f"left{number}"
        tracker.log(made_up(dataset=name, invocation=name))
        place = client.get_experiment_by_name(f"{name} loo").experiment_id
        (parent,) = store.runs(client, [place], {"kind": "invocation"})
        client.set_tag(parent.info.run_id, "bench.pid", str(gone.pid))
        both = [Tracker(Results(tmp_path / each), server.uri) for each in ("left", "other")]
        done = at_once(*(each.reconcile for each in both))
        assert not [each for each in done if isinstance(each, BaseException)], done
        assert client.get_run(parent.info.run_id).info.status == "KILLED"


def test_signs_that_postgresql_refuses_are_left_out(tmp_path: Path, server: Server) -> None:
    odd = made_up(status="failed", reason="a\0b\ud800c", dataset="odd signs")
    assert Tracker(Results(tmp_path), server.uri).log(odd)
    (found,) = cells(server.uri, "odd signs loo")
    assert found.data.tags["reason"] == "abc"


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The requests to a server meanwhile."""
    asked: list[str] = []
    send = requests.Session.send

    def counting(self: requests.Session, request: Any, **more: Any) -> Any:
        asked.append(f"{request.method} {request.path_url}")
        return send(self, request, **more)

    with monkeypatch.context() as patch:
        patch.setattr(requests.Session, "send", counting)
        yield asked


def test_few_requests_are_enough_whatever_else_the_server_holds(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = MlflowClient(server.uri, server.uri)
    for number in range(50):
        tags = {"bench.dataset": f"many{number}", "bench.protocol": "loo"}
        client.create_experiment(f"many{number} loo", tags=tags)
    results = Results(tmp_path)
    tracker = Tracker(results, server.uri)
    ledger = tmp_path / "ledger.parquet"
    ledger.write_bytes(b"of a cell")
    records = [made_up(dataset="budget", seed=seed, invocation="budget") for seed in range(2)]
    with counted(monkeypatch) as at_start:
        tracker.prepare(alone=True)
    with counted(monkeypatch) as first:
        tracker.log(records[0], ledger)
    with counted(monkeypatch) as second:
        tracker.log(records[1], ledger)
    for board in results.boards:
        board.write_text("the board")
    with counted(monkeypatch) as at_end:
        tracker.finish("budget", records)
        tracker.tag_tiers()
    counts = {"start": at_start, "first": first, "second": second, "end": at_end}
    limits = {"start": 3, "first": 14, "second": 7, "end": 10}
    assert {name: asked for name, asked in counts.items() if len(asked) > limits[name]} == {}


class Asking(http.server.BaseHTTPRequestHandler):
    """Refuses every login, and notes it, with the command lines of all processes meanwhile."""

    logins: ClassVar[list[str]] = []
    commands: ClassVar[list[str]] = []

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.logins.append(self.headers.get("Authorization", ""))
        for process in psutil.process_iter(["cmdline"]):
            self.commands.append(" ".join(process.info["cmdline"] or []))
        self.send_response(401)
        self.end_headers()

    do_GET = do_POST = _answer

    def log_message(self, *_: object) -> None:
        pass


def test_a_wrong_password_is_sent_and_found_nowhere_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    word = "wRoNg.pAsS"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Asking) as refusing:
        thread = threading.Thread(target=refusing.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        address = f"127.0.0.1:{refusing.server_port}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:{word}@{address}")
        words = ("--suite", "quick", "--models", "popularity", "--track", "wait")
        done = [bench(folder, "run", *words), bench(folder, "track"), bench(folder, "ui")]
        refusing.shutdown()
        thread.join()
    assert [each.returncode for each in done] == [0, 1, 1]
    for each in done:
        assert f"cannot use http://{address}: it asks for a login (401)" in each.stderr
        assert word not in each.stdout + each.stderr
    assert set(Asking.logins) == {"Basic " + base64.b64encode(f"me:{word}".encode()).decode()}
    assert not [command for command in Asking.commands if word in command]
    for path in folder.rglob("*"):
        assert not path.is_file() or word.encode() not in path.read_bytes(), path
    assert len(Results(folder / "results").read_records()) == 1
