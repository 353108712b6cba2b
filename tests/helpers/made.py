"""Made-up data for the tests."""

import numpy as np
from hypothesis import strategies as st

from bench.interactions import DataSet, Interactions, PublishedSplit


def interactions(
    rows: list[tuple[int, int, int]], n_users: int = 0, n_items: int = 0, **more: object
) -> Interactions:
    """Interactions from (user, item, time)."""
    users, items, times = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Interactions(
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        times=times,
        n_users=n_users or int(users.max(initial=-1)) + 1,
        n_items=n_items or int(items.max(initial=-1)) + 1,
        **more,  # type: ignore[arg-type]
    )


def published() -> DataSet:
    """Two users with a published split, two negatives each; one is held out too."""
    given = PublishedSplit(
        users=np.array([0, 1], dtype=np.int32),
        held_out=np.array([0, 2], dtype=np.int32),
        negatives=np.array([[1, 3], [2, 0]], dtype=np.int32),
    )
    rows = [(0, 0, 9), (0, 2, 1), (0, 1, 2), (1, 2, 5), (1, 3, 7), (1, 0, 1)]
    return DataSet(interactions(rows), given)


@st.composite
def some_interactions(
    draw: st.DrawFn, users: int = 6, items: int = 12, *, testable: bool = False
) -> Interactions:
    """A few users and items, with repeats, tied times, and users of 0, 1 or 2 items.

    Where it is to be testable, some user has three items.
    """
    row = st.tuples(st.integers(0, users - 1), st.integers(0, items - 1), st.integers(0, 4))
    rows = draw(st.lists(row, max_size=60))
    if testable:
        user = draw(st.integers(0, users - 1))
        chosen = draw(st.permutations(range(items)))[:3]
        rows += [(user, item, draw(st.integers(0, 4))) for item in chosen]
    return interactions(rows, users, items)
