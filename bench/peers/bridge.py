"""Our end of the bridge: starts the host in a library's Python, asks it, reads its scores."""

import json
import mmap
import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from bench.adapter import Run
from bench.interactions import Floats, Ids, Interactions
from bench.isolation.marks import MARK
from bench.peers.environment import Environment, variables
from bench.text import one_line, shown

HOST = Path(__file__).parent / "host.py"
MOST_ANSWER = 1 << 20  # bytes of a line
LOOK_SECONDS = 0.2  # after which it is looked whether a silent host is still there
TEMPORARY = ("TMPDIR", "TEMP", "TMP", "JOBLIB_TEMP_FOLDER")  # joblib's else is shared memory
Hear = Callable[[int, float | None], bool]


class LibraryFailed(RuntimeError):
    """What went wrong in a library, or with its process."""


class Remote(Exception):
    """Carries the traceback of another process, to be shown above ours."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class Bridge:
    """A library's process with one model in it.

    The process ends with this one, and what it leaves in the folder of temporary files with the
    cell, in whose own folder that stands.
    """

    def __init__(self, environment: Environment, model: str, settings: Mapping[str, Any]) -> None:
        library = environment.library
        self._title, self._side = library.title, library.side
        self._model, self._settings = library.models[model].name, dict(settings)
        self._folder = tempfile.TemporaryDirectory(
            prefix="peer-", dir=os.environ.get(MARK), ignore_cleanup_errors=True
        )
        self._memory = _shared()
        self._map: mmap.mmap | None = None
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        self._kept = b""  # of answers that were read, and not taken yet
        with suppress(OSError):  # so that no temporary file outlives the cell
            Path(self._folder.name, "tmp").mkdir()
        self._process = subprocess.Popen(
            [environment.python, "-s", HOST, *map(str, (orders, answers, self._memory))],
            env=_environment(Path(self._folder.name, "tmp")),
            cwd=self._folder.name,  # where libraries put files unasked
            pass_fds=[orders, answers, self._memory],
            stdin=subprocess.DEVNULL,
        )
        for theirs in (orders, answers):
            os.close(theirs)

    def prepare(self, train: Interactions, run: Run) -> None:
        """Load the library, and hand over what is to be learned from.

        Raises:
            LibraryFailed, MemoryError: something went wrong there.
        """
        np.save(Path(self._folder.name, "users.npy"), train.users)
        np.save(Path(self._folder.name, "items.npy"), train.items)
        self._n_items = train.n_items
        self._ask(
            "prepare",
            side=str(self._side),
            folder=self._folder.name,
            n_users=train.n_users,
            n_items=train.n_items,
            model=self._model,
            settings=self._settings,
            seed=run.seed,
            threads=run.threads,
            device=run.device,
        )

    def fit(self, hear: Hear) -> None:
        """Train; `hear` is told samples and loss of each epoch, and says whether to end there.

        Raises:
            LibraryFailed, MemoryError: something went wrong there.
        """
        self._ask("fit", hear)

    def scores(self, users: Ids) -> Floats:
        """Scores of every item for these users: [b] -> float32 [b, n_items].

        Raises:
            LibraryFailed, MemoryError: something went wrong there.
        """
        size = 4 * len(users) * self._n_items
        if not size:
            return np.empty((len(users), self._n_items), dtype=np.float32)
        if self._map is None or len(self._map) < size:
            os.ftruncate(self._memory, size)
            self._map = mmap.mmap(self._memory, size)
        self._ask("scores", users=users.tolist(), size=len(self._map))
        found = np.frombuffer(self._map, dtype=np.float32, count=len(users) * self._n_items)
        return found.reshape(len(users), self._n_items).copy()

    def close(self) -> None:
        """End the process, and remove its files."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for ours in (self._orders, self._answers, self._memory):
            with suppress(OSError):
                os.close(ours)
        self._folder.cleanup()

    def _ask(self, what: str, hear: Hear | None = None, **further: Any) -> None:
        self._say(what, **further)
        while (answer := self._answer(what)).get("epoch"):
            samples, loss = answer["epoch"]
            stop = hear(samples, loss) if hear else False
            self._say("go on", stop=bool(stop))
        if failed := answer.get("failed"):
            self._fail(failed)

    def _say(self, what: str, **further: Any) -> None:
        line = json.dumps({"do": what, **further}) + "\n"
        data = memoryview(line.encode())
        with suppress(BrokenPipeError):  # it has ended: the answer will tell
            while data:
                data = data[os.write(self._orders, data) :]

    def _answer(self, what: str) -> dict[str, Any]:
        while b"\n" not in self._kept:
            read = self._read()
            if not read or len(self._kept) > MOST_ANSWER:
                raise LibraryFailed(f"{self._title}: {self._death()} in {what}()")
            self._kept += read
        line, _, self._kept = self._kept.partition(b"\n")
        try:
            answer = json.loads(line)
            return answer if isinstance(answer, dict) else {}
        except ValueError:
            raise LibraryFailed(f"{self._title}: its process said {shown(line)}") from None

    def _read(self) -> bytes:
        """What comes next; nothing where the process has ended, whoever holds its pipe open."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while not selector.select(LOOK_SECONDS):
                if self._process.poll() is not None and not selector.select(0):
                    return b""
        return os.read(self._answers, 1 << 16)

    def _death(self) -> str:
        try:
            code = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            return "its process closed the connection"
        if code < 0:
            return f"its process was ended by {signal.Signals(-code).name}"
        return f"its process ended by itself with exit code {code}"

    def _fail(self, failed: Mapping[str, Any]) -> None:
        words = one_line(f"{self._title}: {failed.get('kind')}: {failed.get('message')}")
        error = MemoryError(words) if failed.get("memory") else LibraryFailed(words)
        raise error from Remote(str(failed.get("traceback")))


def _environment(temporary: Path) -> dict[str, str]:
    """Variables of a library's process."""
    return variables() | dict.fromkeys(TEMPORARY, str(temporary))


def _shared() -> int:
    """A file that is in memory where the system can, without a name that could stay behind."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("scores")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
