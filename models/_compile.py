"""Compilation by numba, on import and thus outside any training clock.

numba keeps what it compiled on disk until the file of a kernel changes. It does not notice a change
in another file: what a kernel calls stands in the file of the kernel.
"""

from collections.abc import Callable
from typing import Any

from numba import njit

# Sums may be taken in any order, and fused with multiplications, as vector instructions need. The
# order is fixed when a kernel is compiled. NaN and infinity keep their meaning.
FAST = {"reassoc", "contract", "nsz"}
OPTIONS = {"fastmath": FAST, "error_model": "numpy"}

Function = Callable[..., Any]

# A part of kernels, compiled along with each of them.
part = njit(**OPTIONS)


def kernel(signature: Any) -> Callable[[Function], Function]:
    """Compile for these types, and keep it on disk.

    Where nothing can be written on disk, it is compiled in each process, which takes seconds.
    """

    def compiled(function: Function) -> Function:
        try:
            return njit(signature, cache=True, nogil=True, **OPTIONS)(function)
        except RuntimeError:  # neither beside the kernel's file nor in the user's cache folder
            return njit(signature, nogil=True, **OPTIONS)(function)

    return compiled
