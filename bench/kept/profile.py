"""Item vectors of any model, from its scores alone.

Two items are alike where the same users get high scores for both. The scores of some users, made
comparable between users, are a matrix [users, items]; its singular value decomposition gives each
item a short vector with, as near as so many numbers allow, the same dot products as its column.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from bench.adapter import Adapter
from bench.evaluation.evaluate import batches
from bench.evaluation.scores import checked, not_finite
from bench.interactions import Floats, Ids, Interactions, occurrences
from bench.protocol.negatives import keys_of_ids

STREAM = "profile"  # other draws than those of the protocols
NOTHING = 1e-10  # share of variance between users below which all of them get the same

# Shapes: u users that are asked, I items, d numbers in a vector.


def profile(
    adapter: Adapter, train: Interactions, width: int = 64, users: int = 2000
) -> Floats | None:
    """Vectors of all items, of which alike ones have a high cosine: float32 [I, d], d <= width.

    Each user's scores are centred and divided by their standard deviation, then each item's are
    centred. The first number of a vector tells most, as in a principal component analysis. The
    same model gives the same vectors on every machine, to rounding: users are drawn by a hash of
    their ids, and of each number the sign is such that the largest is positive.

    Args:
        adapter: a fitted model.
        train: what it was fitted to.
        width: numbers in a vector, if there are as many that say anything.
        users: how many users with an item in train are asked at most.

    Returns:
        None where everybody gets the same scores, but for scale: they tell nothing of items.

    Raises:
        BadScores: scores are not as agreed.
    """
    scores = _standardised(adapter, train, _asked(train, users))
    variance = float(np.square(scores).sum())
    scores -= scores.mean(axis=0, keepdims=True)
    if not float(np.square(scores).sum()) > NOTHING * variance:
        return None
    return _signed(_reduced(scores, width)).astype(np.float32)


def _asked(train: Interactions, count: int) -> Ids:
    """At most so many of the users who have an item in train. [u], ascending"""
    known = np.flatnonzero(occurrences(train.users, train.n_users)).astype(np.int32)
    keys = keys_of_ids(train.user_ids[known].tolist(), STREAM)
    return np.sort(known[np.argsort(keys, kind="stable")[:count]])


def _standardised(adapter: Adapter, train: Interactions, users: Ids) -> NDArray[np.float64]:
    """Scores of mean 0 and variance 1 for each user; 0 where all of a user's are equal. [u, I]"""
    found = np.empty((len(users), train.n_items))
    for rows in batches(len(users), train.n_items):
        given = adapter.scores(users[rows].copy())
        scores = checked("scores", given, (rows.stop - rows.start, train.n_items))
        if not np.isfinite(scores).all():
            raise not_finite("scores", scores, train, users[rows])
        found[rows] = scores
    found -= found.mean(axis=1, keepdims=True)
    deviation = found.std(axis=1, keepdims=True)
    found /= np.where(deviation > 0, deviation, np.inf)
    return found


def _reduced(scores: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """V S of scores = U S V', the first columns. [u, I] -> [I, d]

    By the eigenvectors of the smaller of the two products, which is never larger than the users
    that are asked.
    """
    by_user = scores.shape[0] <= scores.shape[1]
    gram = scores @ scores.T if by_user else scores.T @ scores
    size = len(gram)
    values, vectors = eigh(gram, subset_by_index=(max(0, size - width), size - 1))
    values, vectors = values[::-1], vectors[:, ::-1]
    says = values > NOTHING * values[0]
    values, vectors = values[says], vectors[:, says]
    reduced: NDArray[np.float64] = scores.T @ vectors if by_user else vectors * np.sqrt(values)
    return reduced


def _signed(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each column with the sign by which its largest number is positive. [I, d] -> the same"""
    largest = np.abs(vectors).argmax(axis=0)
    vectors *= np.where(vectors[largest, np.arange(vectors.shape[1])] < 0, -1.0, 1.0)
    return vectors
