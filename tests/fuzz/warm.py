"""Processes for jobs that are forked from one which has imported everything: they begin in some 20
ms, where a new interpreter takes a second. What they run is `bench.isolation.worker.main`, as
always."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import psutil
from fuzzing import quick_look_up

from bench.isolation import guard, worker
from bench.isolation import process as isolation

MEASURING = "import bench.running.job, bench.evaluation.kernels, pandas, pyarrow.parquet, torch"
DESCRIBING = "import bench.running.job, scipy.linalg, scipy.sparse"
CONNECTION = 3  # its file descriptor in the process of a job


@contextmanager
def warm_processes(imports: str) -> Iterator[None]:
    """While the block lasts, `bench.isolation.process` forks its processes from a warm one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    source = subprocess.Popen(
        [sys.executable, str(Path(__file__)), str(theirs.fileno()), imports],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"PYTHONHASHSEED": "0"},
    )
    theirs.close()
    instead = SimpleNamespace(
        Popen=lambda command, **options: WarmProcess(ours, **options),
        **{name: getattr(subprocess, name) for name in ("DEVNULL", "STDOUT", "TimeoutExpired")},
    )
    try:
        with patch.object(isolation, "subprocess", instead):
            yield
    finally:
        ours.close()  # upon which it ends
        source.wait()


class WarmProcess:
    """As much of `subprocess.Popen` as `bench.isolation.process` uses."""

    def __init__(
        self, source: socket.socket, *, env: Mapping[str, str], pass_fds: list[int], **more: Any
    ) -> None:
        self._source = source
        self.returncode: int | None = None
        described = json.dumps(dict(env)).encode()
        socket.send_fds(source, [described], [*pass_fds, more["stdout"].fileno()])
        self.pid, escaped = map(int, source.recv(64).split())
        assert not escaped, f"{escaped} processes outlived the job before"

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def terminate(self) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal.SIGTERM)

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._source], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a warm process", timeout or 0.0)
            self.returncode = os.waitstatus_to_exitcode(int(self._source.recv(64)))
        return self.returncode


def serve(requests: socket.socket) -> None:
    """Fork a process for each request, one after the other, and tell how it ended."""
    guard.set_property(guard.PARENT_DEATH_SIGNAL, signal.SIGKILL)
    guard.set_property(guard.CHILD_SUBREAPER, 1)
    while True:
        described, descriptors, _, _ = socket.recv_fds(requests, 1 << 18, 2)
        if not described:
            return
        escaped = _ended()
        pid = os.fork()
        if pid == 0:
            requests.close()
            work(json.loads(described), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        requests.send(f"{pid} {escaped}".encode())
        requests.send(str(os.waitpid(pid, 0)[1]).encode())


def _ended() -> int:
    """End what is left of a job, and tell how many processes that were."""
    escaped = 0
    with suppress(ChildProcessError):
        while True:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:  # there are some that live
                for process in psutil.Process().children(recursive=True):
                    process.kill()
                    escaped += 1
                os.waitpid(-1, 0)
    return escaped


def work(environment: dict[str, str], connection: int, output: int) -> None:
    """Do the job as a new interpreter would, with nothing but what that would have."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, given in enumerate((nothing, output, output, connection)):
        os.dup2(given, number)
    os.closerange(CONNECTION + 1, 256)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["-c", str(CONNECTION), str(os.getppid())]
    try:
        worker.main()
    except BaseException:
        traceback.print_exc()
    os._exit(1)


if __name__ == "__main__":
    exec(sys.argv[2])
    with quick_look_up():
        serve(socket.socket(fileno=int(sys.argv[1])))
