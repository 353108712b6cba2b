"""Histories of some users, taken out of a sparse matrix of ones, compiled for the CPU."""

from numba.core.types import boolean, int32, int64, void

from bench.compilation import kernel

# Shapes: U users, K pairs of them, B users that are taken, N pairs of theirs.


@kernel(void(int64[::1], int64[::1], int32[::1], int64[::1], int32[::1], int32[::1]))
def take_histories(users, starts, items, ends, taken, rows):
    """Copy the items of some users, user after user.

    Args:
        users: [B].
        starts, items: [U + 1], [K]: those of a user are items[starts[user] : starts[user + 1]].
        ends: [B], where those of each user end among the taken.
        taken: [N], becomes the items.
        rows: [N], becomes the place of each one's user among the users.
    """
    for b in range(len(users)):
        first = ends[b] - (starts[users[b] + 1] - starts[users[b]])
        shift = starts[users[b]] - first
        for k in range(first, ends[b]):
            taken[k] = items[shift + k]
            rows[k] = b


@kernel(int64(boolean[::1], int64[::1], int32[::1], int64[::1], int32[::1]))
def drop_pairs(kept, starts, items, less_starts, less_items):
    """Copy the pairs that are kept.

    Args:
        kept: [K].
        starts, items: as in take_histories.
        less_starts: [U + 1], becomes where each user starts then.
        less_items: [K], becomes the items, as many as are returned.
    """
    count = 0
    for user in range(len(starts) - 1):
        less_starts[user] = count
        for k in range(starts[user], starts[user + 1]):
            less_items[count] = items[k]
            count += kept[k]  # without a branch: nobody could guess it
    less_starts[len(starts) - 1] = count
    return count
