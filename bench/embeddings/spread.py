"""The shape of a cloud of item vectors: how many directions it uses, and what its lengths say."""

import numpy as np

from bench.embeddings.similarity import unit
from bench.evaluation.metrics import Counts, Values
from bench.interactions import Floats

SAME = 1e-6  # of the largest length: what rounding to 32 bits makes of equal ones


def width_used(vectors: Floats) -> float:
    """How many directions the vectors use: exp of the entropy of the variance along each.

    The effective rank of Roy & Vetterli (2007, The effective rank, EUSIPCO), of centred vectors,
    and of the squares of the singular values, which are variances. It is 1 where all vectors lie
    on a line, and the width where they are spread alike in all directions; a low one beside the
    width is the anisotropy that Mu & Viswanath (2018, All-but-the-top) found in word vectors.

    Args:
        vectors: [n, d].
    """
    wide = vectors.astype(np.float64)
    variances = np.linalg.svd(wide - wide.mean(axis=0), compute_uv=False) ** 2
    if variances.sum() == 0:
        return 0.0
    shares = variances / variances.sum()
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def mean_cosine(vectors: Floats) -> float:
    """The mean cosine over all pairs of two vectors, not centred: 0 where no direction leads.

    The anisotropy of Ethayarajh (2019, arXiv 1909.00512), section 4.1.

    Args:
        vectors: [n, d]; rows of zeros have no direction and do not count.
    """
    directions = unit(vectors.astype(np.float64))
    directions = directions[np.linalg.norm(directions, axis=1) > 0]
    n = len(directions)
    if n < 2:
        return float("nan")
    return float((np.square(directions.sum(axis=0)).sum() - n) / (n * (n - 1)))


def length_and_popularity(vectors: Floats, users: Counts) -> float:
    """Pearson's correlation of the length of vectors with the logarithm of users. [n, d], [n]

    High where the dot product of two items says mostly that one of them is popular. NaN where all
    lengths are equal, or all items equally popular.
    """
    lengths: Values = np.linalg.norm(vectors.astype(np.float64), axis=1)
    logarithms = np.log(users)
    if np.ptp(lengths) <= SAME * lengths.max(initial=0.0) or np.ptp(logarithms) == 0:
        return float("nan")
    return float(np.corrcoef(lengths, logarithms)[0, 1])
