"""Expected sampled metrics: their mean over all draws of negatives, in closed form.

For a user let N be the number of untouched items beside the held-out one, of which `better` score
higher and `equal` as high, and let m of the N be drawn as negatives, distinct and equally likely.

Put all N + 1 items in order, ties at random. With j items ahead of the held-out one, the number
of drawn items ahead is hypergeometric: P(r | j) = C(j, r) C(N - j, m - r) / C(N, m). The ties make
j uniform on better, ..., better + equal, and the sum over them needs no loop: by Vandermonde's
identity for the (r + 1)-th smallest of m + 1 draws,

    sum over j <= J of C(j, r) C(N - j, m - r)  =  C(N + 1, m + 1) P(X > r),
    where X is the number of successes in m + 1 draws from N + 1 items of which J + 1 succeed.

The figure has no sampling noise, and it audits the sampler: the sampled metric must lie within
`sampling_se` of it.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln

from bench.evaluation.metrics import Counts, Standing, Values


class Expectation(NamedTuple):
    """Expected sampled metrics, and the standard deviation that the drawing alone gives them."""

    hit_rate: float
    hit_rate_sampling_se: float
    ndcg: float
    ndcg_sampling_se: float


def expected(full: Standing, drawn: Counts, k: int) -> Expectation:
    """The expected sampled HR@k and NDCG@k.

    Args:
        full: the standing among all untouched items, [m].
        drawn: how many negatives were drawn for each user, [m].
        k: the cutoff.
    """
    places = place_probabilities(full, drawn, k)  # [m, k]
    hits = places.sum(axis=1)
    gains = 1 / np.log2(np.arange(k) + 2)
    ndcg = places @ gains
    # Of the value for one order of the ties, so slightly too wide where there are ties.
    return Expectation(
        hit_rate=float(hits.mean()),
        hit_rate_sampling_se=_error_of_mean(hits - hits**2),
        ndcg=float(ndcg.mean()),
        ndcg_sampling_se=_error_of_mean(places @ gains**2 - ndcg**2),
    )


def place_probabilities(full: Standing, drawn: Counts, k: int) -> Values:
    """P(the held-out item stands at place r among the drawn ones), r = 0..k-1. [m, k]"""
    others = (full.candidates - 1)[:, None]  # N
    draws = drawn[:, None]  # m
    ahead = full.better[:, None]
    ties = full.equal[:, None]
    places = np.arange(k)
    up_to = _more_than(places, others + 1, ahead + ties + 1, draws + 1)
    before = _more_than(places, others + 1, ahead, draws + 1)
    return np.clip((up_to - before) * (others + 1) / ((draws + 1) * (ties + 1)), 0.0, 1.0)


def _more_than(r: Counts, items: Counts, successes: Counts, draws: Counts) -> Values:
    """P(X > r) for X successes in draws without replacement. r is 0..k-1, the others [m, 1]."""
    failures = items - successes
    possible = (r <= successes) & (r <= draws) & (draws - r <= failures)
    log_probability = (
        _log_choose(successes, np.where(possible, r, 0))
        + _log_choose(failures, np.where(possible, draws - r, 0))
        - _log_choose(items, draws)
    )
    probability = np.where(possible, np.exp(log_probability), 0.0)
    return 1 - np.cumsum(probability, axis=1)


def _log_choose(n: Counts, k: Counts) -> Values:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))


def _error_of_mean(variances: Values) -> float:
    return float(np.sqrt(np.clip(variances, 0.0, None).sum()) / len(variances))
