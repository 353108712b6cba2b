"""Bradley & Terry's model (1952): one strength for each model, from who beats whom how often.

Model i beats j with probability s_i / (s_i + s_j). The strengths of greatest likelihood are found
by Hunter's (2004) MM iteration, which raises the likelihood at every step:

    s_i  <-  wins_i / sum over j of n_ij / (s_i + s_j).

A tie counts as half a win of each. Shown are log strengths with mean 0: a model with .4 more than
another is better for 1 / (1 + exp(-.4)) = 60 % of the users.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from bench.errors import Problem

MOST_STEPS, NEAR = 20_000, 1e-9


class NoStrengths(Problem):
    """The wins give no finite strengths."""


def log_strengths(wins: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log strengths of K models, with mean 0, for B tables of wins. [B, K, K] -> [B, K]

    Args:
        wins: [b, i, j] is how often i beats j, also as a share; two that never met have 0 and 0.

    Raises:
        NoStrengths: some models never lost to the others, or never met them, in one of the tables.
    """
    for table in wins:
        if len(table) > 1 and connected_components(table > 0, connection="strong")[0] > 1:
            raise NoStrengths(
                "some models never lost to the others or never met them:"
                " their strengths have no bound"
            )
    met = wins + wins.transpose(0, 2, 1)
    won = wins.sum(axis=2)  # [B, K]
    strengths = np.ones_like(won)
    for _ in range(MOST_STEPS):
        shares = met / (strengths[:, :, None] + strengths[:, None, :])
        better = won / shares.sum(axis=2)
        better /= np.exp(np.log(better).mean(axis=1, keepdims=True))
        moved = np.abs(np.log(better) - np.log(strengths)).max(initial=0.0)
        strengths = better
        if moved < NEAR:
            break
    return np.asarray(np.log(strengths))
