"""The guard ends as its job does, and nothing of the job is left. Real processes, no library."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from command import PATIENCE

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans on")
HEAD = (
    "import os, signal, subprocess, sys, time; from bench.isolation.guard import stay_behind\n"
    "stay_behind(os.getppid(), let_go=lambda: None)\n"
)
# In a session of its own, its parent gone, nothing in its environment.
DAEMON = (
    "subprocess.Popen(['sh', '-c', 'env -i sleep {0} &'], start_new_session=True).wait()\n"
    "open('{1}', 'w').close()\n"
)
# Each process of the chain starts the next and is gone.
CHAIN = "if os.fork() == 0:\n os.setsid()\n while os.fork() == 0: time.sleep(0.002)\n os._exit(0)\n"


def start(job: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-P", "-c", HEAD + job], start_new_session=True)


def asleep(seconds: str) -> list[psutil.Process]:
    found = psutil.process_iter(["cmdline"])
    return [process for process in found if process.info["cmdline"] == ["sleep", seconds]]


@pytest.fixture
def seconds() -> str:
    """How long a daemon sleeps, by which it is known."""
    return f"97{os.getpid()}.{time.monotonic_ns() % 10**6}"


def alive_below(running: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """Its descendants, without one that is gone but not yet waited for."""
    found = psutil.Process(running.pid).children(recursive=True)
    return [process for process in found if process.status() != psutil.STATUS_ZOMBIE]


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("job", "code"),
    [
        ("os._exit(0)", 0),
        ("sys.exit(3)", 3),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
        ("os.abort()", -signal.SIGABRT),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
@linux
def test_it_ends_as_the_job_does_and_takes_a_daemon_with_it(
    job: str, code: int, seconds: str, tmp_path: Path
) -> None:
    daemon = DAEMON.format(seconds, tmp_path / "started")
    assert start(daemon + job).wait(PATIENCE) == code
    assert (tmp_path / "started").exists()
    assert not asleep(seconds)


@linux
def test_told_to_stop_it_ends_a_job_that_does_not_listen(seconds: str, tmp_path: Path) -> None:
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    daemon = DAEMON.format(seconds, tmp_path / "started")
    running = start(deaf + daemon + "time.sleep(3600)")
    wait_for(tmp_path / "started")
    below = alive_below(running)
    assert len(below) == 2
    running.terminate()
    assert running.wait(PATIENCE) == -signal.SIGKILL
    assert not [process for process in below if process.is_running()]


# A job and its run that die at once: the keeper hears of the second just after the first.
LATE = (
    "import os, signal; keeper = os.getpid()\n"
    "def late(wait):\n"
    "    def waited(*words):\n"
    "        found = wait(*words)\n"
    "        if found[0] and os.getpid() == keeper: os.kill(keeper, signal.SIGTERM)\n"
    "        return found\n"
    "    return waited\n"
    "os.wait, os.waitpid = late(os.wait), late(os.waitpid)\n"
)


@linux
def test_told_to_stop_as_it_learns_that_its_job_is_gone_it_ends_what_is_left(
    seconds: str, tmp_path: Path
) -> None:
    words = LATE + HEAD + DAEMON.format(seconds, tmp_path / "started") + "os._exit(3)"
    running = subprocess.Popen([sys.executable, "-P", "-c", words], start_new_session=True)
    assert running.wait(PATIENCE) == 3
    assert (tmp_path / "started").exists()
    assert not asleep(seconds)


@linux
def test_a_run_that_is_killed_leaves_nothing(seconds: str, tmp_path: Path) -> None:
    job = HEAD + DAEMON.format(seconds, tmp_path / "started") + "time.sleep(3600)"
    run = f"import subprocess, sys; subprocess.run([sys.executable, '-P', '-c', {job!r}])"
    running = subprocess.Popen([sys.executable, "-P", "-c", run])
    wait_for(tmp_path / "started")
    below = alive_below(running)
    assert len(below) == 3
    running.kill()
    running.wait()
    assert not psutil.wait_procs(below, PATIENCE)[1]


@linux
def test_processes_that_start_others_as_they_end_are_ended_too() -> None:
    before = {process.pid for process in psutil.process_iter()}
    running = start(CHAIN + "time.sleep(0.1)")
    assert running.wait(PATIENCE) == 0
    time.sleep(0.1)
    left = [p for p in psutil.process_iter(["cmdline"]) if p.pid not in before]
    assert not [p for p in left if CHAIN in " ".join(p.info["cmdline"] or [])]
