"""Tests of all pairs of a board: sign flips with the maximum statistic, stepping down.

If two models are equal, a user's difference may as well have the other sign. A flip gives each user
a random sign, the same for all pairs, so that what pairs have in common stays; over many flips the
largest statistic of all pairs says how large a difference chance makes somewhere on a board.
Stepping down, a pair is held against the pairs that are no larger than it alone (Westfall & Young
1993, algorithm 4.1). So among all pairs of a board, the probability that any equal pair is told
apart is at most 5 %, and more are told apart than by Holm's correction, which cannot use that pairs
are correlated.

Call `pair_tests(values)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from bench.evaluation.metrics import Values
from bench.records.standings import FAMILY
from bench.statistics.seeds import error_of_users, estimate, seed_part

FLIPS = 20_000
AT_ONCE = 1000  # flips; their signs and statistics are in memory
SEED = 0


@dataclass(frozen=True)
class PairTests:
    """All P = K (K - 1) / 2 pairs of K models: (0, 1), (0, 2), ..., (1, 2), ..."""

    models: int
    pairs: NDArray[np.int64]  # [P, 2]
    mean: Values  # [P], the first less the second
    se: Values  # [P], over users and seeds
    low: Values  # [P], 95 % interval of this pair alone
    high: Values
    p: Values  # [P], adjusted: those up to 5 % are told apart

    def told_apart(self) -> NDArray[np.bool_]:
        """Which pairs are. [K, K], symmetric"""
        found = np.zeros((self.models, self.models), dtype=bool)
        found[tuple(self.pairs[self.p <= FAMILY].T)] = True
        return found | found.T


def pair_tests(values: Sequence[NDArray[np.float64]], flips: int = FLIPS) -> PairTests:
    """Test all pairs of models on the same users. The same values give the same result.

    The error of a difference has a part of the seeds, which no flip of users can show. So a
    statistic is held against the flips by its probability: as the Student statistic of m users that
    would be as improbable.

    Args:
        values: of each of K models the figure of each of m users in each fit, [seeds, m].
        flips: draws of m signs.
    """
    means = np.array([of_model.mean(axis=0) for of_model in values])  # [K, m]
    of_seeds = [seed_part(of_model) for of_model in values]
    k, m = means.shape
    pairs = np.array(list(combinations(range(k), 2)), dtype=np.int64).reshape(-1, 2)
    found = []
    for i, j in pairs:
        difference = means[i] - means[j]
        parts = [of_seeds[i], of_seeds[j]]
        found.append(estimate(float(difference.mean()), error_of_users(difference), parts, m))
    mean, se, low, high, df = np.array(found).reshape(-1, 5).T
    statistic = np.divide(np.abs(mean), se, where=se > 0, out=np.where(mean == 0, 0.0, np.inf))
    tails = np.maximum(stdtr(df, -statistic), np.finfo(np.float64).tiny)
    as_of_users = -stdtrit(m - 1, tails)
    return PairTests(k, pairs, mean, se, low, high, _adjusted(means, pairs, as_of_users, flips))


def _adjusted(
    means: NDArray[np.float64], pairs: NDArray[np.int64], observed: Values, flips: int
) -> Values:
    """p of each pair, adjusted for all, by step-down maxima over flips. [P]

    A flipped difference has the sum of squares that it had, so its Student statistic follows from
    its mean alone.
    """
    m = means.shape[1]
    order = np.argsort(-observed, kind="stable")
    first, second = pairs[order].T
    squares = np.array([((means[i] - means[j]) ** 2).mean() for i, j in pairs[order]])  # [P]
    largest = observed[order] ** 2
    figures = (means - means.mean(axis=0)).T.astype(np.float32)  # [m, K]; what all share cancels
    as_large = np.zeros(len(pairs), dtype=np.int64)
    rng = np.random.default_rng(SEED)
    for start in range(0, flips, AT_ONCE):
        draws = min(AT_ONCE, flips - start)
        bits = np.unpackbits(
            rng.integers(0, 256, (draws, -(-m // 8)), dtype=np.uint8), axis=1, count=m
        )
        flipped = (2 * bits.astype(np.float32) - 1) @ figures / m  # [draws, K]
        square = (flipped[:, first] - flipped[:, second]).astype(np.float64) ** 2  # [draws, P]
        spread = squares - square
        statistic = np.divide((m - 1) * square, spread, where=spread > 0, out=np.zeros_like(square))
        maxima = np.maximum.accumulate(statistic[:, ::-1], axis=1)[:, ::-1]  # of it and smaller
        as_large += (maxima >= largest).sum(axis=0)
    adjusted = np.empty(len(pairs))
    adjusted[order] = np.maximum.accumulate((1 + as_large) / (1 + flips))
    return adjusted
