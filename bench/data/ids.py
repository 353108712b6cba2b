"""Number the users and items of a data set 0, 1, 2, ... as models know them."""

import numpy as np
from numpy.typing import NDArray

from bench.data.delimited import BadData

MOST_IDS = 10**7  # a larger id is a mistake, and would ask for a large table


def numbered(
    ids: NDArray[np.int64], what: str, name: str
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The distinct ids, ascending, and where each of `ids` stands among them. [n] -> [m], [n]

    By a table of all ids up to the largest: nothing is sorted. pyarrow's dictionary encoding is no
    faster for 25 million ids, and numbers them as they come.

    Raises:
        BadData: an id is negative or too large; `what` and `name` say what it is and of which file.
    """
    lowest, highest = ids.min(), ids.max()
    if lowest < 0 or highest >= MOST_IDS:
        stranger = lowest if lowest < 0 else highest
        raise BadData(f"{name}: {what} {stranger} is no id; they lie in 0..{MOST_IDS - 1}")
    occurs = np.zeros(highest + 1, dtype=np.bool_)
    occurs[ids] = True
    place = np.cumsum(occurs, dtype=np.int32) - np.int32(1)
    return np.flatnonzero(occurs), place[ids]


def positions(
    ids: NDArray[np.int64], known: NDArray[np.int64], what: str, name: str
) -> NDArray[np.int32]:
    """Where each id stands in `known`, which is sorted and distinct. [n] -> [n]

    Raises:
        BadData: an id is not in `known`; `what` and `name` say what it is and in which file.
    """
    found = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    if not np.array_equal(known[found], ids):
        stranger = ids[known[found] != ids][0]
        raise BadData(f"{name}: {what} {stranger} is not in the list of {what}s")
    return found.astype(np.int32)
