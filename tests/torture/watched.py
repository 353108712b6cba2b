"""The command `bench`, watched: it writes down what it does, and kills itself where it is told to.

    python -P watched.py FOLDER KILL_AT run --suite quick ...    as `bench run --suite quick ...`
    python -P watched.py                                         the same for each line of its input

It runs in FOLDER and writes there `watch`: a line for each phase of the run that begins, and for
each step of a write to its results. Just before the step of that number or name it kills itself;
with 0 it does not. What is watched are functions of Python, of MLflow and of bench, from outside:
the harness has no part in it.

A line of the input is JSON, [FOLDER, KILL_AT, words...]; each is done by a fork of this process,
which has imported everything already. Its number and its exit code are printed.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any

MLFLOW_CALLS = (
    *("create_experiment", "set_experiment_tag", "create_run", "delete_run", "log_batch"),
    *("log_inputs", "set_tag", "set_terminated"),
)
NEEDED = (
    *("tabulate", "bench.cli", "bench.datasets.synthetic", "bench.leaderboard.html"),
    "bench.tracking.aside",
)
PHASES_OF_A_CELL = {
    "preparing": "loading",
    "loading": "loading",
    "training": "fit",
    "scoring": "scoring",
}


class Watch:
    """The log, and the step at which all ends."""

    _in_writer = False

    def __init__(self, log: Path, kill_at: str, began: float = 0.0, steps: int = 0) -> None:
        """Begin the log, or go on with one that was begun then, after so many steps."""
        new = 0 if began else os.O_TRUNC
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | new)
        self._kill_at, self._steps, self._began = kill_at, steps, began or monotonic()
        self._path = log

    def say(self, kind: str, what: str) -> None:
        """Write a line. A kill does not take it back: the system has it."""
        os.write(self._log, f"{monotonic() - self._began:.4f} {kind} {what}\n".encode())

    def step(self, what: str) -> None:
        """A step of a write comes next."""
        self._steps += 1
        self.say("step", what)
        if self._kill_at in (what, str(self._steps)):
            if self._in_writer:
                os.kill(os.getppid(), signal.SIGKILL)  # the run
            os.kill(os.getpid(), signal.SIGKILL)

    def writer(self) -> str:
        """The code of a process that writes to MLflow and goes on with this log."""
        facts = (str(self._path), self._kill_at, self._began, self._steps)
        place = str(Path(__file__).parent)
        return (
            f"import sys; sys.path.insert(0, {place!r}); import watched; watched.write(*{facts!r})"
        )


class WatchedFile:
    """A file that is written in two halves."""

    def __init__(self, file: Any, step: Callable[[str], None], name: str) -> None:
        self._file, self._step, self._name = file, step, name

    def write(self, content: bytes) -> int:
        half = len(content) // 2
        self._step(f"{self._name}: write")
        self._file.write(content[:half])
        self._file.flush()
        self._step(f"{self._name}: second half")
        return half + int(self._file.write(content[half:]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "WatchedFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def subject(temporary: Path) -> str:
    """What a temporary file is to become."""
    name = temporary.name.strip(".").rsplit(".", 2)[0]  # without process and .tmp
    kinds = {"records": "record", "ledgers": "ledger", "canaries": "canaries"}
    return kinds.get(temporary.parent.name, name)


def watch_files(watch: Watch) -> None:
    """Every temporary file: its two halves, its flush, its renaming, the flush of its folder."""
    open_, fsync, replace = Path.open, os.fsync, os.replace

    def watched_open(self: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        file = open_(self, mode, *more, **named)
        written = "w" in mode and self.suffix == ".tmp"
        return WatchedFile(file, watch.step, subject(self)) if written else file

    def watched_fsync(file: int) -> None:
        path = Path(f"/proc/self/fd/{file}").readlink()
        name = subject(path) if path.suffix == ".tmp" else f"{path.name}/"
        watch.step(f"{name}: flush")
        fsync(file)

    def watched_replace(source: Any, target: Any, **named: Any) -> None:
        if str(source).endswith(".tmp"):
            watch.step(f"{subject(Path(source))}: rename")
        replace(source, target, **named)

    Path.open, os.fsync, os.replace = watched_open, watched_fsync, watched_replace


def before(owner: Any, name: str, action: Callable[[], None], after: Callable[[], None]) -> None:
    """Do something before and after each call of a function."""
    inner = getattr(owner, name)

    def watched(*arguments: Any, **named: Any) -> Any:
        action()
        try:
            return inner(*arguments, **named)
        finally:
            after()

    setattr(owner, name, watched)


def watch_mlflow(watch: Watch) -> None:
    """Every call that changes the store."""
    from bench.tracking import fill
    from bench.tracking.client import MlflowClient

    before(fill, "_keep_files", lambda: watch.step("mlflow files"), lambda: None)
    for name in MLFLOW_CALLS:
        before(MlflowClient, name, lambda name=name: watch.step(f"mlflow {name}"), lambda: None)


def watch_writer(watch: Watch) -> None:
    """The process that writes to MLflow."""
    from bench.tracking import aside

    def set_job() -> None:
        aside.JOB = watch.writer()

    before(aside, "_start", set_job, lambda: None)


def write(log: str, kill_at: str, began: float, steps: int) -> None:
    """Be that process. Where it is killed, the run is killed with it."""
    from bench.tracking import job

    watch = Watch(Path(log), kill_at, began, steps)
    watch._in_writer = True
    watch_mlflow(watch)
    job.main()


def watch_phases(watch: Watch) -> None:
    """What a run is at, as seen from its process."""
    watch.say("phase", "import")
    from bench.canaries import run as canary_run
    from bench.running import reference, run, session
    from bench.running.display import Progress
    from bench.running.executors import executor

    def phase(name: str) -> Callable[[], None]:
        return lambda: watch.say("phase", name)

    watch_writer(watch)
    for owner, function, name in (
        (run, "prepare_run", "planning"),
        (executor, "measure", "start of a cell"),
        (session, "keep", "journal"),
        (session, "write", "journal"),
        (canary_run, "ensure", "canaries"),
        (reference.Clock, "before", "clock"),
        (reference.Clock, "after", "clock"),
        (session.Tracking, "__init__", "mlflow"),
        (session.Tracking, "log", "mlflow"),
        (session.Tracking, "finish", "mlflow"),
    ):
        before(owner, function, phase(name), phase("between"))
    hear = Progress.hear

    def watched_hear(self: Progress, kind: str, value: Any) -> None:
        if kind == "phase":
            watch.say("phase", PHASES_OF_A_CELL[value])
        hear(self, kind, value)

    Progress.hear = watched_hear


def main(folder: Path, kill_at: str, words: list[str]) -> None:
    """Be `bench` with these words."""
    os.chdir(folder)
    watch = Watch(folder / "watch", kill_at)
    watch_files(watch)
    watch_phases(watch)
    from bench import cli

    sys.argv = ["bench", *words]
    cli.main()


def serve() -> None:
    """Do what stands in each line of the input in a process of its own."""
    for name in NEEDED:
        import_module(name)
    for line in sys.stdin:
        folder, kill_at, *words = json.loads(line)
        if number := os.fork():
            print(number, flush=True)
            print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)
            continue
        for stream, name in enumerate(("/dev/null", f"{folder}/output", f"{folder}/errors")):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND), stream)
        code = 1
        try:
            main(Path(folder), kill_at, words)
        except SystemExit as ending:
            code = int(ending.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)


if __name__ == "__main__":
    if sys.argv[1:]:
        main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
    else:
        serve()
