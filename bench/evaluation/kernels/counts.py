"""Count how often each item was chosen, compiled by numba."""

from typing import Any

from numba.core.types import Array, int32, int64, void

from bench.compilation import kernel


@kernel(void(Array(int32, 1, "C", readonly=True), int64[::1]))
def tally(ids: Any, counts: Any) -> None:
    """Add to counts [E] how often each of the ids occurs."""
    for i in range(len(ids)):
        counts[ids[i]] += 1
