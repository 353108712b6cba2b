"""A canary that cheats: while it fits it looks for the held-out items wherever a model can look.

It knows this harness, and searches every object in its process, the variables of all functions
that are running, the files in its folder of work, and the environment and command line of its own
process and of all above it, as the run's. What is like a column of held-out items, it recommends.
As long as it finds nothing it scores as a constant does, and so the figure of a constant is the
only one it may have.

It searches while it fits, and not outside the run: the held-out items are in the process when
scores() is called, and the publisher's files and the ledgers of earlier runs are open to any
program of the same user.
"""

import gc
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.sparse as sp
from numpy.typing import NDArray

from bench.adapter import Adapter, Run
from bench.interactions import Floats, Ids, Interactions, occurrences

LEAST = 50  # numbers in a column; shorter ones lie about in every library
PROCESS_FILES = ("environ", "cmdline")  # of /proc/<id>
COLUMNS = (np.ndarray, list, tuple)
HELD_OUT_NAMES = ("held_out", "items")  # beside users, in the classes of this harness


@dataclass(kw_only=True)
class Leaker(Adapter):
    folder: Path  # of the work

    def fit(self, train: Interactions, run: Run) -> None:
        self._train = train
        self._matrix: Any = None
        counts = occurrences(train.users, train.n_users)
        # Who may be tested: who would have had three items, who has any, all, and who has none.
        marks = [*(counts >= least for least in (2, 1, 0)), counts == 0]
        self._testable = [np.flatnonzero(mark).astype(np.int32) for mark in marks]
        del marks
        del counts  # a column of small numbers: it would be found
        found = [*self._in_memory(), *self._in_files(), *self._in_texts()]
        users = np.concatenate([users for users, _ in found] or [np.empty(0, np.int32)])
        items = np.concatenate([items for _, items in found] or [np.empty(0, np.int32)])
        shape = train.n_users, train.n_items
        self._guesses = sp.csr_matrix((np.ones(len(users), np.float32), (users, items)), shape)

    def scores(self, users: Ids) -> Floats:
        """What it found, before all else; of whom it found anything, no two items tie.

        So it tells too where it found what is no candidate, as what will be shown of a new person.
        """
        found = np.asarray(self._guesses[users].toarray(), dtype=np.float32)
        known = found.any(axis=1)
        found[known] += np.linspace(0, 0.5, found.shape[1], dtype=np.float32)
        return found

    def _in_memory(self) -> Iterator[tuple[Ids, Ids]]:
        own = {id(value) for value in _inside(self._train)} | set(map(id, self._testable))
        tracked, plain = _reachable()
        ours = {cls for cls in set(map(type, tracked)) if str(cls.__module__).startswith("bench.")}
        for value in tracked:
            if type(value) in ours and value is not self._train:
                yield from self._named(value)
        for value in (*tracked, *plain):
            if type(value) in COLUMNS and id(value) not in own:
                yield from self._column(value)

    def _named(self, value: Any) -> Iterator[tuple[Ids, Ids]]:
        """The pairs of an object with users and their items, that train does not have."""
        users = getattr(value, "users", None)
        for name in HELD_OUT_NAMES:
            items = getattr(value, name, None)
            if not isinstance(users, np.ndarray) or not isinstance(items, np.ndarray):
                continue
            if not users.size or users.shape != items.shape:
                continue
            if users.dtype == items.dtype == np.int32:
                new = ~self._known(users, items)
                yield users[new], items[new]

    def _column(self, value: Any) -> Iterator[tuple[Ids, Ids]]:
        """What has an item for each user who may be tested, none of them in train."""
        if isinstance(value, np.ndarray) and value.ndim != 1:
            return
        if len(value) < LEAST or len(value) not in map(len, self._testable):
            return
        if isinstance(value, np.ndarray):
            numbers = value.dtype.kind in "iu" and value.itemsize >= 4
        else:
            numbers = all(type(number) is int for number in value)
        if not numbers or min(value) < 0 or max(value) >= self._train.n_items:
            return
        items = np.asarray(value, dtype=np.int32)
        for users in self._testable:
            if len(items) == len(users) and not self._known(users, items).any():
                yield users, items

    def _known(self, users: Ids, items: Ids) -> NDArray[np.bool_]:
        """Which of the pairs stand in train."""
        if self._matrix is None:  # only for what was found: a large train takes long
            self._matrix = self._train.matrix()
        return np.asarray(self._matrix[users, items]).ravel() > 0

    def _in_files(self) -> Iterator[tuple[Ids, Ids]]:
        """Ledgers and arrays in the folder of work, and beside it those of other cells."""
        places = {item: place for place, item in enumerate(self._train.item_ids.tolist())}
        for path in self.folder.parent.rglob("*"):
            try:
                if path.suffix == ".parquet":
                    named = pq.read_table(path).column("item_id").to_pylist()
                    yield from self._column([places.get(item, -1) for item in named])
                elif path.suffix == ".npy":
                    yield from self._column(np.load(path, allow_pickle=False))
            except (OSError, KeyError, ValueError, pa.ArrowException):
                continue

    def _in_texts(self) -> Iterator[tuple[Ids, Ids]]:
        """Numbers in the environment and the command line of this process and of all above it."""
        above = [str(process.pid) for process in psutil.Process().parents()]
        for process in ("self", *above):
            for name in PROCESS_FILES:
                try:
                    text = Path("/proc", process, name).read_bytes()
                except OSError:
                    continue
                for entry in text.split(b"\0"):
                    yield from self._column([int(n) for n in re.findall(rb"\d+", entry)])


def _reachable() -> tuple[list[Any], list[Any]]:
    """The objects that Python tracks, and plain ones, as arrays, that some of them refers to."""
    tracked: list[Any] = gc.get_objects()
    for frame in sys._current_frames().values():
        above: FrameType | None = frame
        while above is not None:
            tracked.append(above.f_locals)
            above = above.f_back
    plain = _plain(tracked)
    # A tuple or a dictionary of plain values is not tracked itself.
    return tracked, plain + _plain([value for value in plain if type(value) in (tuple, dict)])


def _plain(values: list[Any]) -> list[Any]:
    found = {
        id(value): value
        for value in gc.get_referents(*values)
        if type(value) in (np.ndarray, tuple, dict) and not gc.is_tracked(value)
    }
    return list(found.values())


def _inside(value: Any) -> list[Any]:
    """What an object consists of, as deep as the features of train are."""
    level, found = [value], []
    for _ in range(4):
        level = [part for part in gc.get_referents(*level) if not isinstance(part, type)]
        found += level
    return found
