"""The library's end of the bridge: it runs in the library's Python, and needs numpy alone.

It is a program, started by `bench.peers.bridge`, and nothing imports it. It hears orders, one JSON
line each, does them with the `Side` of the library's side.py, and answers in the same way. Scores
go through memory that both processes map.
"""

from __future__ import annotations  # an older Python may run this

import json
import mmap
import os
import random
import sys
import traceback
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np


class Data:
    """Who chose what; all that a library learns from."""

    def __init__(self, folder: str, n_users: int, n_items: int) -> None:
        self.users = np.load(f"{folder}/users.npy")  #: int32 [n], ordered by user, then time
        self.items = np.load(f"{folder}/items.npy")  #: int32 [n]
        self.n_users = n_users  #: numbers of users are 0 to n_users - 1
        self.n_items = n_items  #: of items likewise; of some there is no interaction

    def positions(self) -> Any:
        """The place of each interaction among its user's, from 0: what to give as a time, [n].

        Times themselves may be equal, and a library that sorts by them would change the order.
        """
        starts = np.searchsorted(self.users, np.arange(self.n_users))
        return np.arange(len(self.users)) - starts[self.users]

    def matrix(self) -> Any:
        """Ones where a user chose an item, scipy's CSR matrix of float32 [n_users, n_items]."""
        from scipy.sparse import csr_matrix  # the library's own; not each has one

        ones = np.ones(len(self.users), dtype=np.float32)
        return csr_matrix((ones, (self.users, self.items)), shape=(self.n_users, self.n_items))


class Host:
    """Does what it is told, until the other end is gone."""

    def __init__(self, orders: int, answers: int, memory: int) -> None:
        """Listen.

        Args:
            orders: file descriptor of the pipe that they come from.
            answers: of the pipe that they go to.
            memory: of the file that scores are written to.
        """
        self.orders, self.answers = os.fdopen(orders, "r"), os.fdopen(answers, "w")
        self.memory = memory
        self.map: mmap.mmap | None = None

    def serve(self) -> None:
        """Do every order; what goes wrong is an answer too."""
        while order := self.hear():
            try:
                answer = getattr(self, order.pop("do"))(**order) or {}
            except BaseException as error:  # also SystemExit: it is the library's
                answer = {"failed": told(error)}
            self.say(answer)

    def hear(self) -> dict[str, Any] | None:
        """The next order; None where there is no other end any more."""
        line = self.orders.readline()
        return json.loads(line) if line else None

    def say(self, answer: dict[str, Any]) -> None:
        """Answer, or tell of an epoch."""
        self.answers.write(json.dumps(answer) + "\n")
        self.answers.flush()

    def prepare(
        self,
        *,
        side: str,
        folder: str,
        n_users: int,
        n_items: int,
        model: str,
        settings: dict[str, Any],
        seed: int,
        threads: int,
        device: str,
    ) -> None:
        """Load the library and make the model, which has seen nothing yet."""
        random.seed(seed)
        np.random.seed(seed % 2**32)
        sys.path.append(str(Path(side).parent))
        spec = spec_from_file_location("side", side)
        assert spec is not None and spec.loader is not None
        module = sys.modules["side"] = module_from_spec(spec)
        spec.loader.exec_module(module)
        self.n_items = n_items
        given = {"device": device} if device != "cpu" else {}
        data = Data(folder, n_users, n_items)
        self.side = module.Side(model, settings, data, seed, threads, **given)

    def fit(self) -> None:
        """Train; after each epoch that the side tells of, scores may be asked for."""
        self.side.fit(self.epoch)

    def epoch(self, samples: int, loss: float | None = None) -> bool:
        """Tell of an epoch, as a side does that can; whether training should end."""
        self.say({"epoch": [int(samples), None if loss is None else float(loss)]})
        while order := self.hear():
            what = order.pop("do")
            if what == "go on":
                return bool(order["stop"])
            self.say(getattr(self, what)(**order) or {})
        sys.exit("nobody listens any more")

    def scores(self, *, users: list[int], size: int) -> None:
        """Put the scores of some users into the memory, which is of so many bytes now."""
        if self.map is None or len(self.map) != size:
            self.map = mmap.mmap(self.memory, size)
        given = np.asarray(self.side.scores(np.array(users, dtype=np.int32)))
        wanted = (len(users), self.n_items)
        if given.shape != wanted or given.dtype.kind not in "fiub":
            kind = f"{given.dtype} {list(given.shape)}"
            raise ValueError(f"scores() must return numbers {list(wanted)}, not {kind}")
        there = np.frombuffer(self.map, dtype=np.float32, count=given.size)
        with np.errstate(over="ignore"):
            there.reshape(wanted)[:] = given


def told(error: BaseException) -> dict[str, Any]:
    """What is said of an exception to the other end."""
    return {
        "kind": type(error).__name__,
        "message": str(error),
        "memory": isinstance(error, MemoryError),
        "traceback": traceback.format_exc(),
    }


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file: what stands there is no library
    Host(*map(int, sys.argv[1:])).serve()
