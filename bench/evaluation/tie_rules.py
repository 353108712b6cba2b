"""Rules for items that share a user's latest time, and what popularity gets by each.

Leave-one-out holds out the latest item. Where several share that time, the order of the source
decides, and another rule would be as good. Popularity shows how much that moves, for it sees
nothing but the counts; its HR@10 is the exact expectation over all draws of negatives, so nothing
is drawn here.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.expectation import expected
from bench.evaluation.metrics import Standing
from bench.interactions import Ids, Interactions, occurrences
from bench.protocol.negatives import NEGATIVES
from bench.protocol.split import LEAST_ITEMS

Keys = NDArray[np.int64]

OURS = "the last in the source"
# Of the items that share a user's latest time, the one with the highest key is held out. A key is
# made of items in the order of the source, and how many people have chosen each. [n], [n] -> [n]
RULES: Mapping[str, Callable[[Ids, Keys], Keys]] = MappingProxyType(
    {
        OURS: lambda items, chosen: np.arange(len(items)),
        "the first in the source": lambda items, chosen: -np.arange(len(items)),
        "the lowest id": lambda items, chosen: -items.astype(np.int64),
        "the highest id": lambda items, chosen: items.astype(np.int64),
        "the most chosen": lambda items, chosen: chosen,
        "the least chosen": lambda items, chosen: -chosen,
    }
)
BOUNDS = "the least chosen", "the most chosen"  # what no other rule goes beyond, or hardly


class ByRule(NamedTuple):
    """What the rules would give."""

    users: int  # that are tested
    tied: int  # of them, with several items at their latest time
    popularity: dict[str, float]  # popularity's exact HR@10 among 99 negatives, by RULES


def popularity_by_rule(ordered: Interactions) -> ByRule:
    """Popularity's exact HR@10 under each of RULES.

    Args:
        ordered: as `bench.protocol.split.in_order` gives it.
    """
    of_users = occurrences(ordered.users, ordered.n_users)
    tested = np.flatnonzero(of_users >= LEAST_ITEMS)
    row_of = np.full(ordered.n_users, -1)
    row_of[tested] = np.arange(len(tested))
    rows = row_of[ordered.users]  # of each interaction; -1 where its user is not tested
    latest = np.zeros(ordered.n_users, dtype=ordered.times.dtype)
    latest[tested] = ordered.times[np.cumsum(of_users)[tested] - 1]
    at_latest = np.flatnonzero((rows >= 0) & (ordered.times == latest[ordered.users]))
    chosen = np.asarray(occurrences(ordered.items, ordered.n_items), dtype=np.int64)
    items, users = ordered.items[at_latest], rows[at_latest]
    last = np.searchsorted(users, np.arange(len(tested)), "right") - 1
    found = {}
    for name, key in RULES.items():
        held_out = items[np.lexsort((key(items, chosen[items]), users))[last]]
        standing = _of_popularity(ordered, rows, held_out, chosen)
        drawn = np.minimum(NEGATIVES, standing.candidates - 1)
        found[name] = expected(standing, drawn, 10).hit_rate
    tied = int((np.bincount(users, minlength=len(tested)) > 1).sum())
    return ByRule(len(tested), tied, found)


def _of_popularity(ordered: Interactions, rows: Keys, held_out: Ids, chosen: Keys) -> Standing:
    """Where popularity puts the held-out items among all that their users never touched."""
    counts = chosen - np.bincount(held_out, minlength=ordered.n_items)  # in train
    own = counts[held_out]
    ascending = np.sort(counts)
    first, beyond = (np.searchsorted(ascending, own, side) for side in ("left", "right"))
    of_tested = rows >= 0
    rows, theirs = rows[of_tested], counts[ordered.items[of_tested]]

    def touched(which: NDArray[np.bool_] | slice) -> Keys:
        return np.bincount(rows[which], minlength=len(own))  # the held-out item is one of them

    return Standing(
        better=ordered.n_items - beyond - touched(theirs > own[rows]),
        equal=beyond - first - touched(theirs == own[rows]),
        candidates=ordered.n_items - touched(slice(None)) + 1,
    )
