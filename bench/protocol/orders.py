"""The order of each user's items: of time, of the rows in the source, or a random one."""

from dataclasses import replace

import numpy as np

from bench.interactions import Interactions, Order, occurrences
from bench.protocol.negatives import keys_of_ids, mixed
from bench.protocol.split import in_order


def arranged(
    data: Interactions, order: Order, *, stream: str, min_rating: float | None = None
) -> Interactions:
    """The interactions by user, and each user's in this order, without repeats.

    By "time" they are those of `in_order`. By "file" a user's rows stand as in the source, and
    times are places among them: 0, 1, 2. By "random" the place of an item depends on the stream
    and the original ids of user and item alone, not on rows, other users or other items; times are
    all 0, for nothing can be learned from them.

    Args:
        data: as its `load` returned it.
        order: of each user's items.
        stream: the protocol's seed, as text.
        min_rating: only interactions rated at least this high count.

    Raises:
        ValueError: min_rating is given, but the data has no ratings.
    """
    if order == "time":
        return in_order(data, min_rating)
    if order == "file":
        ordered = in_order(_without_times(data), min_rating)
        counts = occurrences(ordered.users, ordered.n_users)
        first = np.cumsum(counts) - counts
        return replace(ordered, times=np.arange(len(ordered)) - first[ordered.users])
    ordered = in_order(data, min_rating)
    by_user = keys_of_ids(ordered.user_ids.tolist(), f"{stream}/user")
    by_item = keys_of_ids(ordered.item_ids.tolist(), f"{stream}/item")
    keys = mixed(by_user[ordered.users] + by_item[ordered.items])
    return _without_times(ordered.take(np.lexsort((keys, ordered.users))))


def _without_times(data: Interactions) -> Interactions:
    return replace(data, times=np.zeros(len(data), dtype=np.int64))
