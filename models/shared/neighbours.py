"""Similarities between the rows of a sparse matrix, and the nearest rows of each.

Measures and weights are those of Ferrari Dacrema, Boglio, Cremonesi & Jannach, "A troubling
analysis of reproducibility and progress in recommender systems research", ACM TOIS 39(2), 2021.
"""

from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
import scipy.sparse as sp

Measure = Literal["cosine", "asymmetric", "jaccard"]
Weights = Literal["ones", "tf-idf", "bm25"]

# Of so many numbers a block of the similarity matrix consists at most, zeros included.
ROWS_AT_ONCE, NUMBERS_AT_ONCE = 1024, 1 << 22

# Shapes: R rows, C columns, b rows of a block.


def nearest(
    rows: Any, k: int, shrinkage: float = 0.0, measure: Measure = "cosine", alpha: float = 0.5
) -> Any:
    """The similarity of each row x to the k other rows y that are most similar to it.

        cosine      x'y / (|x| |y| + shrinkage)
        asymmetric  x'y / (|x|^(2 alpha) |y|^(2 (1 - alpha)) + shrinkage)   (Aiolli, RecSys 2013)
        jaccard     x'y / (|x|^2 + |y|^2 - x'y + shrinkage)                 (Tanimoto's coefficient)

    Args:
        rows: CSR float32 [R, C]; the numbers of a column have one sign.

    Returns:
        CSR float32 [R, R]: at most k numbers above 0 in each row, and nothing on the diagonal.

    Raises:
        ValueError: there is no such measure, or k is below 1.
    """
    if measure not in get_args(Measure):
        raise ValueError(f"measure must be one of {', '.join(get_args(Measure))}, not {measure!r}")
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    n = rows.shape[0]
    squares = np.asarray(rows.multiply(rows).sum(axis=1)).ravel()  # [R]
    of_first, of_second = squares**alpha, squares ** (1 - alpha)
    if measure == "cosine":
        of_first = of_second = np.sqrt(squares)
    columns = rows.T.tocsr()  # [C, R]
    at_once = max(1, min(ROWS_AT_ONCE, NUMBERS_AT_ONCE // max(1, n)))
    blocks = []
    for start in range(0, n, at_once):
        block = (rows[start : start + at_once] @ columns).tocsr()  # [b, R], zeros left out
        first = start + np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))  # [numbers]
        second = block.indices  # [numbers]
        if measure == "jaccard":
            both = squares[first] + squares[second] - block.data
        else:
            both = of_first[first] * of_second[second]
        # A row without any number is similar to nothing, whatever the measure.
        block.data /= np.maximum(both + shrinkage, 1e-12)
        block.data[first == second] = 0.0
        block.eliminate_zeros()
        blocks.append(largest(block, k))
    return sp.vstack(blocks, format="csr")


def largest(block: Any, k: int) -> Any:
    """The k largest of each row, all above 0. CSR [b, R] -> the same"""
    kept = np.ones(block.nnz, dtype=bool)
    for first, beyond in pairwise(block.indptr):
        if beyond - first <= k:
            continue
        values = block.data[first:beyond]
        edge = np.partition(values, -k)[-k]
        kept[first:beyond] = values >= edge
        if kept[first:beyond].sum() > k:  # several are equal: taken as among all R
            whole = np.zeros(block.shape[1], dtype=values.dtype)
            whole[block.indices[first:beyond]] = values
            taken = np.argpartition(whole, -k)[-k:]
            kept[first:beyond] = np.isin(block.indices[first:beyond], taken)
    block.data[~kept] = 0.0
    block.eliminate_zeros()
    block.sort_indices()
    return block


def weighted(rows: Any, weights: Weights) -> Any:
    """Weigh a matrix of ones: rows are documents, columns are words. CSR float32 [R, C] -> the same

    Raises:
        ValueError: there are no such weights.
    """
    if weights not in get_args(Weights):
        raise ValueError(f"weights must be one of {', '.join(get_args(Weights))}, not {weights!r}")
    if weights == "ones":
        return rows
    return bm25(rows) if weights == "bm25" else tf_idf(rows)


def rarity(columns: Any, shape: tuple[int, int]) -> Any:
    """The logarithm of how rare each column is among the rows. [C]"""
    return np.log(shape[0] / (1 + np.bincount(columns, minlength=shape[1])))


def tf_idf(rows: Any) -> Any:
    """Terms' frequency x inverse document frequency: a one becomes how rare its column is."""
    result = rows.tocoo().astype(np.float32)
    rare = rarity(result.col, result.shape)  # [C]
    result.data = (np.sqrt(result.data) * rare[result.col]).astype(np.float32)
    return result.tocsr()


def bm25(rows: Any, k1: float = 1.2, b: float = 0.75) -> Any:
    """Okapi BM25 (Robertson & Zaragoza 2009).

    With items as rows: a user with many items says less of each; an item with many users counts
    for less.
    """
    result = rows.tocoo().astype(np.float32)
    rare = rarity(result.col, result.shape)  # [C]
    sizes = np.bincount(result.row, minlength=result.shape[0])  # [R]
    norm = 1 - b + b * sizes / max(sizes.mean(), 1e-12)
    result.data = result.data * (k1 + 1) / (k1 * norm[result.row] + result.data)
    result.data = (result.data * rare[result.col]).astype(np.float32)
    return result.tocsr()
