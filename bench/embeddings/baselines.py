"""Item spaces that no model was trained for, beside which those of models are read."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer

from bench.embeddings.similarity import unit
from bench.interactions import Floats, Interactions

RANDOM_WIDTH = 64
TITLE_WEIGHT = 0.7  # of the words of a title beside the genres, as the model `content` has it


def random_vectors(count: int, seed: int) -> Floats:
    """Vectors that know nothing: standard normal numbers. [count, 64]"""
    drawn = np.random.default_rng(seed).standard_normal((count, RANDOM_WIDTH))
    return drawn.astype(np.float32)


def co_occurrence(train: Interactions) -> Any:
    """Who chose an item, at unit length: dot products are the cosine of the sets of users.

    Item-based collaborative filtering as it began (Sarwar et al. 2001, WWW, section 3.1.1).
    [n_items, n_users], sparse
    """
    return unit(sp.csr_array(train.matrix().T.astype(np.float64)))


def content_words(titles: Sequence[str], genres: Sequence[Sequence[str]]) -> Any | None:
    """Genres and the words of the title, each by tf-idf, at unit length. [n_items, words], sparse

    A word counts in two titles or more, and English stop words do not. None where neither is known.
    """
    blocks = []
    for texts, weight, options in (
        (genres, 1.0, {"analyzer": list}),
        (titles, TITLE_WEIGHT, {"stop_words": "english", "min_df": 2}),
    ):
        try:
            blocks.append(weight * TfidfVectorizer(**options).fit_transform(texts))
        except ValueError:  # no word is left
            continue
    return unit(sp.csr_array(sp.hstack(blocks))) if blocks else None
