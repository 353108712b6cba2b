"""Parts of a data set that must fit together: features, and a split that came with it."""

import numpy as np

from bench.errors import Problem
from bench.interactions import DataSet, Ids, OriginalIds


class Misfit(Problem):
    """Features or a published split that do not belong to the users and items."""


def check_fits(data: DataSet) -> None:
    """Find what models, or what ranks, would otherwise read out of bounds.

    Raises:
        Misfit: two users or two items have one id; a table of features has not one row for each
            user or item; or a user, a held-out item or a negative of the split is none of the data
            set, no whole number, or tested twice. A negative of -1 is none.
    """
    given = data.interactions
    for kind, count in (("user", given.n_users), ("item", given.n_items)):
        if twice := _twice(given.user_ids if kind == "user" else given.item_ids):
            raise Misfit(f"two {kind}s have the id {twice[0]!r}; ids must differ")
        features = given.user_features if kind == "user" else given.item_features
        if features is not None and len(features) != count:
            raise Misfit(f"{kind}_features have {len(features)} rows, for {count} {kind}s")
    split = data.published
    if split is None:
        return
    lengths = {len(split.users), len(split.held_out), len(split.negatives)}
    if len(lengths) > 1:
        raise Misfit(f"the split has {sorted(lengths)} users, held-out items and negatives")
    for name, ids, dimensions, least, count in (
        ("users", split.users, 1, 0, given.n_users),
        ("held-out items", split.held_out, 1, 0, given.n_items),
        ("negatives", split.negatives, 2, -1, given.n_items),
    ):
        if ids.ndim != dimensions:
            raise Misfit(f"{name} of the split must be {dimensions}-dimensional, not {ids.ndim}")
        if ids.dtype.kind not in "iu":
            raise Misfit(f"{name} of the split must be whole numbers, not {ids.dtype}")
        if ids.size and not least <= ids.min() <= ids.max() < count:
            found = ids.min() if ids.min() < least else ids.max()
            raise Misfit(f"{name} of the split must lie in 0..{count - 1}, not {found}")
    if twice := _twice(split.users):
        raise Misfit(f"the split tests user {twice[0]} twice")


def _twice(ids: OriginalIds | Ids) -> list[str]:
    """The first id that occurs twice, if any; ascending ones, as most are, cost no sorting."""
    if (ids[1:] > ids[:-1]).all():
        return []
    found, counts = np.unique(ids, return_counts=True)
    return [str(each) for each in found[counts > 1][:1]]
