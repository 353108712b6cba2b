"""How a library is measured, ours as any other: files in, clocks and memory, files out.

The sides import nothing of each other, and run in environments of their own. They share a folder:

    task.npz            train, the test users with their held-out items, and features
    JOB/job.json        what to measure
    JOB/result.json     what was measured, and
    JOB/scores.npy      the scores that the accuracy is computed from, in one place for all sides
"""

import json
import math
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, Protocol

import numpy as np

# A fit that is over sooner is repeated, and its median counts.
REPEATED_SECONDS = 3.0
MOST_REPEATS = 7

Task = dict[str, np.ndarray]

# Shapes: n interactions in train, m test users.


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be measured."""

    model: str  # as we call it
    params: dict[str, Any]  # as our model takes them, complete
    samples_per_batch: int | None  # negatives included; None where a model has no batches
    seed: int
    threads: int
    brief: bool  # nobody will ask for the accuracy, or for a sampled evaluation
    folder: Path  # for files of the side's own; its parent holds the task


class Side(Protocol):
    """A library's model. What __init__ does is not timed, as reading the data."""

    library: str  # as the package index calls it
    name: str  # what the library calls the model, and what was switched off in it
    starts_over: bool  # whether fit can be called again, and then forgets what it knew

    def fit(self) -> int:
        """Train; returns the samples processed, negatives included."""

    def evaluations(self) -> dict[str, Callable[[], object]]:
        """The library's own of all test users: "full", then "sampled"; or "both" at once."""

    def scores(self) -> tuple[float, np.ndarray]:
        """Seconds to score all items for each test user, and the scores, float32 [m, n_items]."""


def main(side_of: Callable[[Job, Task], Side]) -> None:
    """Measure what the folder on the command line asks for."""
    folder = Path(sys.argv.pop())  # RecBole would take it for one of its own arguments
    job = Job(**json.loads((folder / "job.json").read_text()), folder=folder)
    with np.load(folder.parent / "task.npz") as task:
        side = side_of(job, dict(task))
    result, scores = measure(side)
    np.save(folder / "scores.npy", scores)
    (folder / "result.json").write_text(json.dumps(result))


def measure(side: Side) -> tuple[dict[str, Any], np.ndarray]:
    """Train, evaluate and score, each by a clock of its own; the figures, and the scores."""
    total, level = restart_peak()
    fits = [clocked(side.fit)]
    samples = fits[0][2]
    figures, peaks = {}, []
    for kind, evaluation in side.evaluations().items():
        figures[f"{kind}_evaluation_seconds"], _ = timed(evaluation)
        peaks.append(memory_mb("VmHWM"))
    figures["score_seconds"], scores = side.scores()
    while (
        side.starts_over
        and sum(seconds for seconds, _, _ in fits) < REPEATED_SECONDS
        and len(fits) < MOST_REPEATS
    ):
        fits.append(clocked(side.fit))
    cpu_seconds = median(cpu for _, cpu, _ in fits)
    figures |= {
        "train_seconds": median(seconds for seconds, _, _ in fits),
        "train_cpu_seconds": cpu_seconds,
        "train_samples": samples,
        "samples_per_second": samples / cpu_seconds,
        # Of training and the first evaluation, which ranks all items.
        "peak_memory_mb": peaks[0] - level,
        "total_memory_mb": max(total, peaks[0]),
    }
    version = metadata.version(side.library)
    return {"name": side.name, "version": version, "figures": figures}, scores


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """The seconds that an action takes, and what it returns."""
    started = perf_counter()
    found = action()
    return perf_counter() - started, found


def clocked(action: Callable[[], Any]) -> tuple[float, float, Any]:
    """The same, with the CPU seconds of all threads between the two."""
    started = process_time()
    seconds, found = timed(action)
    return seconds, process_time() - started, found


def restart_peak() -> tuple[float, float]:
    """Start the peak of memory again; the peak so far, and the present level, in MB."""
    total = memory_mb("VmHWM")
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return total, memory_mb("VmRSS")


def memory_mb(kind: str) -> float:
    """Resident memory of this process: VmRSS, now, or VmHWM, the most since the last restart.

    Linux tells it; elsewhere it is NaN.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return math.nan
    return int(status.partition(f"{kind}:")[2].split()[0]) / 1024
