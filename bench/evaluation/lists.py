"""The recommended top-10 lists, and what they are like beyond accuracy."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from bench.evaluation.ledger import Beside, Ledger
from bench.evaluation.standings import Ranked
from bench.interactions import Floats, Ids, Interactions
from bench.protocol.task import Cases


def ledger_of(train: Interactions, cases: Cases, found: Ranked) -> Ledger:
    """Add to the standings what the recommended lists are like, beyond accuracy."""
    # With numba, which only a process that ranks should load.
    from bench.evaluation.kernels import tally

    counts = np.zeros(train.n_items, dtype=np.int64)
    tally(train.items, counts)
    n_users = 1 + np.count_nonzero(train.users[1:] != train.users[:-1])  # they are in order
    share = counts / n_users
    # An item that nobody has yet counts as if one user had it: its information is finite.
    information = -np.log2(np.maximum(counts, 1) / n_users)
    genres = train.item_features.multi_hot if train.item_features else None
    lists = matrix_of(found.recommended, train.n_items)
    lengths = np.maximum(np.diff(lists.indptr), 1)
    return Ledger(
        user_ids=train.user_ids[cases.users],
        item_ids=train.item_ids[cases.held_out],
        sampled=found.sampled,
        full=found.full,
        recommended=found.recommended,
        novelty=np.asarray(lists @ information / lengths, dtype=np.float32),
        popularity=np.asarray(lists @ share / lengths, dtype=np.float32),
        diversity=None
        if genres is None or not genres.shape[1]
        else intra_list_diversity(genres, lists),
        n_items=train.n_items,
        beside=_beside(found, cases),
    )


def _beside(found: Ranked, cases: Cases) -> Beside | None:
    if found.beside is None or cases.pool is None:
        return None
    exists = found.recommended >= 0
    of_pool = cases.pool[np.maximum(found.recommended, 0)] & exists
    return Beside(*found.beside, of_pool.sum(axis=1))


def matrix_of(recommended: Ids, n_items: int) -> Any:
    """Sparse [m, n_items], with a one for each item of a list [m, 10], where -1 is none."""
    exists = recommended >= 0
    starts = np.concatenate([[0], np.cumsum(exists.sum(axis=1))])
    items = recommended[exists]
    return sp.csr_array((np.ones(len(items)), items, starts), shape=(len(recommended), n_items))


def intra_list_diversity(genres: NDArray[np.bool_], lists: Any) -> Floats:
    """1 - mean cosine of the genres over all pairs of a list (Ziegler et al. 2005). [m]

    Args:
        genres: [n_items, G]; an item without a genre has cosine 0 with every other.
        lists: sparse [m, n_items], see matrix_of.
    """
    lengths = np.sqrt(genres.sum(axis=1, dtype=np.float64))
    directions = genres / np.maximum(lengths, 1.0)[:, None]  # [n_items, G], of length 1 or 0
    # The sum over pairs of distinct entries is the square of the sum less the squares.
    sums = lists @ directions  # [m, G]
    over_pairs = np.einsum("mg,mg->m", sums, sums) - lists @ (lengths > 0)
    n = np.diff(lists.indptr)
    return np.asarray(1 - over_pairs / np.maximum(n * (n - 1), 1), dtype=np.float32)
