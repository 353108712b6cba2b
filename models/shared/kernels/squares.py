"""Sums of least squares over observed pairs, compiled for the CPU."""

import numpy as np
from numba.core.types import float32, float64, int32, int64

from bench.compilation import kernel

# Shapes: R rows, C columns of a matrix of observed pairs, D factors.

_pairs = (int64[::1], int32[::1], float32[:, ::1])


@kernel(float64(*_pairs, float32[:, ::1], float32, float32[:, ::1]), counted=False)
def add_observed(starts, columns, fixed, vectors, wanted, products):
    """Add X'(X v - wanted) to the products [R, D] of each row's vector v [D].

    Args:
        starts: [R + 1], where the columns of each row start.
        columns: of the observed pairs; X are the fixed vectors of a row's columns.
        fixed: [C, D].
        vectors: [R, D].
        wanted: of all scores X v.

    Returns:
        The sum of all scores.
    """
    total = 0.0
    for row in range(len(vectors)):
        vector, product = vectors[row], products[row]
        for k in range(starts[row], starts[row + 1]):
            own = fixed[columns[k]]
            score = np.float32(0)
            for d in range(len(own)):
                score += own[d] * vector[d]
            total += float(score)
            missed = score - wanted
            for d in range(len(own)):
                product[d] += missed * own[d]
    return total
