"""All that numba compiles for ranking; here is what whole rows need, and tiles.py is for tiles."""

from bench.evaluation.kernels.counts import tally
from bench.evaluation.kernels.rows import rank

__all__ = ["rank", "tally"]
