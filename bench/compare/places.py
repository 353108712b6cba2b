"""Places of held-out items among drawn negatives, averaged over users.

HR@K and NDCG@K are linear in the probability of each place, so the average over users of these
probabilities, [20], gives both at every cutoff up to 20.
"""

import numpy as np

from bench.evaluation.expectation import place_probabilities, probabilities
from bench.evaluation.metrics import Counts, Standing, Values

LENGTH = 20  # places that are looked at
TIES = ("mean", "worst", "best")  # orders of equal scores, as they are in `places`


def places(full: Standing, negatives: int | None, weights: Values) -> Values:
    """How often a held-out item stands at place r, for each order of the ties. [3, w, 20]

    Args:
        full: the standing among all untouched items, [m].
        negatives: how many are drawn for each user, or all there are where there are fewer; None
            for all of them.
        weights: of the users, [w, m], each row with the sum 1.
    """
    worst, best = full.better + full.equal, full.better
    tied = np.flatnonzero(full.equal)
    if negatives is None:
        lowest, highest = _at(worst), _at(best)
        # r is one of the places better, ..., better + equal, each as likely.
        some, r = full.better[tied][:, None], np.arange(LENGTH)
        beyond = worst[tied][:, None]
        spread = ((some <= r) & (r <= beyond)) / (beyond - some + 1)
    else:
        others = full.candidates - 1
        drawn = np.minimum(others, negatives)
        lowest = place_chances(worst, others, drawn)
        highest = lowest.copy()
        highest[tied] = place_chances(best[tied], others[tied], drawn[tied])
        few = Standing(*(counts[tied] for counts in full))
        spread = place_probabilities(few, drawn[tied], LENGTH)
    mean = lowest.copy()
    mean[tied] = spread
    return np.stack([weights @ each for each in (mean, lowest, highest)])


def place_chances(ahead: Counts, others: Counts, drawn: Counts) -> Values:
    """P(r of the drawn items are ahead), r = 0..19: hypergeometric. [m, 20]

    Args:
        ahead: items of the others that are ahead of the held-out one, [m].
        others: untouched items beside it, [m].
        drawn: how many of the others are drawn, [m].
    """
    return probabilities(others, ahead.astype(float), drawn, LENGTH)


def _at(place: Counts) -> Values:
    """1 where the held-out item stands, among the first 20. [m, 20]"""
    return np.asarray(place[:, None] == np.arange(LENGTH), dtype=float)
