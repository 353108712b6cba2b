"""Compilation by numba, on import and thus outside any training clock.

What is compiled is kept on disk. numba notices when the file of a kernel changes, but not when
what it calls from another file does: so it is kept in a folder that is named by the text of all
files that it may call, those of its folder `kernels` or its own, `kernels.py`.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

import platformdirs
from numba import config, njit
from numba.core import event
from numba.core.registry import cpu_target

# Sums may be taken in any order, and fused with multiplications, as vector instructions need. The
# order is fixed when a kernel is compiled. NaN and infinity keep their meaning.
FAST = {"reassoc", "contract", "nsz"}
# No way in from C is compiled: nothing calls one.
OPTIONS: dict[str, Any] = {"fastmath": FAST, "error_model": "numpy", "no_cfunc_wrapper": True}
UNCOUNTED = OPTIONS | {"_nrt": False}  # without numba's run time, which counts references
JOB = "BENCH_JOB"  # the variable that has a folder in that of the run, see bench.isolation.marks
settings: Any = config
events: Any = event
Function = Callable[..., Any]

# Extensions of CPUs by which sums are taken in another order.
VECTORS = ("sse", "avx", "fma", "amx", "neon", "asimd", "sve", "dotprod", "fullfp16")

# A part of kernels, compiled along with each of them.
part: Callable[[Function], Function] = njit(**OPTIONS)

# The same, for parts that neither make nor return an array: references to arrays are not counted.
# To count one, atomically, whenever a row is looked at takes longer than to add up 32 numbers. What
# it made would never be freed, what it returned freed too early: a test looks for both.
uncounted: Callable[[Function], Function] = njit(**UNCOUNTED)


def kernel(signature: Any, *, counted: bool = True) -> Callable[[Function], Function]:
    """Compile for these types, and keep it on disk.

    Where nothing can be written on disk, it is compiled in each process, which takes seconds.

    Args:
        signature: types of what it takes and returns.
        counted: whether it counts references to arrays: see `uncounted`.
    """
    options = OPTIONS if counted else UNCOUNTED

    def compiled(function: Function) -> Function:
        before = settings.CACHE_DIR  # where numba keeps all that it compiles
        settings.CACHE_DIR = str(folder(Path(function.__code__.co_filename)))
        try:
            made: Function = njit(signature, cache=True, nogil=True, **options)(function)
        except RuntimeError:  # no folder to write to
            made = njit(signature, nogil=True, **options)(function)
        finally:
            settings.CACHE_DIR = before
        return made

    return compiled


@cache
def folder(source: Path) -> Path:
    """Where to keep what is compiled of a file of kernels, as it and those it may call are now.

    These are all files of a folder called kernels, and otherwise the file alone. It is a folder of
    its own in NUMBA_CACHE_DIR, or beside the file, or, where nothing can be written there, in the
    user's cache, or in the folder of this run.
    """
    beside = source.parent
    digest = sha256(Path(__file__).read_bytes())
    for path in sorted(beside.glob("*.py")) if beside.name == "kernels" else [source]:
        digest.update(path.read_bytes())
    if settings.CACHE_DIR:
        kept = Path(settings.CACHE_DIR)
    elif os.access(beside, os.W_OK):
        kept = beside / "__pycache__"
    else:
        kept = platformdirs.user_cache_path("bench")
        job = os.environ.get(JOB)
        if job and not _can_be_written(kept):
            kept = Path(job).parent
    return kept / f"kernels-{digest.hexdigest()[:16]}"


def instruction_set() -> str:
    """What kernels are compiled for here: a name of a CPU, and its vector extensions.

    Sums are taken in an order that depends on it. NUMBA_CPU_NAME and NUMBA_CPU_FEATURES change it.
    """
    _, name, features = cpu_target.target_context.codegen().magic_tuple()
    present = {each[1:] for each in features.split(",") if each.startswith("+")}
    return " ".join([name, *sorted(each for each in present if each.startswith(VECTORS))])


def _can_be_written(path: Path) -> bool:
    """Whether something can be put into a folder, or into the one where it would be made."""
    there = next(each for each in (path, *path.parents) if each.exists())
    return os.access(there, os.W_OK)


class Watch(event.Listener):
    """Takes the time of compilation, and hears when some begins and ends."""

    def __init__(self, hear: Callable[[bool], None]) -> None:
        self.seconds = 0.0  # on the wall, of all that was compiled so far
        self._hear = hear
        self._depth = 0  # a kernel has parts compiled, and those have theirs
        self._began = 0.0

    def on_start(self, event: Any) -> None:
        """Something is compiled that is not on the disk."""
        self._depth += 1
        if self._depth == 1:
            self._began = perf_counter()
            self._hear(True)

    def on_end(self, event: Any) -> None:
        """It is compiled."""
        self._depth -= 1
        if not self._depth:
            self.seconds += perf_counter() - self._began
            self._hear(False)


@contextmanager
def watched(hear: Callable[[bool], None]) -> Iterator[Watch]:
    """A watch on all that numba compiles in the block; what is kept on the disk is none of it.

    Args:
        hear: called with True when compilation begins, with False when it ends.
    """
    watch = Watch(hear)
    events.register("numba:compile", watch)
    try:
        yield watch
    finally:
        events.unregister("numba:compile", watch)
