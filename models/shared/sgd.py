"""Factors of users and items that are trained by stochastic gradient descent, step by step.

Shared by mf and bpr.
"""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from bench.adapter import Embeddings, Run
from bench.interactions import Floats, Ids, Interactions

from .factors import FactorAdapter
from .kernels.sgd import Factors
from .kernels.untouched import Untouched
from .unseen import unseen

# Shapes: n observed pairs, b users, U users, I items, D factors.


@dataclass(kw_only=True)
class FactorsBySGD(FactorAdapter):
    """score(u, i) = bias + b_u + b_i + p_u . q_i, from one step for each sample, in random order.

    An epoch takes every observed pair once. Its negatives are drawn anew in each epoch, uniformly
    from the items that the user left untouched: none is ever an observed item. A user without any
    untouched item has no negatives, and is left out of training. Users who take no part in training
    keep vectors of zeros, which leaves them the biases of the items; so do items that nobody has.

    It runs on one thread and on the CPU, whatever the run offers: steps depend on each other.
    """

    factors: int = 64
    epochs: int = 40
    learning_rate: float = 0.01
    l2: float = 0.007  # each step shrinks what it touches by learning_rate * l2
    init_scale: float = 0.1  # standard deviation of the initial factors

    @abstractmethod
    def _epoch(
        self,
        order: Ids,
        train: Interactions,
        untouched: Untouched,
        factors: Factors,
        seed: np.uint64,
    ) -> tuple[int, float]:
        """Go once over these of the observed pairs, [n], and improve the factors in place.

        Returns:
            How many samples it took, negatives included, and their mean loss.
        """

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            FloatingPointError: the loss became NaN or infinite.
        """
        random = np.random.default_rng(run.seed)
        untouched = Untouched.by(train)
        taken = np.diff(untouched.starts)  # [U]
        usable = untouched.usable(train)
        order = np.arange(len(train), dtype=np.int32) if usable is None else usable
        factors = Factors(
            users=self._normal(train.n_users, random),
            items=self._normal(train.n_items, random),
            user_bias=np.zeros(train.n_users, dtype=np.float32),
            item_bias=np.zeros(train.n_items, dtype=np.float32),
            bias=np.zeros(1, dtype=np.float32),
        )
        factors.users[(taken == 0) | (taken == untouched.n_items)] = 0
        factors.items[unseen(train.items, train.n_items)] = 0
        self._users, self._items = _folded(factors)
        for _ in range(self.epochs):
            random.shuffle(order)
            seed = random.integers(2**64, dtype=np.uint64)
            samples, loss = self._epoch(order, train, untouched, factors, seed)
            self._users, self._items = _folded(factors)
            if run.epoch(samples=samples, loss=loss):
                break

    def embeddings(self) -> Embeddings:
        """The vectors of users and items, and as their last two numbers the biases."""
        return super().embeddings()._replace(biases=2)

    def _normal(self, count: int, random: np.random.Generator) -> Floats:
        drawn = random.standard_normal((count, self.factors), dtype=np.float32)
        return drawn * np.float32(self.init_scale)


def _folded(factors: Factors) -> tuple[Floats, Floats]:
    """(p_u, bias + b_u, 1) [U, D + 2] and (q_i, 1, b_i) [I, D + 2]: their product is the score."""
    of_user = factors.bias + factors.user_bias
    return (
        np.column_stack([factors.users, of_user, np.ones_like(of_user)]),
        np.column_stack([factors.items, np.ones_like(factors.item_bias), factors.item_bias]),
    )
