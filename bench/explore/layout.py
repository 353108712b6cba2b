"""A place in the plane for each item, alike ones close together; and genres to colour by."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from bench.interactions import Floats

NEIGHBOURS = 10
PERPLEXITY = 30.0  # scikit-learn's default
MOST_COLOURS = 6  # that can be told apart
BLOCK = 1000  # rows of a product at a time


def places(vectors: Floats) -> NDArray[np.float64]:
    """Places of items by t-SNE (van der Maaten & Hinton 2008), between 0 and 1: [m, d] -> [m, 2].

    The distances are those of vectors of length 1, so they follow the cosine. The same vectors get
    the same places on one machine: the start is a principal component analysis, on one thread.
    """
    found = np.full((len(vectors), 2), 0.5)
    if len(vectors) > 2:
        wide = np.pad(vectors, ((0, 0), (0, max(0, 2 - vectors.shape[1]))))
        perplexity = min(PERPLEXITY, (len(wide) - 1) / 3)
        with threadpool_limits(1):
            found = TSNE(init="pca", perplexity=perplexity, random_state=0).fit_transform(wide)
    low, high = found.min(axis=0, initial=np.inf), found.max(axis=0, initial=-np.inf)
    scaled: NDArray[np.float64] = (found - low) / np.where(high > low, high - low, 1.0)
    return scaled


def nearest(vectors: Floats, count: int = NEIGHBOURS) -> NDArray[np.intp]:
    """The items with the largest dot products, without the item itself: [m, d] -> [m, count]."""
    count = max(0, min(count, len(vectors) - 1))
    found = np.empty((len(vectors), count), dtype=np.intp)
    for start in range(0, len(vectors), BLOCK):
        products = vectors[start : start + BLOCK] @ vectors.T
        rows = np.arange(len(products))
        products[rows, start + rows] = -np.inf
        found[start : start + BLOCK] = np.argsort(-products, axis=1, kind="stable")[:, :count]
    return found


def legible(genres: Sequence[Sequence[str]], neighbours: NDArray[np.intp]) -> list[str]:
    """The few genres that a map of these items can show: frequent ones whose items stand together.

    Ordered by how many more neighbours of the same genre their items have than chance would give.

    Args:
        genres: of each of the m items.
        neighbours: of each: [m, count].
    """
    names = sorted({genre for each in genres for genre in each})
    has = np.array([[name in each for name in names] for each in genres], dtype=np.float64)
    if not names or not neighbours.size:
        return []
    around = has[neighbours].mean(axis=1)  # [m, genres], share of an item's neighbours
    excess = (has * (around - has.mean(axis=0))).sum(axis=0)
    order = [at for at in np.argsort(-excess, kind="stable") if excess[at] > 0]
    return [names[at] for at in order[:MOST_COLOURS]]
