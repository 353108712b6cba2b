"""The items that each user chose, weighted by how late: the weight halves with an item's place.

A user's k-th latest item, k = 0, 1, ..., weighs 2^(-k / half_life) + floor. Such a decay by time is
that of Ding & Li, "Time weight collaborative filtering", CIKM 2005; here it goes by place.
"""

from copy import copy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from bench.adapter import Adapter, Need
from bench.interactions import Floats, Interactions
from bench.space import log, space


@dataclass(kw_only=True)
class RecencyAdapter(Adapter):
    """Scores users by what they chose, of which the latest may count most."""

    half_life: float | None = None  # in items, of their weights in the scores; None: all weigh 1
    floor: float = 0.05  # that is added to these weights

    search = space(half_life=log(1, 100))

    def needs(self) -> tuple[Need, ...]:
        """The order of a user's items, where it has a half-life."""
        return ("order",) if self.half_life is not None else ()

    def _weighted(self, people: Interactions) -> Any:
        """What people chose, as their scores are made from it: CSR float32 [users, items]."""
        if self.half_life is None:
            return people.matrix()
        people = in_time(people)
        counts = np.bincount(people.users, minlength=people.n_users)
        places = np.cumsum(counts)[people.users] - 1 - np.arange(len(people))
        weights = self._decay(places)
        return sp.csr_matrix(
            (weights, (people.users, people.items)), shape=(people.n_users, people.n_items)
        )

    def _decay(self, places: NDArray[np.int64]) -> Floats:
        """What items weigh, by how many of the user's are later: [n] -> float32 [n].

        Raises:
            ValueError: half_life is not above 0, or floor is below 0.
        """
        if self.half_life is None:
            return np.ones(len(places), dtype=np.float32)
        if not self.half_life > 0 or not self.floor >= 0:
            raise ValueError(
                "half_life must be above 0 and floor at least 0,"
                f" not {self.half_life:g} and {self.floor:g}"
            )
        return (0.5 ** (places / self.half_life) + self.floor).astype(np.float32)


class HistoryAdapter(RecencyAdapter):
    """Scores users by `_history`, which `fit` sets, and by what is learned of items."""

    _history: Any  # CSR float32 [U, I]; no dataclass, in which it would be a hyper-parameter

    def welcome(self, people: Interactions) -> Self:
        """A copy that scores these people, by what they chose."""
        found = copy(self)
        found._history = self._weighted(people)
        return found


def in_time(people: Interactions) -> Interactions:
    """Each pair once, where it is latest, by user and then time; ties keep their order."""
    latest = np.lexsort((people.times, people.users))[::-1]
    pairs = people.users[latest].astype(np.int64) * people.n_items + people.items[latest]
    once = np.sort(np.unique(pairs, return_index=True)[1])
    return people.take(latest[once][::-1])
