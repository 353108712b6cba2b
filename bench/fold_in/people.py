"""New people among the users of a data set: scores for them, as of a model for its users."""

from dataclasses import replace

import numpy as np

from bench.fold_in.ways import FoldIn
from bench.interactions import Floats, Ids, Interactions


class NewPeople:
    """Scores for users of whom a fitted model is shown some items, by a way to serve them."""

    def __init__(self, way: FoldIn, shown: Interactions) -> None:
        """Take what is shown: ordered by user, then time, of users by their numbers in the data."""
        self._way, self._shown = way, shown

    def scores(self, users: Ids) -> Floats:
        """Score every item for these users: int32 [b] -> float32 [b, n_items]."""
        return self._way.scores(people_among(self._shown, users))


def people_among(shown: Interactions, users: Ids) -> Interactions:
    """The interactions of some users, who become 0..b-1 in the order in which they are given.

    shown is ordered by user, then time, as the result is.
    """
    first, beyond = shown.rows_of(users)
    lengths = beyond - first
    starts = np.cumsum(lengths) - lengths
    rows = np.arange(int(lengths.sum())) + np.repeat(first - starts, lengths)
    numbers = np.repeat(np.arange(len(users), dtype=np.int32), lengths)
    return replace(
        shown.take(rows),
        users=numbers,
        n_users=len(users),
        user_ids=shown.user_ids[users],
        user_features=None,
    )
