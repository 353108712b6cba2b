"""Threads, precision and devices of torch."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits

# On these kinds of device what numba compiles is used, elsewhere plain torch.
COMPILED = {"cpu"}


def compiled(tensor: torch.Tensor) -> bool:
    """Whether compiled functions take this tensor."""
    return tensor.device.type in COMPILED


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch and BLAS use so many threads, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpool_limits(count, "blas"):
            yield
    finally:
        torch.set_num_threads(before)


def mixed_precision(device: str, wanted: bool) -> torch.autocast:
    """A context that computes in bfloat16 where that is safe, if wanted.

    It has the range of float32, so that a loss needs no scaling.

    Raises:
        ValueError: it is wanted without a GPU, where it would be slower.
    """
    kind = torch.device(device).type
    if wanted and kind == "cpu":
        raise ValueError("mixed_precision is for a GPU (--device cuda), not for the CPU")
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=wanted)
