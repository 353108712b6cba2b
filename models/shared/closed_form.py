"""EASE's closed form: the weights by which each item is made from all others (Steck, WWW 2019)."""

from typing import Any

import numpy as np
from scipy import linalg

from bench.interactions import Floats

BLOCK_BYTES = 32 << 20  # of rows that are worked on at a time

# Shapes: R rows, I items.


def products(rows: Any) -> Floats:
    """X'X of a matrix X: CSR float32 [R, I] -> [I, I]."""
    n_items = rows.shape[1]
    by_item = rows.T.tocsr()  # [I, R]
    gram = np.empty((n_items, n_items), dtype=np.float32)
    for block in _blocks(n_items):
        gram[block] = (by_item[block] @ rows).toarray()
    return gram


def weights_without_self(gram: Floats, l2: float) -> Floats:
    """B = I - P / diag(P) with P = (gram + l2 I)^-1 (equation 8): [I, I] -> [I, I].

    It is made in the memory of the gram matrix, each step in that of the one before.
    """
    n_items = len(gram)
    gram[np.diag_indices_from(gram)] += l2
    # Symmetric positive definite, so Cholesky: half the work of a general inverse. LAPACK wants
    # matrices by column, as the transpose of this one, which is the same, has it.
    factor, _ = linalg.cho_factor(gram.T, lower=True, overwrite_a=True, check_finite=False)
    precision, _ = linalg.lapack.spotri(factor, lower=True, overwrite_c=True)  # [I, I], half
    for rows in _blocks(n_items):
        beyond = slice(rows.stop, n_items)
        precision[rows, beyond] = precision[beyond, rows].T
        square = precision[rows, rows]
        precision[rows, rows] = np.tril(square) + np.tril(square, -1).T
    weights = precision.T  # [I, I], by row
    diagonal = np.diag(precision).copy()  # [I]
    np.divide(weights, -diagonal, out=weights)
    np.fill_diagonal(weights, 0.0)
    return weights


def _blocks(n_items: int) -> list[slice]:
    """Rows 0..n-1, so many at a time that they take BLOCK_BYTES."""
    size = max(1, BLOCK_BYTES // (4 * max(1, n_items)))
    return [slice(start, min(start + size, n_items)) for start in range(0, n_items, size)]
