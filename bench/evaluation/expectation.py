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

from bench.evaluation.metrics import Counts, Standing, Values

NODES = 3  # of the quadrature over equal items
SMOOTH = 3e-3  # draws x ties / items up to which three nodes are exact to 1e-13
FACTORS = 256  # of a product at once
USERS = 1024  # at once: their factors, 2 MB, stay in the cache


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
    """P(the held-out item stands at place r among the drawn ones), r = 0..k-1. [m, k]

    Right to 1e-12 for up to 10^9 items: where few are equal the mean over j is taken of P(r | j)
    itself, since the sum over j <= J would be lost in the rounding of what is subtracted.
    """
    others = np.asarray(full.candidates - 1, dtype=np.int64)  # N
    better = np.asarray(full.better, dtype=np.int64)
    equal = np.asarray(full.equal, dtype=np.int64)
    draws = np.broadcast_to(np.asarray(drawn, dtype=np.int64), others.shape)  # m
    ties = equal + 1  # how many values j has
    direct = (draws * ties <= SMOOTH * others) | (ties <= NODES)
    found = np.zeros((len(others), k))
    for which, mean in ((direct, _mean_of_nodes), (~direct, _mean_of_sums)):
        chosen = np.flatnonzero(which)
        for start in range(0, len(chosen), USERS):
            rows = chosen[start : start + USERS]
            found[rows] = mean(others[rows], better[rows], ties[rows], draws[rows], k)
    return np.clip(found, 0.0, 1.0)


def _mean_of_nodes(others: Counts, better: Counts, ties: Counts, draws: Counts, k: int) -> Values:
    """The mean of P(r | j) over j, by the quadrature of Gauss for equally likely whole numbers.

    Its three nodes are exact for polynomials of degree 5, and for up to three values of j. (Roots
    of the discrete Chebyshev polynomial of degree 3; Szegoe, Orthogonal Polynomials, 2.8.)
    """
    squares = ties.astype(float) ** 2
    spread = np.sqrt(np.maximum((3 * squares - 7) / 20, 0.0))
    outer = np.where(ties > 1, (squares - 1) / (24 * np.where(ties > 1, spread, 1.0) ** 2), 0.0)
    middle = better + (ties - 1) / 2
    found = np.zeros((len(others), k))
    for weight, node in (
        (1 - 2 * outer, middle),
        (outer, middle - spread),
        (outer, middle + spread),
    ):
        used = np.abs(weight) > 1e-15  # the middle one of two is not
        found[used] += weight[used, None] * _at_node(others[used], node[used], draws[used], k)
    return found


def _at_node(others: Counts, ahead: Values, draws: Counts, k: int) -> Values:
    """P(r of the drawn are ahead), where so many of the others are, whole or not. [m, k]

    Where few are behind, those are counted: between whole numbers the polynomial has signs that the
    first product cannot have.
    """
    found = np.zeros((len(others), k))
    few_behind = (others - ahead < draws) & (ahead != np.floor(ahead))
    many = ~few_behind
    found[many] = probabilities(others[many], ahead[many], draws[many], k)
    if few_behind.any():
        rows = np.flatnonzero(few_behind)
        drawn = draws[rows]
        behind = probabilities(others[rows], (others - ahead)[rows], drawn, int(drawn.max()) + 1)
        of_behind = drawn[:, None] - np.arange(k)
        values = np.take_along_axis(behind, np.maximum(of_behind, 0), axis=1)
        found[rows] = np.where(of_behind >= 0, values, 0.0)
    return found


def _mean_of_sums(others: Counts, better: Counts, ties: Counts, draws: Counts, k: int) -> Values:
    """The mean of P(r | j) over j, by the sums up to both ends."""
    up_to, before = (
        1 - np.cumsum(probabilities(others + 1, ahead.astype(float), draws + 1, k), axis=1)
        for ahead in (better + ties, better)
    )
    scale = (others + 1) / ((draws + 1) * ties)
    return np.asarray((up_to - before) * scale[:, None])


def probabilities(items: Counts, successes: Values, draws: Counts, k: int) -> Values:
    """P(X = r), r = 0..k-1, for X successes in draws without replacement. [m, k]

    From the fewest that are possible on, each by the ratio to the one before. The first is a
    product of as few factors as can be, in which nothing cancels.

    Args:
        items: how many there are, [m].
        successes: among them, [m]; between whole numbers the polynomial through them, for which at
            least as many failures as draws have to be left.
        draws: from 0 to the items, [m].
        k: how many values of r.
    """
    failures = items - successes
    fewest = np.maximum(0, draws - failures)
    rest = items - draws
    # That no draw is a success; or that nothing left undrawn is a failure, which is the same.
    chosen = np.where(fewest > 0, failures, successes)
    drawn = np.where(fewest > 0, rest, draws).astype(float)
    swapped = (chosen < drawn) & (chosen == np.floor(chosen))
    length, share = np.where(swapped, chosen, drawn), np.where(swapped, drawn, chosen)
    probability = np.ones(len(items))  # of less than 1e-308 nothing is left, nor of the next k
    for first in range(0, int(length.max(initial=0)), FACTORS):
        steps = np.arange(first, first + FACTORS)
        active = np.flatnonzero(length > first)
        left = np.maximum(items[active, None] - steps, 1).astype(float)
        factors = np.maximum(left - share[active, None], 0.0) / left
        factors[steps >= length[active, None]] = 1.0
        probability[active] *= factors.prod(axis=1)
    found = np.zeros((len(items), k))
    for r in range(k):
        begun = fewest <= r
        found[:, r] = np.where(begun, probability, 0.0)
        # Zero beyond what is possible, and then it stays so; of the polynomial it may be negative.
        above = (successes - r) * (draws - r)
        below = (r + 1) * np.where(begun, rest - successes + r + 1, 1)
        probability = np.where(begun, probability * above / below, probability)
    return found


def _error_of_mean(variances: Values) -> float:
    return float(np.sqrt(np.clip(variances, 0.0, None).sum()) / len(variances))
