"""Items by what is known of them: one row of numbers each, of tags, numbers, categories and words.

Content-based models learn from these rows, so that an item needs no interactions to be scored.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy import linalg
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer

from bench.interactions import Features, Floats

WEIGHT = 0.7  # of a number, a category or a text; the tags of an item have length 1
BINS = 19  # of a number, each with as many items, as far as equal numbers allow
STEPS = np.linspace(0, 1, BINS + 1)[1:-1]  # between the bins, as shares of the items
IN_ITEMS = 2  # a word or a category of fewer items tells nothing of another one
MOST_COLUMNS = 8192  # those of most items are kept: a square matrix of them is 256 MB

# Shapes: I items, F columns.


def content(
    features: Features | None, n_items: int, text: bool = False, tag_sets: float = 0.0
) -> Any:
    """What is known of each item: CSR float32 [I, F]; zeros for an item of which nothing is known.

    - tags, as genres, by inverse document frequency, of length 1;
    - with `tag_sets`, all tags of an item together as one category, of that length;
    - each number as one of BINS bins, and each category, of length WEIGHT;
    - the words of each text, and of labels, by tf-idf, of length WEIGHT: those of two items or
      more that are no stop words, as scikit-learn's TfidfVectorizer has them;
    - with `text`, the vectors of texts by a language model.

    The columns are ordered by what they stand for, so that the numbers of items mean nothing.

    Raises:
        ValueError: with `text`, but without vectors; or tag_sets is below 0.
    """
    if not tag_sets >= 0:
        raise ValueError(f"tag_sets must be at least 0, not {tag_sets:g}")
    blocks = [sp.csc_matrix((n_items, 0), dtype=np.float32)]
    if text:
        if features is None or features.text_vectors is None:
            raise ValueError("text = true needs vectors of texts, which these data lack")
        blocks.append(sp.csc_matrix(features.text_vectors))
    if features is not None:
        blocks += [block.astype(np.float32) for block in _blocks(features, tag_sets)]
    rows = sp.hstack(blocks, format="csc")
    if rows.shape[1] > MOST_COLUMNS:
        frequent = np.argsort(-np.diff(rows.indptr), kind="stable")[:MOST_COLUMNS]
        rows = rows[:, np.sort(frequent)]
    return rows.tocsr()


def ridge(rows: Any, l2: float) -> NDArray[np.float64]:
    """(A'A + l2 I)^-1 for rows A: CSR [n, F] -> [F, F].

    Raises:
        ValueError: l2 is not above 0.
    """
    if not l2 > 0:
        raise ValueError(f"l2 of features must be above 0, not {l2:g}")
    gram = (rows.T @ rows).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += l2
    if not len(gram):
        return gram
    return np.asarray(linalg.inv(gram, assume_a="pos", check_finite=False))


def _blocks(features: Features, tag_sets: float) -> Iterator[Any]:
    if features.multi_hot.shape[1]:
        yield TfidfTransformer().fit_transform(sp.csr_matrix(features.multi_hot, dtype=np.float64))
        if tag_sets:
            sets, set_of = np.unique(features.multi_hot, axis=0, return_inverse=True)
            set_of = np.where(features.multi_hot.any(axis=1), set_of.ravel(), -1)
            yield tag_sets * _category(set_of, len(sets))
    for column in features.dense.T:
        yield WEIGHT * _one_hot(_bins(column), BINS)
    for column, size in zip(features.categorical.T, features.categorical_sizes, strict=True):
        yield WEIGHT * _category(column, size)
    texts = list(features.text)
    if features.labels is not None and features.labels not in texts:
        texts.append(features.labels)
    for text in texts:
        words = TfidfVectorizer(stop_words="english", min_df=IN_ITEMS, max_features=MOST_COLUMNS)
        with suppress(ValueError):  # no word is left, as where all texts are empty
            yield WEIGHT * words.fit_transform(text)


def _bins(column: Floats) -> NDArray[np.int64]:
    """The bin of each number, by quantiles; -1 where it is missing: [I] -> [I]."""
    known = np.isfinite(column)
    edges: Any = np.quantile(column[known], STEPS) if known.any() else []
    return np.where(known, np.searchsorted(edges, column, side="right"), -1)


def _category(column: NDArray[Any], size: int) -> Any:
    """One-hot of the categories that two items have, -1 for none: [I] -> CSR [I, size]."""
    counts = np.bincount(column[column >= 0], minlength=size)
    return _one_hot(np.where(counts[column] >= IN_ITEMS, column, -1), size)


def _one_hot(places: NDArray[Any], size: int) -> Any:
    """A one in the column of each item's place, and none where it is -1: [I] -> CSR [I, size]."""
    rows = np.flatnonzero(places >= 0)
    ones = np.ones(len(rows))
    return sp.csr_matrix((ones, (rows, places[rows])), shape=(len(places), size))
