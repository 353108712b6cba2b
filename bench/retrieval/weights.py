"""Items by their weights in the scores of others, where a score is a sum over a person's items."""

import numpy as np

from bench.interactions import Floats
from bench.kept.model import KeptModel
from bench.retrieval.similar import Index, NoVectors
from bench.retrieval.sums import are_sums, people_of


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
        if not are_sums(kept.adapter(), kept.train()):
            raise NoVectors(
                f"{kept.name}: its scores are no sums over a person's items, so there are no"
                " weights between items; --by weights is for models as ease, slim and knn"
            )

    def __contains__(self, item: int) -> bool:
        return bool(self.similarities(item).any())

    def similarities(self, item: int) -> Floats:
        adapter = self._kept.adapter().welcome(people_of([[item]], self._kept.train()))
        return np.asarray(adapter.scores(np.zeros(1, dtype=np.int32))[0], dtype=np.float32)
