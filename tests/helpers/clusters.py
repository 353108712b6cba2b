"""A real Ray cluster of several nodes in a private network of this machine, and commands on it.

Everything in it ends with the process that it was begun in.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import util
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from command import BENCH, PATIENCE

HEAD = "10.99.0.1:6399"
NODE = ["--object-store-memory=200000000", "--disable-usage-stats"]
ATTEMPTS, SLOW = 10, "timed out during startup"  # Ray itself waits for half a minute
NAMESPACE = ["unshare", "-n", "-p", "-f", "--mount-proc", "--kill-child"]
BEGIN = """
ip link set lo up
for number in 1 2 3 4; do ip addr add 10.99.0.$number/32 dev lo; done
touch ready
exec sleep infinity
"""


def missing() -> str:
    """Why there can be no such cluster here; "" where there can."""
    if util.find_spec("ray") is None:
        return "Ray is not installed"
    if not shutil.which("unshare") or not shutil.which("nsenter") or not shutil.which("ip"):
        return "unshare, nsenter and ip are needed"
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode:
        return "namespaces are not allowed here"
    return ""


class Cluster:
    """Head and nodes; commands see the same network and processes."""

    def __init__(self, folder: Path, sessions: str, inside: int, cpus: int = 1) -> None:
        self.folder, self._inside, self._cpus = folder, inside, cpus
        self._sessions = sessions
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        (folder / "token").touch(0o600)
        (folder / "token").write_text(secrets.token_hex(32))

    def environment(self, **more: str) -> dict[str, str]:
        """Of whatever runs on it."""
        bin_ = str(Path(sys.executable).parent)
        return {
            **os.environ,
            "PATH": f"{bin_}:{os.environ['PATH']}",
            "TMPDIR": str(self.temporary),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(self.folder / "token"),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_worker_niceness": "0",
            **more,
        }

    def start(self, *words: str, **given: Any) -> subprocess.Popen[str]:
        """A command in the network of the cluster."""
        enter = ["nsenter", "-t", str(self._inside), "-n", "-p", "-m", f"--wd={self.folder}", "--"]
        given = {"env": self.environment()} | given
        return subprocess.Popen([*enter, *words], text=True, **given)

    def bench(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """`bench` to its end."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = self.start(BENCH, *words, env=self.environment(**more), **pipes)
        output, errors = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(words, process.returncode, output, errors)

    def add_node(self, number: int, *words: str, **more: str) -> None:
        """A node with an address of its own, and words of its own; the first is the head."""
        words = (f"--num-cpus={self._cpus}", *words)
        address = f"--node-ip-address=10.99.0.{number}"
        where = [f"--address={HEAD}"]
        if number == 1:
            where = ["--head", "--port=6399", "--include-dashboard=false"]
            where += [f"--temp-dir={self._sessions}"]
        for _ in range(ATTEMPTS):
            with (self.folder / f"node{number}.txt").open("w") as said:
                started = self.start(
                    *("ray", "start", *where, address, *NODE, *words),
                    env=self.environment(**more),
                    stdout=said,
                    stderr=subprocess.STDOUT,
                )
                code = started.wait(PATIENCE)
            words_said = (self.folder / f"node{number}.txt").read_text()
            if code == 0 or SLOW not in words_said:
                break
            self._end_start("" if number == 1 else f"10.99.0.{number}")
        assert code == 0, words_said

    def _end_start(self, of: str) -> None:
        """End what the start of a node has come to; of a head, all that there is."""
        for each in self.processes():
            if each.pid != self._inside and of in " ".join(_words(each)):
                each.kill()

    def processes(self) -> list[psutil.Process]:
        """All that is in it."""
        wanted = _namespace(self._inside)
        return [each for each in psutil.process_iter() if _namespace(each.pid) == wanted]

    def working(self) -> list[psutil.Process]:
        """Those that measure, wherever they stand."""
        return [each for each in self.processes() if "from bench." in " ".join(_words(each))]

    def folders(self) -> list[Path]:
        """Of processes that measure on nodes."""
        return list(self.temporary.glob("bench-node-*"))

    def drivers(self) -> list[psutil.Process]:
        """Those of commands."""
        return [each for each in self.processes() if BENCH in _words(each)]

    def serving(self, job: Path) -> list[psutil.Process]:
        """The process of a node below which a job runs in this folder, and its keeper."""
        return [each for each in self.processes() if str(job.parents[1]) in _words(each)]

    def kill_node(self, number: int) -> None:
        """As if its machine had lost its power."""
        self._kill("raylet", f"10.99.0.{number}")

    def kill_head(self) -> None:
        """What all nodes hear from, and nothing else."""
        self._kill("gcs_server", "")

    def _kill(self, program: str, of: str) -> None:
        for each in self.processes():
            words = _words(each)
            if words and words[0].endswith(program) and any(of in word for word in words):
                each.send_signal(signal.SIGKILL)
                return
        raise AssertionError(f"no {program} {of}")


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _namespace(process: int) -> str:
    try:
        return str(Path(f"/proc/{process}/ns/pid").readlink())
    except OSError:
        return ""


@contextmanager
def cluster(folder: Path, nodes: int, cpus: int = 1) -> Iterator[Cluster]:
    """A cluster of so many nodes, of so many CPUs each; at the end nothing of it is left."""
    # Sockets stand in it, and no path of a socket may have more than 107 bytes.
    with TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as sessions:
        outer = subprocess.Popen([*NAMESPACE, "bash", "-c", BEGIN], cwd=folder)
        try:
            while not (folder / "ready").exists():
                assert outer.poll() is None
                time.sleep(0.05)
            (inside,) = psutil.Process(outer.pid).children()
            found = Cluster(folder, sessions, inside.pid, cpus)
            for number in range(1, nodes + 1):
                found.add_node(number)
            yield found
        finally:
            outer.kill()  # --kill-child: and with the first process in it all others end
            outer.wait()
