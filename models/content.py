"""Content: tf-idf of what is known of items, and a ridge regression for each user."""

from copy import copy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from bench.adapter import Adapter, Need, Run, State
from bench.interactions import Floats, Ids, Interactions
from bench.space import log, space

from .shared.content import content, ridge

# Shapes: b users, U users, I items, F columns of what is known of items.


@dataclass(kw_only=True)
class Content(Adapter):
    """Learns from features what a user chooses, so that new items are scored as all others.

    A user's weights of features minimise |x_u - A w|^2 + l2 |w|^2, with x_u the 0/1 row of all
    items and A what is known of them (`shared/content.py`): a regression for each user, as in
    Pazzani & Billsus, "Content-based recommendation systems" (The Adaptive Web, 2007, section
    10.6), in closed form for all at once: W = X A (A'A + l2 I)^-1, and the scores are W A'.
    """

    l2: float = 30.0
    text: bool = False  # whether vectors of texts by a language model are features, too

    uses_features = ("items",)
    search = space(l2=log(0.1, 1000))

    def needs(self) -> tuple[Need, ...]:
        """Features of items: without any, all scores are 0."""
        return ("item features", "text vectors") if self.text else ("item features",)

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            ValueError: l2 is not above 0, or there are no vectors for `text`.
        """
        self._history = train.matrix()  # [U, I]
        self._rows = content(train.item_features, train.n_items, self.text)  # [I, F]
        self._inverse = ridge(self._rows, self.l2).astype(np.float32)  # [F, F]

    def scores(self, users: Ids) -> Floats:
        chosen = (self._history[users] @ self._rows).toarray()  # [b, F]
        weights = chosen @ self._inverse  # [b, F]
        return np.ascontiguousarray((self._rows @ weights.T).T, dtype=np.float32)

    def state(self) -> State:
        """What is known of items, as rows of a sparse matrix, and the inverse."""
        rows = self._rows
        arrays = {"data": rows.data, "indices": rows.indices, "indptr": rows.indptr}
        return {**arrays, "inverse": self._inverse}

    def restore(self, state: State, train: Interactions) -> None:
        """Take what another fit learned, and the histories of train."""
        self._history = train.matrix()
        self._inverse = state["inverse"]
        arrays: Any = (state["data"], state["indices"], state["indptr"])
        self._rows = sp.csr_matrix(arrays, shape=(train.n_items, len(self._inverse)))

    def welcome(self, people: Interactions) -> Self:
        """A copy whose users are these people: a regression for each of them."""
        found = copy(self)
        found._history = people.matrix()
        return found
