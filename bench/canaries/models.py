"""Canaries: models whose figures are known beforehand, measured like any other.

They are not entries of the registry or of suites, and rows of no board. Each goes through the same
`bench.evaluation.evaluate` as a real model; `bench.canaries.targets` says what it must get there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.adapter import Adapter, Run
from bench.canaries.leaker import Leaker
from bench.interactions import Floats, Ids, Interactions, occurrences
from bench.protocol.task import Cases


class Told(Adapter):
    """A canary that the harness tells what is held out, which it does for no real model.

    That is after fit: while any canary fits, the held-out items are not in the process.
    """

    def tell(self, cases: Cases) -> None:
        """Hear what is held out."""
        self._held_out = np.zeros(self._train.n_users, dtype=np.int32)
        self._held_out[cases.users] = cases.held_out
        self._last = int(cases.users[-1])

    def fit(self, train: Interactions, run: Run) -> None:
        self._train = train


@dataclass(kw_only=True)
class Constant(Adapter):
    """The same score for every item: all of them tie."""

    def fit(self, train: Interactions, run: Run) -> None:
        self._n_items = train.n_items

    def scores(self, users: Ids) -> Floats:
        return np.zeros((len(users), self._n_items), dtype=np.float32)


@dataclass(kw_only=True)
class Random(Adapter):
    """Scores drawn for each user, so that every place is equally likely."""

    def fit(self, train: Interactions, run: Run) -> None:
        self._seed, self._n_items = run.seed, train.n_items

    def scores(self, users: Ids) -> Floats:
        generators = (np.random.default_rng([self._seed, user]) for user in users.tolist())
        return np.stack([rng.random(self._n_items, dtype=np.float32) for rng in generators])


@dataclass(kw_only=True)
class Oracle(Told):
    """The held-out item, and nothing else, has a score of its own: the best, or the worst."""

    score: float = 1.0

    def scores(self, users: Ids) -> Floats:
        found = np.zeros((len(users), self._train.n_items), dtype=np.float32)
        found[np.arange(len(users)), self._held_out[users]] = self.score
        return found


@dataclass(kw_only=True)
class Popularity(Adapter):
    """How many users have the item in train."""

    def fit(self, train: Interactions, run: Run) -> None:
        self._counts = occurrences(train.items, train.n_items).astype(np.float32)

    def scores(self, users: Ids) -> Floats:
        return np.tile(self._counts, (len(users), 1))


@dataclass(kw_only=True)
class Repeater(Adapter):
    """What the user has in train, which the protocol leaves out: all the rest ties."""

    def fit(self, train: Interactions, run: Run) -> None:
        self._train = train  # ordered by user

    def scores(self, users: Ids) -> Floats:
        found = np.zeros((len(users), self._train.n_items), dtype=np.float32)
        first, beyond = self._train.rows_of(users)
        for row in range(len(users)):
            found[row, self._train.items[first[row] : beyond[row]]] = 1.0
        return found


@dataclass(kw_only=True)
class NotANumber(Told):
    """NaN in one place, the last user's held-out item: it must be refused."""

    def scores(self, users: Ids) -> Floats:
        found = np.zeros((len(users), self._train.n_items), dtype=np.float32)
        found[users == self._last, self._held_out[self._last]] = np.nan
        return found


def canaries(folder: Path) -> Mapping[str, Adapter]:
    """All of them by name.

    Args:
        folder: of the work, which the leaker looks through.
    """
    return {
        "constant": Constant(),
        "random": Random(),
        "oracle": Oracle(),
        "anti-oracle": Oracle(score=-1.0),
        "popularity": Popularity(),
        "repeater": Repeater(),
        "leaker": Leaker(folder=folder),
        "nan": NotANumber(),
    }
