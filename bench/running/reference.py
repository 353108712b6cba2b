"""The reference kernel: a fixed piece of work whose time tells how fast the machine is just now.

One part is bound by arithmetic, a matrix product whose blocks stay in the cache; the other by
memory, rows that a sparse matrix gathers at random from a table that is larger than the cache. Both
are what training is made of. A train time divided by the kernel's is in units that two machines, or
two moments of one, have in common. So neither the work nor the data may ever change.
"""

import os
from dataclasses import replace
from functools import cache
from time import perf_counter
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from bench.interactions import Floats
from bench.records.record import Record
from bench.records.timings import AFTER, BEFORE, derived

SIZE = 768  # of the square matrix in the product: 0.9 GFLOP
TABLE, WIDTH = 2**18, 64  # rows and columns of the table that rows are gathered from: 64 MB
SUMS, GATHERED = 2**13, 16  # sums of rows, and rows in each: 32 MB are read
DISTINCT = 2**12  # rows of the table, which repeats them: random numbers cost more than copies
ROUNDS = 40  # of both parts, that the time stands for: about 1 s on a core of 2.8 GHz
# So many are timed and scaled up, and all of them where that differs by over a quarter from the
# time before: two times then lie as near to each other as where all are timed each time.
FIRST_ROUNDS, UNLIKE = 10, 1.25
# Where it only matters that the kernel runs, as in tests, fewer rounds are timed and scaled up.
ROUNDS_VARIABLE = "BENCH_REFERENCE_ROUNDS"


class Kernel:
    """The data, all whole numbers so small that every sum of them is exact in float32."""

    def __init__(self) -> None:
        # RandomState's stream is frozen for good (NEP 19), that of newer generators is not.
        random = np.random.RandomState(0)
        self._matrix = random.randint(-2, 3, (SIZE, SIZE)).astype(np.float32)
        rows = random.randint(0, 8, (DISTINCT, WIDTH)).astype(np.float32)
        self._table = np.tile(rows, (TABLE // DISTINCT, 1))
        chosen = random.randint(0, TABLE, SUMS * GATHERED).astype(np.int32)
        first = np.arange(0, len(chosen) + 1, GATHERED, dtype=np.int32)
        ones = np.ones(len(chosen), dtype=np.float32)
        self._choice = sp.csr_matrix((ones, chosen, first), shape=(SUMS, TABLE))

    def product(self) -> Floats:
        """The matrix times itself: [SIZE, SIZE]."""
        return self._matrix @ self._matrix

    def gather(self) -> Floats:
        """Sums of rows at random places of the table: [SUMS, WIDTH]."""
        found: Floats = self._choice @ self._table
        return found

    def round(self) -> None:
        """Both parts once."""
        self.product()
        self.gather()


@cache
def kernel() -> Kernel:
    """The kernel, made once in a process; its first round starts BLAS and touches all memory."""
    made = Kernel()
    made.round()
    return made


def time_kernel(before: float | None = None) -> float:
    """Seconds that the kernel takes now, on one thread of this process.

    Args:
        before: what it took last time.
    """
    chosen = int(os.environ.get(ROUNDS_VARIABLE, 0))
    first, all_rounds = (chosen, chosen) if chosen > 0 else (FIRST_ROUNDS, ROUNDS)
    with threadpool_limits(1, user_api="blas"):
        work = kernel()
        seconds = _time(work, first)
        found = seconds * ROUNDS / first
        if before is None or max(found / before, before / found) <= UNLIKE or first == all_rounds:
            return found
        return (seconds + _time(work, all_rounds - first)) * ROUNDS / all_rounds


def _time(work: Kernel, rounds: int) -> float:
    started = perf_counter()
    for _ in range(rounds):
        work.round()
    return perf_counter() - started


class KernelTimes(NamedTuple):
    """Seconds that the kernel took before a cell and after it."""

    before: float
    after: float


class Clock:
    """The kernel beside the cells of a run: before the first, between two, and after the last."""

    def __init__(self) -> None:
        self._latest: float | None = None  # None when something else has run since

    def before(self) -> None:
        """Time the kernel before a cell, unless it was timed just now, after another."""
        if self._latest is None:
            self._latest = time_kernel()

    def after(self, *, ok: bool) -> KernelTimes | None:
        """Time the kernel after cells whose figures are on the disk, so that nothing is lost.

        Args:
            ok: they have figures, and were to be timed. Others need no clock; they may have run
                long, so that the time before them is of no more use.
        """
        before, self._latest = self._latest, None
        if before is None or not ok:
            return None
        self._latest = time_kernel(before)
        return KernelTimes(before, self._latest)


def with_kernel(found: Record, times: KernelTimes) -> Record:
    """A record that is ok, with what the kernel's times tell of its clock."""
    timings = found.timings | {BEFORE: times.before, AFTER: times.after}
    return replace(found, timings=timings | derived(timings, found.cell.device))
