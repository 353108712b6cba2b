"""The vectors that a model is ranked by in tiles, where their products are its scores."""

import numpy as np

from bench.adapter import Adapter, Embeddings
from bench.evaluation.scores import checked
from bench.interactions import Floats, Ids, Interactions

LEAST_ITEMS = 50_000  # in a smaller catalogue tiles win nothing
USERS = 8  # from all of them, and as many with the fewest items, whose scores are compared
TOLERANCE = 1e-4  # of the range of these scores: products differ in their last bits


def in_tiles(train: Interactions) -> bool:
    """Whether the catalogue is large enough."""
    return train.n_items >= LEAST_ITEMS


def offered(adapter: Adapter, train: Interactions, users: Ids) -> Embeddings | None:
    """The vectors of a fitted model, to be ranked by in tiles; None where its scores are asked for.

    That is so in a catalogue of fewer than 50,000 items, for a model without vectors, and where
    the products of the vectors are not the scores of some of these users, [m].

    Raises:
        BadScores: as `evaluate`.
    """
    if not in_tiles(train) or not len(users):
        return None
    found = adapter.embeddings()
    if found is None or not _fit(found, train):
        return None
    some = _compared(train, users)
    scores = checked("scores", adapter.scores(some.copy()), (len(some), train.n_items))
    vectors = Embeddings(_plain(found.users), _plain(found.items))
    differences = np.abs(vectors.users[some] @ vectors.items.T - scores)
    # Not finite: `evaluate` says which scores are not.
    same = bool((differences <= TOLERANCE * np.ptp(scores)).all())
    return vectors if same else None


def _compared(train: Interactions, users: Ids) -> Ids:
    """Users from first to last, and those with the fewest items.

    A model may have scores of another kind for whom it knows little of.
    """
    first, beyond = train.rows_of(users)
    fewest = np.argsort(beyond - first, kind="stable")[:USERS]
    spread = np.linspace(0, len(users) - 1, USERS, dtype=int)
    some: Ids = users[np.union1d(spread, fewest)]
    return some


def _fit(found: Embeddings, train: Interactions) -> bool:
    users, items = found.users, found.items
    return (
        users.ndim == items.ndim == 2
        and users.dtype == items.dtype == np.float32
        and (len(users), len(items)) == (train.n_users, train.n_items)
        and users.shape[1] == items.shape[1]
    )


def _plain(vectors: Floats) -> Floats:
    return np.require(vectors, requirements=["C", "A"])
