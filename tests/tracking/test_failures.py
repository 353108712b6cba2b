"""A server that cannot be used is one line with the cause, as MLflow's own client meets it."""

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from command import bench_here
from mlflow.exceptions import MlflowException, RestException

from bench.records.folder import Results
from bench.tracking import failures
from bench.tracking.address import PASSWORD, USERNAME, VARIABLE
from bench.tracking.client import TrackingError
from bench.tracking.tracker import Tracker

LONG = "<html>a page that is long, and none of our business</html>" * 100


class Refusing(http.server.BaseHTTPRequestHandler):
    """Answers every request with the status that stands first in the path."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(int(self.path.split("/")[1]))
        self.end_headers()
        self.wfile.write(LONG.encode())

    do_GET = do_POST = _answer

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask without a proxy or a login of whoever runs the tests."""
    monkeypatch.setenv("no_proxy", "*")
    for name in (VARIABLE, USERNAME, PASSWORD):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def refusing() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def said(results: Path, uri: str) -> str:
    with pytest.raises(TrackingError) as error:
        Tracker(Results(results), uri).prepare()
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300
    return str(error.value)


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (401, f"it asks for a login (401): set {USERNAME} and {PASSWORD}, or check them"),
        (403, "an administrator must give it EDIT"),
        (404, "what answers there is no MLflow server (404)"),
        (500, "the server failed (500): its database may not answer"),
        (503, "the server failed (503)"),
    ],
)
def test_an_answer_says_what_is_wrong(
    status: int, cause: str, refusing: str, tmp_path: Path
) -> None:
    line = said(tmp_path, f"{refusing}/{status}")
    assert line.startswith(f"cannot use {refusing}/{status}: ")
    assert cause in line
    assert "business" not in line


def test_nobody_listens(tmp_path: Path) -> None:
    with closing(socket.socket()) as taken:  # it is bound, and does not listen
        taken.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert said(tmp_path, uri) == (
            f"cannot use {uri}: nothing listens there (connection refused)"
        )


def test_a_host_that_does_not_exist(tmp_path: Path) -> None:
    uri = "http://nowhere.invalid:5000"
    assert said(tmp_path, uri) == f"cannot use {uri}: unknown host"


def test_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert said(tmp_path, uri) == f"cannot use {uri}: no answer within 1 s"


def test_what_ends_the_connection_or_speaks_no_tls(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as rude:
        address = f"127.0.0.1:{rude.getsockname()[1]}"

        def hang_up() -> None:
            for _ in range(2):
                connection, _ = rude.accept()
                connection.recv(1 << 16)
                connection.sendall(b"no\n")
                connection.close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        assert "it ended the connection" in said(tmp_path, f"http://{address}")
        assert "no secure connection" in said(tmp_path, f"https://{address}")
        thread.join()


def test_the_command_says_it_in_one_line_and_ends(refusing: str, tmp_path: Path) -> None:
    for words in (("track",), ("ui",)):
        done = bench_here(tmp_path, *words, "--results", ".", "--mlflow", f"{refusing}/401")
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert "it asks for a login (401)" in done.stderr
    done = bench_here(tmp_path, "track", "--results", ".", "--mlflow", "http://me:secret@host")
    assert done.returncode == 2
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("RESOURCE_ALREADY_EXISTS: Experiment 'ml-100k loo' already exists.", True),
        ('(psycopg.errors.UniqueViolation) duplicate key value "dataset_pk"', True),
        ("(sqlite3.IntegrityError) UNIQUE constraint failed: tags.key", True),
        ("RESOURCE_DOES_NOT_EXIST: No Experiment with id=7 exists", True),
        ("The run 7 must be in 'active' state. Current state is deleted.", True),
        ("INVALID_PARAMETER_VALUE: Changing param values is not allowed", False),
        ("(sqlite3.OperationalError) database is locked", False),
    ],
)
def test_what_is_tried_again_at_once(text: str, again: bool) -> None:
    assert failures.at_once(MlflowException(text)) == again
    answer = {"error_code": text.partition(":")[0], "message": text}
    assert failures.at_once(RestException(answer)) == again


def test_a_collision_is_tried_again_as_often_as_two_may_meet(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def collide(times: int) -> Callable[[Any], str]:
        def action(_: Any) -> str:
            calls.append("")
            if len(calls) <= times:
                raise MlflowException("UNIQUE constraint failed: tags.key")
            return "done"

        return action

    tracker = Tracker(Results(results))
    assert tracker._ask(collide(3)) == "done"
    assert len(calls) == 4
    calls.clear()
    with pytest.raises(TrackingError):
        tracker._ask(collide(4))
    assert len(calls) == 4
