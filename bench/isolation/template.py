"""A process that has imported what jobs need, and forks a process for each; never a job itself.

It holds no thread, no data and no state of a random generator, so that a job finds in its fork what
it would find in a fresh interpreter, only sooner. It ends when the run closes its connection or
ends, and then ends all that it has forked. `bench.isolation.warm` is the other side.
"""

import ctypes
import gc
import importlib
import json
import os
import random
import select
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from bench.isolation import guard, worker
from bench.isolation.marks import MARK
from bench.isolation.resident import Pages, make_resident, resident_pages_of_files

PROGRAM = "from bench.isolation.template import serve; serve()"
MOST_REQUEST = 1 << 16  # bytes
UNFIT = "unfit"  # what is said of a job that no process was forked for


def serve() -> None:
    """Serve the run.

    Arguments of the command: the file descriptor of the socket, and the modules to import.
    """
    ours, *modules = sys.argv[1:]
    Template(socket.socket(fileno=int(ours)), modules).serve()


class Template:
    """Forks a process for each request, or hands it to a template that has imported more."""

    def __init__(
        self, requests: socket.socket, modules: Sequence[str], resident: Sequence[Pages] = ()
    ) -> None:
        """Import modules.

        Args:
            requests: where they come from, with three file descriptors each: the connection of the
                job, the file of its output, and a socket that is told its process and how it ends.
            resident: what the template has in memory that this one is forked from.
        """
        make_resident(resident)
        self._requests = requests
        self._further: dict[str, socket.socket] = {}  # to templates, by what they import
        self._running: dict[int, tuple[int, int]] = {}  # process and socket by pidfd
        self._ended: dict[int, int] = {}  # processes by socket, to be waited for
        self._fit = _imported(modules) and len(list(Path("/proc/self/task").iterdir())) == 1
        self._resident = resident_pages_of_files()
        gc.collect()
        gc.freeze()  # a collection in a fork would copy all that it looks at

    def serve(self) -> NoReturn:
        """Until the run closes its end."""
        while True:
            poll = select.poll()
            poll.register(self._requests, select.POLLIN)
            for handle in self._running:
                poll.register(handle, select.POLLIN)
            for told in self._ended:
                poll.register(told, select.POLLHUP)
            for handle, _ in poll.poll():
                if handle in self._running:
                    self._tell_end(handle)
                elif handle in self._ended:
                    self._forget(handle)
                else:
                    self._take()

    def _take(self) -> None:
        request, handles, *_ = socket.recv_fds(self._requests, MOST_REQUEST, 3)
        if not request:
            self._end()
        stages, *job_of = json.loads(request)
        try:
            if stages:
                further = self._further_for(stages[0])
                socket.send_fds(further, [json.dumps([stages[1:], *job_of]).encode()], handles)
            elif self._fit:
                self._fork(*job_of, *handles)
                handles = handles[:2]  # the third is kept
            else:
                os.write(handles[2], f"{UNFIT}\n".encode())
        except OSError:  # a further template is gone, or nothing can be forked
            os.write(handles[2], f"{UNFIT}\n".encode())
        finally:
            for handle in handles:
                os.close(handle)

    def _end(self) -> NoReturn:
        """End what was forked and wait for it, so that the CPU time of all is counted with ours."""
        for further in self._further.values():
            further.close()
        for process, _ in self._running.values():
            os.kill(process, signal.SIGTERM)  # its guard then ends all below it
        with suppress(ChildProcessError):
            while True:
                os.wait()
        os._exit(0)

    def _further_for(self, modules: Sequence[str]) -> socket.socket:
        """The socket of a template that has imported these too; it is forked where it is new."""
        name = ",".join(modules)
        if name not in self._further:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            here = os.getpid()
            if os.fork() == 0:
                try:
                    _die_with(here)
                    self._let_go()
                    ours.detach()
                    _close_others(theirs.fileno())
                    Template(theirs, modules, self._resident).serve()
                finally:
                    os._exit(1)
            theirs.close()
            self._further[name] = ours
        return self._further[name]

    def _fork(self, folder: str, directory: str, job: int, output: int, told: int) -> None:
        here = os.getpid()
        process = os.fork()
        if process == 0:
            try:
                self._let_go()
                os.setsid()
                os.dup2(output, 1)
                os.dup2(output, 2)
                _close_others(job)
                _as_fresh(folder, directory)
                worker.work(job, here, lambda: make_resident(self._resident))
            finally:
                os._exit(1)
        self._running[os.pidfd_open(process)] = process, told
        os.write(told, f"{process}\n".encode())

    def _let_go(self) -> None:
        """In a fork: what is closed here must not be closed again, when it may be another's."""
        for held in (self._requests, *self._further.values()):
            held.detach()

    def _tell_end(self, handle: int) -> None:
        """Say how a process has ended; it keeps its number until the run has heard of it."""
        process, told = self._running.pop(handle)
        os.close(handle)
        how = os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
        assert how is not None
        code = how.si_status if how.si_code == os.CLD_EXITED else -how.si_status
        with suppress(OSError):  # the run has closed its end before
            os.write(told, f"{code}\n".encode())
        self._ended[told] = process

    def _forget(self, told: int) -> None:
        os.waitpid(self._ended.pop(told), 0)
        os.close(told)


def _imported(modules: Sequence[str]) -> bool:
    """Import modules, if that can be done."""
    try:
        for name in modules:
            importlib.import_module(name)
    except BaseException as error:  # the job that needs it says so
        print(f"{type(error).__name__}: {error}", flush=True)
        return False
    return True


def _die_with(parent: int) -> None:
    """End with the parent, however it ends."""
    guard.set_property(guard.PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before the line above
        os._exit(1)


def _close_others(kept: int) -> None:
    """Close all but the standard streams and one file."""
    os.closerange(3, kept)
    os.closerange(kept + 1, 1 << 20)


def _as_fresh(folder: str, directory: str) -> None:
    """Be as an interpreter that was started for this job, in a directory."""
    os.chdir(directory)
    os.environ[MARK] = folder
    _write_mark(folder)
    random.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()
    importlib.invalidate_caches()  # a file of a model may be new since


def _write_mark(folder: str) -> None:
    """Have the mark in the environment as other processes see it, which is that of the start.

    The template's is filled up with slashes, so that there is room.
    """
    found = b"\0" + Path("/proc/self/environ").read_bytes()
    name = f"\0{MARK}=".encode()
    first = found.index(name) + len(name)  # one more than where it is, for the byte in front
    room = found.index(b"\0", first) - first
    value = os.fsencode(folder)
    if len(value) > room:
        raise ValueError("no room for the mark")
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    begins = int(fields[47])  # env_start of proc(5)
    ctypes.memmove(begins + first - 1, value.ljust(room, b"/"), room)
