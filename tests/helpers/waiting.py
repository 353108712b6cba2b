"""A model that waits where it is told, a run of it on a cluster, and what waits for a condition."""

import time
from collections.abc import Callable
from pathlib import Path

from clusters import HEAD
from command import PATIENCE

WAITING = '''"""Waits where it is told, and then is popularity with noise."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.adapter import Adapter


@dataclass(kw_only=True)
class Waiting(Adapter):
    folder: str = ""

    def fit(self, train, run):
        folder = Path(self.folder)
        (folder / f"began {run.seed} {time.monotonic_ns()}").write_text(
            os.environ["BENCH_JOB"]
        )
        while run.seed and not (folder / "go on").exists():
            time.sleep(0.01)
        self._scores = np.random.default_rng(run.seed).random(train.n_items, dtype=np.float32)

    def scores(self, users):
        return np.tile(self._scores, (len(users), 1))
'''
RUN = ("run", "--suite", "quick", "--track", "off", "--cluster", HEAD)


def words_of_waiting(folder: Path) -> list[str]:
    """The words of a run of it with three seeds; the nodes get its file from the driver.

    Where a cell began there is a file `began SEED TIME` with the folder of its job; those of other
    seeds than 0 go on when there is a file `go on`.
    """
    (folder / "waiting.py").write_text(WAITING)
    words = [*RUN, "--model-path", str(folder / "waiting.py"), "--models", "waiting"]
    words += ["--set", f"waiting.folder={folder}", "--results", str(folder / "results")]
    return [*words, "--seeds", "0,1,2"]


def until(condition: Callable[[], object]) -> None:
    """Wait for it, however slow the machine is."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
