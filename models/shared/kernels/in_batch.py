"""Softmax over the items of a batch, compiled for the CPU: see `in_batch.py`."""

import numpy as np
from numba.core.types import float32, float64, int32, int64

from bench.compilation import kernel, part

from .activations import exp_of_negative, logistic

MASKED = np.float32(-1e9)
LANES = 64  # whose highest numbers are found side by side: a single one is not vectorised

# Shapes: U and I distinct users and items of a batch, B pairs of it, S pairs of them that are in
# train, b users in a block.


@kernel(int64(int32[::1], int64[::1], int32[::1], int32[::1], int64, int64[::1], int64[::1]))
def seen_pairs(users, starts, items, places, width, seen_starts, seen):
    """Where the users of a batch have items of it in train.

    Args:
        users: [U].
        starts, items: those of a user are items[starts[user] : starts[user + 1]].
        places: the place of each item of the catalogue in the batch, or -1.
        width: I.
        seen_starts: [U + 1], becomes where those of each user start.
        seen: [S] or longer, becomes u * I + i, as many as are returned.
    """
    count = 0
    for u in range(len(users)):
        seen_starts[u] = count
        for k in range(starts[users[u]], starts[users[u] + 1]):
            place = places[items[k]]
            seen[count] = u * width + place
            count += place >= 0  # without a branch: nobody could guess it
    seen_starts[len(users)] = count
    return count


# Loops stand in functions of their own, with few arrays each: else numba does not vectorise them.


@part
def _add_scaled(row, share, other):
    for i in range(len(row)):
        row[i] += share * other[i]


@part
def _scale(row, share):
    for i in range(len(row)):
        row[i] *= share


@part
def _raise(lanes, some):
    for k in range(len(some)):
        lanes[k] = some[k] if some[k] > lanes[k] else lanes[k]


@part
def _highest(row):
    lanes = row[:LANES].copy()
    for start in range(LANES, len(row), LANES):
        _raise(lanes, row[start : start + LANES])
    highest = lanes[0]
    for k in range(len(lanes)):
        highest = max(highest, lanes[k])
    return highest


@part
def _to_powers(row, highest):
    """Put e^(s - highest) in place of each s."""
    for i in range(len(row)):
        row[i] = exp_of_negative(row[i] - highest)


@part
def _sum(row):
    total = np.float32(0)
    for i in range(len(row)):
        total += row[i]
    return total


@kernel(float64(
    float32[:, ::1], int64, float32[::1], int64[::1], int64[::1], int64[::1], int64[::1], float32
))  # fmt: skip
def softmax_of_pairs(
    logits, first, log_chances, seen_starts, seen, pair_starts, item_places, share
):
    """The summed loss of the pairs of some users, each user's while it is cached.

    Args:
        logits: [b, I], not corrected yet; becomes the gradient of the loss times the share.
        first: the users are first, ..., first + b - 1 of the batch.
        log_chances: [I].
        seen_starts, seen: [U + 1], [S], as seen_pairs has them.
        pair_starts, item_places: [U + 1], [B]: the pairs of user u have the items
            item_places[pair_starts[u] : pair_starts[u + 1]].
        share: of the loss in what is minimised.
    """
    width, total = logits.shape[1], 0.0
    for r in range(len(logits)):
        row, u = logits[r], first + r
        pairs = item_places[pair_starts[u] : pair_starts[u + 1]]
        _add_scaled(row, np.float32(-1), log_chances)
        own = np.empty(len(pairs), np.float32)
        for k in range(len(pairs)):
            own[k] = row[pairs[k]]
        for k in range(seen_starts[u], seen_starts[u + 1]):
            row[seen[k] - u * width] = MASKED
        highest = _highest(row)
        _to_powers(row, highest)
        for k in range(seen_starts[u], seen_starts[u + 1]):
            row[seen[k] - u * width] = 0
        powers = max(_sum(row), np.float32(1e-37))
        others = np.float32(np.log(powers)) + highest
        pulled = np.float32(0)
        for k in range(len(pairs)):
            loss, falls = logistic(own[k] - others)
            total += loss
            own[k] = np.float32(falls) * share
            pulled += own[k]
        _scale(row, pulled / powers)
        for k in range(len(pairs)):
            row[pairs[k]] -= own[k]
    return total
