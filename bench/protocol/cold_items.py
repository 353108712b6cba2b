"""Cold items: a tenth of the items are new, as if nobody had chosen them yet.

Which they are depends on the protocol's seed and their original ids alone. All their interactions
leave train; they stay in the catalogue, with what is known of them. Each user's latest interaction
with one is held out, and is ranked among the cold items and, apart from that, among all items. The
user's other cold items are no candidates.
"""

import numpy as np
from numpy.typing import NDArray

from bench.interactions import Interactions, occurrences
from bench.protocol.negatives import keys_of_ids
from bench.protocol.split import Split, Touched

TENTHS = 10  # into which the items fall
LEAST_IN_TRAIN = 2  # items of a tested user, so that something is known of it
LEAST_COLD = 20  # items: among fewer, half are in the top 10 whatever a model does
LEAST_USERS = 50  # with a cold item: a hit rate of fewer has a standard error over 0.07


def tenths(item_ids: NDArray[np.generic], stream: str) -> NDArray[np.int64]:
    """The tenth of each item, 0..9, by its original id. [n_items] -> [n_items]"""
    keys = keys_of_ids(item_ids.tolist(), stream)
    return np.asarray((keys >> np.uint64(32)) * np.uint64(TENTHS) >> np.uint64(32), dtype=np.int64)


def hold_out_cold(ordered: Interactions, *, stream: str) -> Split:
    """Hold out the latest cold item of each user who has one and two others: the first tenth.

    Args:
        ordered: by user, then time, without repeats.
        stream: the protocol's seed, as text.

    Raises:
        ValueError: there are too few cold items, or too few users to test.
    """
    return _hold_out(ordered, tenths(ordered.item_ids, stream) == 0)


def hold_out_cold_for_tuning(ordered: Interactions, *, stream: str) -> Split:
    """The same with the second tenth; all interactions of the first are gone for good.

    So nothing that is chosen on it can have seen one of them. Its items are no candidates.

    Raises:
        ValueError: as `hold_out_cold`.
    """
    tenth = tenths(ordered.item_ids, stream)
    return _hold_out(ordered.take(tenth[ordered.items] != 0), tenth == 1, gone=tenth == 0)


def _hold_out(
    ordered: Interactions, cold: NDArray[np.bool_], gone: NDArray[np.bool_] | None = None
) -> Split:
    """Hold out of these cold items, and leave out those that are gone. [n_items] each"""
    if cold.sum() < LEAST_COLD:
        raise ValueError(
            f"{cold.sum()} of {len(cold):,} items are cold, and {LEAST_COLD} are needed"
        )
    is_cold = cold[ordered.items]
    train, chosen = ordered.take(~is_cold), ordered.take(is_cold)
    in_train = occurrences(train.users, ordered.n_users)
    of_cold = occurrences(chosen.users, ordered.n_users)
    tested = (in_train >= LEAST_IN_TRAIN) & (of_cold > 0)
    if tested.sum() < LEAST_USERS:
        raise ValueError(
            f"{tested.sum():,} of {ordered.n_users:,} users have a cold item and"
            f" {LEAST_IN_TRAIN} others, and {LEAST_USERS} are needed"
        )
    users = np.flatnonzero(tested).astype(np.int32)
    last = np.cumsum(of_cold)[users] - 1
    others = tested[chosen.users]
    others[last] = False
    rows = np.searchsorted(users, chosen.users[others])
    return Split(
        train=train,
        users=users,
        held_out=chosen.items[last],
        pool=cold,
        touched=Touched.of_rows(rows, chosen.items[others], len(users), gone),
    )
