"""The process between a run and the process of a job. What the job leaves behind ends with it."""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from time import sleep

# Options of prctl(2): a signal when the parent dies, however it dies; and what loses its parent
# below this process becomes its child, also a daemon in a session of its own.
PARENT_DEATH_SIGNAL, CHILD_SUBREAPER = 1, 36
KEEPER = "from bench.isolation.guard import keep; keep()"  # a program for `python -c`
HEARD = {signal.SIGTERM, signal.SIGCHLD}
SWEEPS, PAUSE_SECONDS = 500, 0.01  # for what starts processes faster than they are ended


def stay_behind(
    parent: int, let_go: Callable[[], None], at_end: Callable[[], None] = lambda: None
) -> None:
    """Return in a child of this process, which itself stays and watches.

    When the child has ended, or this process is told to by SIGTERM, or the run has died, all that
    descends from this process is killed, whatever session or environment it has given itself. Then
    this process ends as the child did. Only Linux hands it what lost its parent.

    Args:
        parent: the process of the run.
        let_go: gives up what only the child shall hold.
        at_end: is called in this process when nothing is left below it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    set_property(CHILD_SUBREAPER, 1)
    set_property(PARENT_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != parent:  # it was gone before the line above
        os._exit(1)
    here = os.getpid()
    child = os.fork()
    if child == 0:
        set_property(PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != here:  # it died before it could have been noticed
            os._exit(1)
        return
    # Blocked and waited for: a handler could run between the end of the child and this process
    # learning of it, and what it raised there would end this process before its work is done.
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    let_go()
    while (status := _status(child)) is None:
        if signal.sigwait(HEARD) == signal.SIGTERM:
            os.kill(child, signal.SIGKILL)
    _end_all_below()
    with suppress(OSError):
        at_end()
    _end_as(status)


def keep() -> None:
    """Run a program that ends with the process which started it, however that ends.

    On Linux it ends with the thread that started it.

    Arguments of the command: that process, the program, and its arguments.
    """
    stay_behind(int(sys.argv[1]), let_go=lambda: None)
    os.execv(sys.argv[2], sys.argv[2:])


def _status(child: int) -> int | None:
    """How the child has ended, if it has; others that have ended are taken note of too."""
    while True:
        ended, status = os.waitpid(-1, os.WNOHANG)
        if ended in (0, child):
            return status if ended else None


def set_property(option: int, value: int) -> None:
    """Set a property of this process, as prctl(2) does; only Linux has these."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value)


def _end_all_below() -> None:
    for _ in range(SWEEPS):
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return  # nothing descends from this process any more
        import psutil  # only now: it takes 30 ms, and most jobs leave nothing behind

        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                process.kill()
        sleep(PAUSE_SECONDS)


def _end_as(status: int) -> None:
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
        os.kill(os.getpid(), -code)
    os._exit(abs(code))
