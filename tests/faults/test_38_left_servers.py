"""Fault 38: a terminal is closed, or the command killed, while a server of ours listens. The server
ends with it, with all its processes."""

import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from command import PATIENCE
from records import made_up

from bench.records.folder import Results
from bench.tracking.tracker import Tracker

SERVE = f"""
import sys
from bench.tracking import ui
ui.START_SECONDS = {PATIENCE}
from bench.cli import main
main()
"""


IN_A_SESSION = ("env", "--default-signal=HUP", "setsid", "--ctty")


class Serving(NamedTuple):
    """`bench ui` in a terminal."""

    process: "subprocess.Popen[bytes]"
    terminal: int
    port: int


def kill(serving: Serving) -> None:
    serving.process.kill()


def hang_up(serving: Serving) -> None:
    serving.process.send_signal(signal.SIGHUP)


def close(serving: Serving) -> None:
    os.close(serving.terminal)


def in_a_terminal(folder: Path) -> Serving:
    """Start the command as a shell does; return when the pages are there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    ours, theirs = pty.openpty()
    words = ["ui", "--results", str(folder), "--port", str(port)]
    process = subprocess.Popen(
        # setsid: the terminal is the session's, which its end is told to; also where the tests were
        # started by nohup, which has it ignored.
        [*IN_A_SESSION, sys.executable, "-P", "-c", SERVE, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    while b"Ctrl-C" not in said:
        said += os.read(ours, 1000)
    return Serving(process, ours, port)


@pytest.mark.slow
@pytest.mark.parametrize("end", [kill, hang_up, close])
def test_a_server_ends_with_its_command(
    end: Callable[[Serving], None], tmp_path: Path, empty_store: Path
) -> None:
    results = Results(tmp_path / "results")
    results.save(made_up("als", 0.5))
    shutil.copy(empty_store, results.database)
    assert Tracker(results).track_all() == 1
    serving = in_a_terminal(results.path)
    below = psutil.Process(serving.process.pid).children(recursive=True)
    assert len(below) >= 3  # the keeper, the server and its workers
    try:
        end(serving)
        serving.process.wait(timeout=PATIENCE)
        _, alive = psutil.wait_procs(below, timeout=60)
        assert not alive
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", serving.port)) != 0
    finally:
        for process in below:
            if process.is_running():
                process.kill()
        if end is not close:
            os.close(serving.terminal)
