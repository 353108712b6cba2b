"""In the child process: compilation is a phase of its own, on a clock of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Protocol

from bench.isolation.worker import Parent

LOADING, COMPILING = "loading", "compiling"  # phases


class Watch(Protocol):
    """See `bench.compilation.Watch`."""

    seconds: float


@contextmanager
def compilation_told(parent: Parent) -> Iterator[Watch]:
    """A watch on what is compiled in the block, which the run hears of, and which has no limit.

    Kernels are compiled when what has them is imported, and kept on the disk; so this takes time
    once.
    """

    def hear(begins: bool) -> None:
        parent.count_time(not begins)
        parent.tell("phase", COMPILING if begins else LOADING)

    # Numba: the run, which imports this file too, never loads it.
    with import_module("bench.compilation").watched(hear) as watch:
        yield watch
