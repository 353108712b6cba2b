"""The steps of stochastic gradient descent on factors, compiled by numba.

One thread takes one step after the other, so that a seed gives the same factors on every run.
"""

from typing import NamedTuple

import numpy as np
from numba.core.types import NamedTuple as Record
from numba.core.types import float32, float64, int32, uint64

from bench.compilation import kernel, uncounted
from bench.interactions import Floats

from .activations import logistic
from .untouched import draw, samples_type

# Shapes: n steps over N observed pairs, U users, I items, D factors.


class Factors(NamedTuple):
    """score(u, i) = bias + user_bias[u] + item_bias[i] + users[u] . items[i]."""

    users: Floats  # [U, D]
    items: Floats  # [I, D]
    user_bias: Floats  # [U]
    item_bias: Floats  # [I]
    bias: Floats  # [1]


_factors_type = Record(
    (float32[:, ::1], float32[:, ::1], float32[::1], float32[::1], float32[::1]), Factors
)
_epoch = float64(int32[::1], samples_type, _factors_type, float64, float64, uint64)


@uncounted
def _pointwise(order, samples, factors, learning_rate, l2, state, candidates):
    users, items, user_bias, item_bias, bias = factors
    rate, decay = np.float32(learning_rate), np.float32(learning_rate * l2)
    total, bias_now = 0.0, bias[0]
    for n in order:
        user = samples.users[n]
        p, user_bias_now = users[user], user_bias[user]
        candidates[0] = samples.items[n]
        state = draw(user, samples.untouched, state, candidates[1:])
        for k in range(len(candidates)):
            item = candidates[k]
            q = items[item]
            dot = np.float32(0)
            for f in range(len(p)):
                dot += p[f] * q[f]
            score = bias_now + user_bias_now + item_bias[item] + dot
            sign = np.float32(1 if k == 0 else -1)
            loss, falls = logistic(sign * score)
            total += loss
            step = rate * sign * falls
            bias_now += step - decay * bias_now
            user_bias_now += step - decay * user_bias_now
            item_bias[item] += step - decay * item_bias[item]
            for f in range(len(p)):
                before_step = p[f]
                p[f] += step * q[f] - decay * before_step
                q[f] += step * before_step - decay * q[f]
        user_bias[user] = user_bias_now
    bias[0] = bias_now
    return total


@kernel(_epoch)
def pointwise_epoch(order, samples, factors, learning_rate, l2, state):
    """Train each observed pair as a 1, then its negatives as 0, by logistic loss.

    Args:
        order: [n], which of the observed pairs, each of a user who has an untouched item.
        factors: are changed in place.
        state: of the random numbers; anything.

    Returns:
        The sum of the losses, each from just before its step.
    """
    candidates = np.empty(1 + samples.negatives, dtype=np.int32)
    return _pointwise(order, samples, factors, learning_rate, l2, state, candidates)


@uncounted
def _pairwise(order, samples, factors, learning_rate, l2, state, drawn):
    users, items, _, item_bias, _ = factors
    rate, decay = np.float32(learning_rate), np.float32(learning_rate * l2)
    total = 0.0
    for n in order:
        user, liked = samples.users[n], samples.items[n]
        state = draw(user, samples.untouched, state, drawn)
        other = drawn[0]
        p, q, r = users[user], items[liked], items[other]
        dot = np.float32(0)
        for f in range(len(p)):
            dot += p[f] * (q[f] - r[f])
        loss, falls = logistic(item_bias[liked] - item_bias[other] + dot)
        total += loss
        step = rate * falls
        item_bias[liked] += step - decay * item_bias[liked]
        item_bias[other] += -step - decay * item_bias[other]
        for f in range(len(p)):
            before_step = p[f]
            p[f] += step * (q[f] - r[f]) - decay * before_step
            q[f] += step * before_step - decay * q[f]
            r[f] += -step * before_step - decay * r[f]
    return total


@kernel(_epoch)
def pairwise_epoch(order, samples, factors, learning_rate, l2, state):
    """Train each observed pair to score higher than a negative, by logistic loss of the difference.

    The arguments are those of pointwise_epoch, with one negative for each pair. Only item_bias
    changes among the biases: the others are the same for both items.

    Returns:
        The sum of the losses, each from just before its step.
    """
    return _pairwise(order, samples, factors, learning_rate, l2, state, np.empty(1, np.int32))
