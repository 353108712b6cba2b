"""A model under test by black-box laws, on small data, fitted once for all that only read it."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from bench.adapter import Adapter, Run
from bench.certify.rewrites import copied
from bench.evaluation.scores import checked, not_finite
from bench.interactions import Floats, Ids, Interactions
from bench.protocol.task import Task, prepare

PROTOCOL = "loo-99"
SEEDS = 8  # whose hit rates show what chance does
LENGTH = 10  # of the lists whose hit rate that is


class Broken(Exception):
    """A law that does not hold; the message is the evidence."""


class ModelUnderTest:
    """A model on some data."""

    def __init__(
        self,
        make: Callable[[], Adapter],
        data: Interactions,
        *,
        seed: int = 0,
        threads: int = 1,
        before: Floats | None = None,
        left: Path | None = None,
    ) -> None:
        """Set up the model and its data.

        Args:
            make: gives the model, not fitted; a new one each time.
            data: with what the protocol holds out.
            before: the scores of another process, [U, I].
            left: where that process left the state of the model, if it has any.
        """
        self.make, self.data, self.seed, self._threads = make, data, seed, threads
        task = self.task()
        self.train = task.train
        # Not as Cases: none are in memory while a model fits, but where a law puts them there.
        self.tested, self.held_out = task.cases.users, task.cases.held_out
        self._before, self.left = before, left

    def task(self) -> Task:
        """The data under the protocol, with what is held out."""
        return prepare(self.data, PROTOCOL)

    def fit(
        self,
        train: Interactions | None = None,
        *,
        seed: int | None = None,
        adapter: Adapter | None = None,
    ) -> Adapter:
        """A model, or this one, fitted as the harness does; each time to a copy of its own."""
        adapter = self.make() if adapter is None else adapter
        run = Run(seed=self.seed if seed is None else seed, threads=self._threads)
        adapter.fit(copied(self.train if train is None else train), run)
        return adapter

    def scores_of(self, adapter: Adapter, users: Ids | None = None) -> Floats:
        """The scores of some users, or of all: [b, I].

        Raises:
            BadScores: they are not as agreed.
        """
        users = np.arange(self.train.n_users, dtype=np.int32) if users is None else users
        given = adapter.scores(users.copy())
        scores = checked("scores", given, (len(users), self.train.n_items))
        if not np.isfinite(scores).all():
            raise not_finite("scores", scores, self.train, users)
        return scores.copy()  # perhaps a buffer that the model uses again

    @cached_property
    def fitted(self) -> Adapter:
        return self.fit()

    @cached_property
    def scores(self) -> Floats:
        """What the model gives at first, [U, I]."""
        return self.scores_of(self.fitted)

    @property
    def expected(self) -> Floats:
        """What the other laws' scores are compared with: of the other process, if there was one."""
        return self.scores if self._before is None else self._before

    def rng(self, draw: int) -> np.random.Generator:
        """Where the harness's own choices come from."""
        return np.random.default_rng([self.seed, draw])

    def hit_rate(self, scores: Floats) -> float:
        """HR@10 of the held-out items among all that their users left untouched."""
        known = scores.astype(np.float64)
        known[self.train.users, self.train.items] = -np.inf
        ranks = rankdata(-known[self.tested], axis=1)
        return float((ranks[np.arange(len(ranks)), self.held_out] <= LENGTH).mean())

    @cached_property
    def hit_rates(self) -> list[float]:
        """HR@10 with this seed and the ones after it."""
        seeds = range(self.seed + 1, self.seed + SEEDS)
        others = [self.scores_of(self.fit(seed=seed)) for seed in seeds]
        return [self.hit_rate(scores) for scores in (self.scores, *others)]
