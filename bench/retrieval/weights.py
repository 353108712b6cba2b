"""Items by their weights in the scores of others, where a score is a sum over a person's items."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.adapter import Adapter
from bench.interactions import Floats, Interactions
from bench.kept.model import KeptModel
from bench.retrieval.similar import Index, NoVectors

TRIED = 8  # popular items, by which it is seen whether scores are sums
CLOSE = 1e-3  # of the range of scores: how far sums may be from them


class WeightIndex(Index):
    """Rows of the matrix of item weights of ease, slim, knn and others, asked one by one.

    A row is the scores of somebody who chose this item alone. Weights have a direction: what
    speaks for Toy Story 2 in who has Toy Story need not do so the other way round.
    """

    by = "weights"
    above = 0.0  # what has no weight is no neighbour

    def __init__(self, kept: KeptModel) -> None:
        """Restore the model, and see whether its scores are sums.

        Raises:
            NoVectors: they are not.
            CannotBeRestored, Damaged: it cannot be restored.
        """
        self._kept, self._users = kept, kept.catalogue.users
        popular = np.argsort(-self._users, kind="stable")[:TRIED]
        if not _are_sums(kept.adapter(), kept.train(), popular):
            raise NoVectors(
                f"{kept.name}: its scores are no sums over a person's items, so there are no"
                " weights between items; --by weights is for models as ease, slim and knn"
            )

    def __contains__(self, item: int) -> bool:
        return bool(self.similarities(item).any())

    def similarities(self, item: int) -> Floats:
        adapter = self._kept.adapter().welcome(_people(self._kept.train(), [[item]]))
        return np.asarray(adapter.scores(np.zeros(1, dtype=np.int32))[0], dtype=np.float32)


def _are_sums(adapter: Adapter, train: Interactions, items: NDArray[np.int64]) -> bool:
    """Whether scores are sums over a person's items, each by a factor for its place.

    A half-life gives such factors. People chose one of the items each, or all of them, each time
    another one last: each item is in each place once, so that both kinds of people have the same
    scores in all, but for one factor.
    """
    in_turn = [np.roll(items, turn) for turn in range(len(items))]
    people = _people(train, [*([item] for item in items), *in_turn])
    try:
        scores = adapter.welcome(people).scores(np.arange(2 * len(items), dtype=np.int32))
    except NotImplementedError:
        return False
    alone, together = scores.astype(np.float64).reshape(2, len(items), -1).sum(axis=1)
    factor = alone @ together / max(alone @ alone, 1e-300)
    return bool(np.abs(together - factor * alone).max() <= CLOSE * np.ptp(together))


def _people(
    train: Interactions, chosen: Sequence[Sequence[int] | NDArray[np.int64]]
) -> Interactions:
    """People who chose these items, in this order, of the catalogue of train."""
    users = np.repeat(np.arange(len(chosen)), [len(each) for each in chosen])
    return Interactions(
        users=users.astype(np.int32),
        items=np.concatenate([np.asarray(each, dtype=np.int32) for each in chosen]),
        times=np.arange(len(users), dtype=np.int64),
        n_users=len(chosen),
        n_items=train.n_items,
        item_ids=train.item_ids,
        item_features=train.item_features,
    )
