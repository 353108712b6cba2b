"""Compilation by numba, on import and thus outside any training clock.

What is compiled is kept on disk. numba notices when the file of a kernel changes, but not when
what it calls from another file does: so all is kept in a folder that the text of every file of
kernels names.
"""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import platformdirs
from numba import config, njit

# Sums may be taken in any order, and fused with multiplications, as vector instructions need. The
# order is fixed when a kernel is compiled. NaN and infinity keep their meaning.
FAST = {"reassoc", "contract", "nsz"}
OPTIONS: dict[str, Any] = {"fastmath": FAST, "error_model": "numpy"}
KERNELS = ("bench/*_kernels.py", "models/*_kernels.py", "bench/compilation.py")

settings: Any = config
Function = Callable[..., Any]

# A part of kernels, compiled along with each of them.
part = njit(**OPTIONS)


def kernel(signature: Any) -> Callable[[Function], Function]:
    """Compile for these types, and keep it on disk.

    Where nothing can be written on disk, it is compiled in each process, which takes seconds.
    """

    def compiled(function: Function) -> Function:
        try:
            made: Function = njit(signature, cache=True, nogil=True, **OPTIONS)(function)
        except RuntimeError:  # no folder to write to
            made = njit(signature, nogil=True, **OPTIONS)(function)
        return made

    return compiled


def folder(root: Path) -> Path:
    """Where to keep what is compiled of the files of kernels below root, as they are now."""
    digest = sha256()
    for path in sorted(path for pattern in KERNELS for path in root.glob(pattern)):
        digest.update(path.read_bytes())
    bench = root / "bench"
    writable = os.access(bench, os.W_OK)
    beside = bench / "__pycache__" if writable else platformdirs.user_cache_path("bench")
    return beside / "kernels" / digest.hexdigest()[:16]


if not settings.CACHE_DIR:  # NUMBA_CACHE_DIR, if the user wants it elsewhere
    settings.CACHE_DIR = str(folder(Path(__file__).resolve().parent.parent))
