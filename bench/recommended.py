"""The recommended top-10 lists, and what they are like beyond accuracy."""

import numpy as np
from numpy.typing import NDArray

from bench.interactions import Floats, Ids, Interactions
from bench.ledger import Ledger
from bench.metrics import Standing
from bench.protocol import Cases


def top(scores: Floats, length: int) -> Ids:
    """The best items of each row, best first, [b, length]; -1 where only seen items are left."""
    best = np.argpartition(scores, -min(length, scores.shape[1]), axis=1)[:, -length:]
    theirs = np.take_along_axis(scores, best, axis=1)
    in_turn = np.argsort(-theirs, axis=1, kind="stable")
    best = np.take_along_axis(best, in_turn, axis=1).astype(np.int32)
    best[np.isneginf(np.take_along_axis(theirs, in_turn, axis=1))] = -1
    missing = length - best.shape[1]
    return np.pad(best, ((0, 0), (0, missing)), constant_values=-1)


def describe(
    train: Interactions, cases: Cases, sampled: Standing, full: Standing, recommended: Ids
) -> Ledger:
    """Add to the standings what the recommended lists are like, beyond accuracy."""
    counts = np.bincount(train.items, minlength=train.n_items)
    n_users = max(1, len(np.unique(train.users)))
    share = counts / n_users
    # An item that nobody has yet counts as if one user had it: its information is finite.
    information = -np.log2(np.maximum(counts, 1) / n_users)
    genres = train.item_features.multi_hot if train.item_features else None
    return Ledger(
        user_ids=train.user_ids[cases.users],
        item_ids=train.item_ids[cases.held_out],
        sampled=sampled,
        full=full,
        recommended=recommended,
        novelty=_list_means(information, recommended),
        popularity=_list_means(share, recommended),
        diversity=None
        if genres is None or not genres.shape[1]
        else intra_list_diversity(genres, recommended),
        n_items=train.n_items,
    )


def _list_means(values: NDArray[np.float64], recommended: Ids) -> Floats:
    exists = recommended >= 0
    total = np.where(exists, values[np.maximum(recommended, 0)], 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(exists.sum(axis=1), 1), dtype=np.float32)


def intra_list_diversity(genres: NDArray[np.bool_], recommended: Ids) -> Floats:
    """1 - mean cosine of the genres over all pairs of a list (Ziegler et al. 2005). [m]

    genres is [n_items, G]; an item without a genre has cosine 0 with every other.
    """
    lengths = np.sqrt(genres.sum(axis=1, dtype=np.float64))
    directions = genres / np.maximum(lengths, 1.0)[:, None]  # [n_items, G]
    exists = (recommended >= 0)[:, :, None]
    listed = np.where(exists, directions[np.maximum(recommended, 0)], 0.0)  # [m, 10, G]
    # The sum over pairs of distinct entries is the square of the sum less the squares.
    over_pairs = (listed.sum(axis=1) ** 2).sum(axis=1) - (listed**2).sum(axis=(1, 2))
    n = exists.sum(axis=(1, 2))
    return np.asarray(1 - over_pairs / np.maximum(n * (n - 1), 1), dtype=np.float32)
