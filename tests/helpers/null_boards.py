"""Made-up boards of equal models, whose users are as alike as those of MovieLens-100K.

A board takes as many users as ml-100k-all has, with replacement, and gives the figures of each to
the models in a random order: so all models are equal, a user is hard for all of them, and fits of
one model are as near to each other as they were. What a seed moves a whole model by is drawn for
each fit; how much it is, is that of a random model of the board.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.leaderboard.statistics import records_of_rows
from bench.leaderboard.write import board_of
from bench.records.folder import Results
from bench.statistics.aligned import load_aligned
from bench.statistics.seeds import seed_part

PUBLISHED = Path(__file__).resolve().parents[2] / "results" / "ml-100k-all"
FAR = {"sasrec", "popularity", "random"}  # from the other models


class Pool:
    """What boards are drawn from: the exact NDCG@10 of 22 models in three fits each."""

    def __init__(self) -> None:
        results = Results(PUBLISHED)
        (section,) = board_of(results)
        rows = {name: of for name, of in records_of_rows(section).items() if name not in FAR}
        self.figures = np.array(load_aligned(results, rows).values())  # [K, 3, m]
        self.of_seeds = [np.sqrt(3 * seed_part(of_model).variance) for of_model in self.figures]

    @property
    def mean(self) -> float:
        """The true mean of every model of a made-up board."""
        return float(self.figures.mean())

    def boards(self, count: int, *, seeds: int, seed: int) -> Iterator[NDArray[np.float64]]:
        """So many boards, with this many seeds of each model. [K, seeds, m] each"""
        rng = np.random.default_rng(seed)
        k, _, m = self.figures.shape
        for _ in range(count):
            users = rng.integers(0, m, m)
            models = rng.permuted(np.tile(np.arange(k), (m, 1)), axis=1)  # [m, K]
            board = self.figures[models.T, :seeds, users].transpose(0, 2, 1)  # [K, seeds, m]
            moved = rng.choice(self.of_seeds, (k, 1, 1)) if seeds > 1 else 0.0
            yield board + moved * rng.standard_normal((k, seeds, 1))
