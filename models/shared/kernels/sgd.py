"""The steps of stochastic gradient descent on factors, compiled by numba.

One thread takes one step after the other, so that a seed gives the same factors on every run.
"""

from typing import NamedTuple

import numpy as np
from numba.core.types import NamedTuple as Record
from numba.core.types import float32, float64, int32, uint64
from numpy.typing import NDArray

from bench.compilation import kernel, uncounted
from bench.interactions import Floats, Ids

from .activations import logistic
from .untouched import draw, samples_type

AHEAD = 16  # pairs
LINE = 16  # numbers of 4 bytes that come into the cache at a time

# Shapes: n steps over N observed pairs, U users, I items, D factors.


class Factors(NamedTuple):
    """score(u, i) = bias + user_bias[u] + item_bias[i] + users[u] . items[i]."""

    users: Floats  # [U, D]
    items: Floats  # [I, D]
    user_bias: Floats  # [U]
    item_bias: Floats  # [I]
    bias: Floats  # [1]


class Ahead(NamedTuple):
    """What the steps of the next observed pairs need: made by looking ahead."""

    users: Ids  # [AHEAD]
    candidates: Ids  # [AHEAD, 1 + negatives], the observed item first
    read: NDArray[np.float64]  # [2], of no meaning


_factors_type = Record(
    (float32[:, ::1], float32[:, ::1], float32[::1], float32[::1], float32[::1]), Factors
)
_epoch = float64(int32[::1], samples_type, _factors_type, float64, float64, uint64)


@uncounted
def _look_ahead(order, samples, factors, state, ahead):
    """Draw the negatives of the next observed pairs [n], and read all that their steps will.

    So reads of what is not in the cache wait together, and not each for the one before. What is
    drawn, and each step, are as if one pair came after the other.

    Returns:
        The next state.
    """
    vectors, of_items, user_bias, item_bias, _ = factors
    users, candidates, read = ahead
    starts, before, observed, _, _ = samples.untouched
    total, places = np.float32(0), 0
    for n in range(len(order)):
        users[n] = samples.users[order[n]]
        candidates[n, 0] = samples.items[order[n]]
    for n in range(len(order)):
        user = users[n]
        total += user_bias[user]
        for f in range(0, vectors.shape[1], LINE):
            total += vectors[user, f]
        if not len(observed):
            for k in range(starts[user], starts[user + 1], LINE):
                places += before[k]
    for n in range(len(order)):
        state = draw(users[n], samples.untouched, state, candidates[n, 1:])
    for n in range(len(order)):
        for item in candidates[n]:
            total += item_bias[item]
            for f in range(0, of_items.shape[1], LINE):
                total += of_items[item, f]
    read[0], read[1] = total, places  # what is read for nothing, a compiler would leave out
    return state


@uncounted
def _pointwise(order, samples, factors, learning_rate, l2, state, ahead):
    users, items, user_bias, item_bias, bias = factors
    rate, decay = np.float32(learning_rate), np.float32(learning_rate * l2)
    total, bias_now = 0.0, bias[0]
    for n in range(len(order)):
        if n % AHEAD == 0:
            state = _look_ahead(order[n : n + AHEAD], samples, factors, state, ahead)
        user, candidates = ahead.users[n % AHEAD], ahead.candidates[n % AHEAD]
        p, user_bias_now = users[user], user_bias[user]
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
    ahead = Ahead(
        np.empty(AHEAD, np.int32), np.empty((AHEAD, 1 + samples.negatives), np.int32), np.empty(2)
    )
    return _pointwise(order, samples, factors, learning_rate, l2, state, ahead)


@uncounted
def _pairwise(order, samples, factors, learning_rate, l2, state, ahead):
    users, items, _, item_bias, _ = factors
    rate, decay = np.float32(learning_rate), np.float32(learning_rate * l2)
    total = 0.0
    for n in range(len(order)):
        if n % AHEAD == 0:
            state = _look_ahead(order[n : n + AHEAD], samples, factors, state, ahead)
        user = ahead.users[n % AHEAD]
        liked, other = ahead.candidates[n % AHEAD]
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
    ahead = Ahead(np.empty(AHEAD, np.int32), np.empty((AHEAD, 2), np.int32), np.empty(2))
    return _pairwise(order, samples, factors, learning_rate, l2, state, ahead)
