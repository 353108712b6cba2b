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

    With `shared_l2`, x_u is taken apart into what everybody's choices make likely, n_u p with n_u
    the user's items and p the items' shares of all choices, and the user's own rest. The first is
    the mean of many and has this l2, the rest has l2; as in a hierarchical model, where people are
    drawn to what is common (Gelman & Hill, "Data analysis using regression and multilevel/
    hierarchical models", 2007, chapter 12).
    """

    l2: float = 30.0
    shared_l2: float | None = None  # of what all users have in common; None: as l2
    text: bool = False  # whether vectors of texts by a language model are features, too

    uses_features = ("items",)
    search = space(l2=log(0.1, 1000), shared_l2=log(0.1, 1000))

    def needs(self) -> tuple[Need, ...]:
        """Features of items: without any, all scores are 0."""
        return ("item features", "text vectors") if self.text else ("item features",)

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            ValueError: l2 or shared_l2 is not above 0, or there are no vectors for `text`.
        """
        self._history = train.matrix()  # [U, I]
        self._rows = content(train.item_features, train.n_items, self.text)  # [I, F]
        self._inverse = ridge(self._rows, self.l2).astype(np.float32)  # [F, F]
        self._shared = np.zeros(self._rows.shape[1], dtype=np.float32)  # [F]
        if self.shared_l2 is not None:
            self._shared = self._shared_beyond(train, self.shared_l2)

    def _shared_beyond(self, train: Interactions, l2: float) -> Floats:
        """What an item of a user adds to the weights beside what l2 makes of it: [F]."""
        shares = np.bincount(train.items, minlength=train.n_items) / max(1, len(train))
        mean = self._rows.T @ shares
        return np.asarray(mean @ ridge(self._rows, l2) - mean @ self._inverse, dtype=np.float32)

    def scores(self, users: Ids) -> Floats:
        history = self._history[users]
        chosen = (history @ self._rows).toarray()  # [b, F]
        weights = chosen @ self._inverse  # [b, F]
        if self.shared_l2 is not None:
            weights += np.diff(history.indptr)[:, None] * self._shared
        return np.ascontiguousarray((self._rows @ weights.T).T, dtype=np.float32)

    def state(self) -> State:
        """What is known of items, as rows of a sparse matrix, and what turns it into weights."""
        rows = self._rows
        arrays = {"data": rows.data, "indices": rows.indices, "indptr": rows.indptr}
        return {**arrays, "inverse": self._inverse, "shared": self._shared}

    def restore(self, state: State, train: Interactions) -> None:
        """Take what another fit learned, and the histories of train."""
        self._history = train.matrix()
        self._inverse, self._shared = state["inverse"], state["shared"]
        arrays: Any = (state["data"], state["indices"], state["indptr"])
        self._rows = sp.csr_matrix(arrays, shape=(train.n_items, len(self._inverse)))

    def welcome(self, people: Interactions) -> Self:
        """A copy whose users are these people: a regression for each of them."""
        found = copy(self)
        found._history = people.matrix()
        return found
