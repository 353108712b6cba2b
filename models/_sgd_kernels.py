"""The steps of stochastic gradient descent on factors, compiled by numba.

One thread takes one step after the other, so that a seed gives the same factors on every run.
"""

import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from bench.compilation import kernel, part
from bench.interactions import Floats, Ids, Interactions

# A map of all pairs finds negatives in half the time, but takes a bit for each user and item.
MAP_BYTES = 64 * 2**20

# Shapes: n steps over observed pairs, K distinct observed pairs, U users, I items, D factors.


class Untouched(NamedTuple):
    """Which items each user has left untouched, in the form that the kernels draw them from."""

    starts: NDArray[np.int64]  # [U + 1], where each user starts in before
    before: Ids  # [K], for each observed item, sorted: how many untouched ones come before it
    observed: NDArray[np.uint8]  # [U, I / 8], a bit for each pair; [0, 0] where that is too much

    @classmethod
    def by(cls, train: Interactions) -> Self:
        """The untouched items of each user of train."""
        matrix = train.matrix()
        matrix.sort_indices()
        starts, items = matrix.indptr.astype(np.int64), matrix.indices  # [U + 1], [K]
        users = np.repeat(np.arange(train.n_users), np.diff(starts))  # [K]
        before = items - (np.arange(len(items)) - starts[users])
        shape = (train.n_users, -(-train.n_items // 8))
        observed = np.zeros(shape if math.prod(shape) <= MAP_BYTES else (0, 0), dtype=np.uint8)
        if observed.size:
            for bit in range(8):  # no byte occurs twice among the pairs of one bit
                these = items & 7 == bit
                observed[users[these], items[these] >> 3] |= np.uint8(1 << bit)
        return cls(starts, before.astype(np.int32), observed)


class Factors(NamedTuple):
    """score(u, i) = bias + user_bias[u] + item_bias[i] + users[u] . items[i]."""

    users: Floats  # [U, D]
    items: Floats  # [I, D]
    user_bias: Floats  # [U]
    item_bias: Floats  # [I]
    bias: Floats  # [1]


UNTOUCHED = "int64[::1], int32[::1], uint8[:, ::1]"
FACTORS = "float32[:, ::1], float32[:, ::1], float32[::1], float32[::1], float32[::1]"
STEPS = f"int32[::1], int32[::1], {UNTOUCHED}, {FACTORS}"
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@part
def below(state, n):
    """A random integer in 0..n-1, from a state that grows by GOLDEN each time.

    This is splitmix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators",
    OOPSLA 2014). Its 32 high bits are scaled to n: a chance is off by 1 / 2^32 at most.
    """
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = (z ^ (z >> np.uint64(31))) >> np.uint64(32)
    return np.int64((z * np.uint64(n)) >> np.uint64(32))


@part
def draw(user, n_items, starts, before, observed, state, drawn):
    """Fill drawn with untouched items of the user, uniformly; returns the next state.

    The user must have an untouched item.
    """
    first, last = starts[user], starts[user + 1]
    untouched = n_items - (last - first)
    if len(observed) and 2 * untouched >= n_items:
        filled = 0
        while filled < len(drawn):  # two tries for each at most, on average
            state += GOLDEN
            item = below(state, n_items)
            drawn[filled] = item
            # Without a branch: a processor would guess one wrong about as often as it is taken.
            filled += 1 - ((observed[user, item >> 3] >> (item & 7)) & 1)
    else:
        for k in range(len(drawn)):
            state += GOLDEN
            rank = below(state, untouched)  # the rank-th untouched item is drawn
            drawn[k] = rank + np.searchsorted(before[first:last], rank, side="right")
    return state


@part
def logistic(margin):
    """Loss -log sigmoid(margin), and how fast it falls with the margin, sigmoid(-margin)."""
    small = math.exp(-abs(margin))
    falls = (small if margin > 0 else np.float32(1)) / (np.float32(1) + small)
    return max(-margin, np.float32(0)) + math.log(np.float32(1) + small), falls


@kernel(f"float64({STEPS}, int64, float64, float64, uint64)")
def pointwise_epoch(
    pairs_users,
    pairs_items,
    starts,
    before,
    observed,
    users,
    items,
    user_bias,
    item_bias,
    bias,
    negatives,
    learning_rate,
    l2,
    state,
):
    """Train each observed pair as a 1, then its negatives as 0, by logistic loss.

    Args:
        pairs_users, pairs_items: [n] each, of users who have an untouched item.
        starts, before, observed: see Untouched.
        users, items, user_bias, item_bias, bias: see Factors; changed in place.
        state: of the random numbers; anything.

    Returns:
        The sum of the losses, each from just before its step.
    """
    rate, decay = np.float32(learning_rate), np.float32(learning_rate * l2)
    candidates = np.empty(1 + negatives, dtype=np.int32)
    total, bias_now = 0.0, bias[0]
    for n in range(len(pairs_users)):
        user = pairs_users[n]
        p, user_bias_now = users[user], user_bias[user]
        candidates[0] = pairs_items[n]
        state = draw(user, len(items), starts, before, observed, state, candidates[1:])
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


@kernel(f"float64({STEPS}, float64, float64, uint64)")
def pairwise_epoch(
    pairs_users,
    pairs_items,
    starts,
    before,
    observed,
    users,
    items,
    user_bias,
    item_bias,
    bias,
    learning_rate,
    l2,
    state,
):
    """Train each observed pair to score higher than a negative, by logistic loss of the difference.

    The arguments are those of pointwise_epoch. Only item_bias changes among the biases: the others
    are the same for both items.

    Returns:
        The sum of the losses, each from just before its step.
    """
    rate, decay = np.float32(learning_rate), np.float32(learning_rate * l2)
    drawn = np.empty(1, dtype=np.int32)
    total = 0.0
    for n in range(len(pairs_users)):
        user, liked = pairs_users[n], pairs_items[n]
        state = draw(user, len(items), starts, before, observed, state, drawn)
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


@kernel(f"void(int32[::1], int64, {UNTOUCHED}, uint64, int32[:, ::1])")
def draw_for_each(users, n_items, starts, before, observed, state, drawn):
    """Fill drawn [n, count] with untouched items of each of the users [n]: see draw."""
    for n in range(len(users)):
        state = draw(users[n], n_items, starts, before, observed, state, drawn[n])
