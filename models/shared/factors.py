"""Models that score by the dot product of factors, as numpy arrays.

Shared by als, eals, ials, puresvd, mf and bpr. It loads no torch; `vectors.py` is for torch.
"""

import numpy as np

from bench.adapter import Adapter, Embeddings
from bench.interactions import Floats, Ids

# Shapes: b users, c items of each, U users, I items, D factors.


class FactorAdapter(Adapter):
    """Scores by `_users` and `_items`, which `fit` sets, before each `run.epoch` too."""

    # No dataclass, in which these would be hyper-parameters.
    _users: Floats  # [U, D]
    _items: Floats  # [I, D]

    def scores(self, users: Ids) -> Floats:
        """Score every item: int32 [b] -> float32 [b, I]."""
        return self._users[users] @ self._items.T

    def pair_scores(self, users: Ids, items: Ids) -> Floats:
        """Score items[j] for users[j]: int32 [b], [b, c] -> float32 [b, c]."""
        return np.einsum("bd,bcd->bc", self._users[users], self._items[items])

    def embeddings(self) -> Embeddings:
        """The vectors of users and items."""
        return Embeddings(self._users, self._items)
