"""Item-to-item: does the item before the held-out one find it, with no other knowledge of a user?

Barkan & Koenigstein (2016, Item2vec, arXiv 1603.04259) and Grbovic et al. (2015, prod2vec, arXiv
1606.07154) judge item vectors by what they retrieve for one item. The protocol is that of bench:
the held-out item among all that the user never touched, and exactly over all draws of 99 of them.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bench.embeddings.similarity import Similarity
from bench.evaluation.expectation import place_probabilities
from bench.evaluation.metrics import Counts, Standing, hit_rates, standard_error
from bench.interactions import Ids, Interactions

CUTOFF = 10
BATCH = 256  # users whose rows of similarity are held at a time


class NextItem(NamedTuple):
    """How often the held-out item is among the first ten, by similarity to the one before it."""

    sampled: float  # exact HR@10 over all draws of the negatives
    sampled_se: float  # standard error of its mean over users
    full: float  # HR@10 among all items that the user never touched


@dataclass(frozen=True)
class Questions:
    """One for each of q tested users: which item comes after this one?"""

    previous: Ids  # [q], the user's last item in train
    held_out: Ids  # [q]
    drawn: Counts  # [q], how many negatives a sample has
    touched: Any  # [q, n_items] CSR: the user's items in train

    def __len__(self) -> int:
        return len(self.previous)


def questions(
    train: Interactions, users: Ids, held_out: Ids, drawn: Counts, compared: Ids
) -> Questions:
    """The questions to the tested users whose last item in train is one of the compared ones.

    Args:
        train: ordered by user, then time.
        users: those tested, ascending, [m].
        held_out: their test items, [m].
        drawn: how many negatives each of them has, [m].
        compared: the items that have neighbours.
    """
    first, beyond = train.rows_of(users)
    previous = np.full(len(users), -1, dtype=np.int32)
    previous[beyond > first] = train.items[beyond[beyond > first] - 1]
    asked = np.isin(previous, compared)
    touched = train.matrix()[users[asked]]
    return Questions(previous[asked], held_out[asked], drawn[asked], touched)


def next_item(similarity: Similarity, asked: Questions, compared: Ids) -> NextItem | None:
    """HR@10 of the held-out items by similarity to the items before them; None without questions.

    Items that are not compared stand behind all others, as equals.
    """
    if not len(asked):
        return None
    standing = _standing(similarity, asked, compared)
    hits = place_probabilities(standing, asked.drawn, CUTOFF).sum(axis=1)
    full = hit_rates(standing, CUTOFF)
    return NextItem(float(hits.mean()), standard_error(hits), float(full.mean()))


def _standing(similarity: Similarity, asked: Questions, compared: Ids) -> Standing:
    """Where the held-out items stand among all that their users never touched."""
    n_items = asked.touched.shape[1]
    left_out = np.ones(n_items, dtype=bool)
    left_out[compared] = False
    better, equal = np.empty((2, len(asked)), dtype=np.int64)
    for start in range(0, len(asked), BATCH):
        batch = slice(start, start + BATCH)
        rows = similarity.rows(asked.previous[batch])
        rows[:, left_out] = -np.inf
        held_out = asked.held_out[batch]
        own = np.take_along_axis(rows, held_out[:, None], axis=1)
        rows[asked.touched[batch].nonzero()] = np.nan  # neither better nor equal
        better[batch] = (rows > own).sum(axis=1)
        equal[batch] = (rows == own).sum(axis=1) - 1
    candidates = n_items - np.diff(asked.touched.indptr)
    return Standing(better, equal, candidates.astype(np.int64))
