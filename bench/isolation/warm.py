"""The run's side of a warm template: jobs are forked from it and start at once.

Python and its libraries take seconds to load. On Linux a template does so once, for all jobs of a
run on one thread of the CPU; a job gets a fork that nothing has run in. Wherever this cannot be
done it gets an interpreter of its own.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM
from threading import Lock

from bench.isolation.marks import MARK
from bench.isolation.template import PROGRAM, UNFIT

# What a template imports for a job, stage after stage: each is forked from the one before.
Stages = Sequence[Sequence[str]]
FRESH = "BENCH_FRESH"  # the variable with which every job has an interpreter of its own
ROOM = 64  # for the name of a job's folder
MOST_SAID = 64  # bytes
ENDING_SECONDS = 20.0  # that a template has to end what it has forked
_templates: dict[Path, "Warm"] = {}  # by the folder that the folders of their jobs are in


class Forked:
    """What `subprocess.Popen` is for a process that is started, for one that was forked."""

    def __init__(self, told: socket.socket) -> None:
        """Wait for the process.

        Args:
            told: says its number, and then how it ended.

        Raises:
            OSError: there is none.
        """
        self._told, self._said = told, b""
        self.returncode: int | None = None
        number = self._line(None)
        if number in (None, UNFIT):
            told.close()
            raise OSError("the template has forked nothing")
        self.pid = int(number)

    def poll(self) -> int | None:
        """The exit code, where it has ended; negative where a signal ended it."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: it has not ended within so many seconds.
        """
        if self.returncode is None:
            code = self._line(timeout)
            # Where the template is gone, all that it has forked was killed.
            self.returncode = -SIGKILL if code is None else int(code)
        return self.returncode

    def terminate(self) -> None:
        """Ask it to end. Its number is its own until `close`."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, SIGTERM)

    def close(self) -> None:
        """Nothing more will be asked of it."""
        self._told.close()

    def _line(self, timeout: float | None) -> str | None:
        """What is said next; None where nothing will be."""
        self._told.settimeout(timeout)
        try:
            said = self._told.recv(MOST_SAID)
        except (TimeoutError, BlockingIOError):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0) from None
        except OSError:
            return None
        return said.decode().strip() or None


class Warm:
    """A template, from the first job that asks for it."""

    def __init__(self, work: Path, modules: Sequence[str]) -> None:
        self._work, self._modules = work, modules
        self._lock = Lock()  # jobs may be started by several threads
        self._template: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self._state: object = None  # of this process, when the template was started
        self._told: list[socket.socket] = []  # of what was forked from it; closed where nothing is

    def fork(
        self, stages: Stages, environment: dict[str, str], folder: Path, job: int, output: int
    ) -> Forked | None:
        """A process for a job in a folder below `work`; None where there can be none.

        Args:
            stages: what is to be imported before.
            environment: of the job, but for its mark.
            folder: of the job, resolved.
            job: file descriptor of the job's connection.
            output: file descriptor of what it prints to.
        """
        told, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                with self._lock:
                    requests = self._ready(environment)
                    self._told.append(told)
                    request = [[list(each) for each in stages], str(folder), str(Path.cwd())]
                    handles = [job, output, theirs.fileno()]
                    socket.send_fds(requests, [json.dumps(request).encode()], handles)
            except OSError:
                told.close()
                return None
        try:
            return Forked(told)
        except OSError:
            return None

    def _ready(self, environment: dict[str, str]) -> socket.socket:
        """Where to send requests; the template is started where there is none of this state.

        Raises:
            OSError: that of another state has jobs under way, which would end with it.
        """
        state = _paths(environment), environment.copy(), sys.path.copy()
        alive = self._template is not None and self._template.poll() is None
        self._told = [each for each in self._told if each.fileno() != -1]
        if self._requests is None or not alive or self._state != state:
            if alive and self._told:
                raise OSError("the template has jobs under way")
            self.close()
            self._start(environment)
            self._state = state
        assert self._requests is not None
        return self._requests

    def _start(self, environment: dict[str, str]) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        mark = str(self._work)
        with theirs, (self._work / "template.txt").open("ab") as output:
            words = [str(theirs.fileno()), *self._modules]
            self._template = subprocess.Popen(
                [sys.executable, "-P", "-c", PROGRAM, *words],
                env=environment | {MARK: mark.ljust(len(mark) + ROOM, "/")},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def close(self) -> None:
        """End the template, and with it what it has forked."""
        if self._requests is not None:
            self._requests.close()
        if self._template is not None:
            with suppress(subprocess.TimeoutExpired):
                self._template.wait(ENDING_SECONDS)
            self._template.kill()
            self._template.wait()
        self._requests = self._template = None


def _paths(environment: dict[str, str]) -> list[Path]:
    """Where Python is told to look for modules; a relative path depends on the directory."""
    named = environment.get("PYTHONPATH", "").split(os.pathsep)
    return [Path(each).absolute() for each in named if each]


@contextmanager
def warm(work: Path, modules: Sequence[str]) -> Iterator[None]:
    """Jobs whose folders are in `work` are forked from a template in this block, if they can be.

    Args:
        work: an existing folder.
        modules: what the template has imported for any job.
    """
    if sys.platform != "linux" or os.environ.get(FRESH):
        yield
        return
    folder = work.resolve()
    _templates[folder] = there = Warm(folder, modules)
    try:
        yield
    finally:
        del _templates[folder]
        there.close()


def template_for(folder: Path) -> Warm | None:
    """The template for a job whose folder, resolved, is this, if there is one."""
    return _templates.get(folder.parent)
