"""Scores that are sums over a person's items: whether a model's are, and of which parts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.adapter import Adapter
from bench.interactions import Ids, Interactions

TRIED = 8  # popular items, by which it is seen whether scores are sums
CLOSE = 1e-3  # of the range of scores: how far sums may be from them


def are_sums(adapter: Adapter, train: Interactions) -> bool:
    """Whether scores are sums over a person's items, each by a factor for its place.

    A half-life gives such factors. People chose one of the items each, or all of them, each time
    another one last: each item is in each place once, so that both kinds of people have the same
    scores in all, but for one factor. It is tried with the most popular items.
    """
    users = np.bincount(train.items, minlength=train.n_items)
    items = np.argsort(-users, kind="stable")[:TRIED]
    in_turn = [np.roll(items, turn) for turn in range(len(items))]
    people = people_of([*([item] for item in items), *in_turn], train)
    try:
        scores = adapter.welcome(people).scores(np.arange(2 * len(items), dtype=np.int32))
    except NotImplementedError:
        return False
    each, all_of_them = scores.astype(np.float64).reshape(2, len(items), -1)
    if np.ptp(each, axis=0).max() <= CLOSE * np.ptp(each):  # everybody gets the same
        return False
    alone, together = each.sum(axis=0), all_of_them.sum(axis=0)
    factor = alone @ together / max(alone @ alone, 1e-300)
    return bool(np.abs(together - factor * alone).max() <= CLOSE * np.ptp(together))


def parts_of_sums(
    adapter: Adapter, scores: NDArray[np.float64], items: Ids, known: Interactions
) -> NDArray[np.float64] | None:
    """The part that each item has in the scores of a person, where these are the sum of them.

    It is the score of who chose the item alone, times the factor of its place where a model weighs
    items by how late they are: what the item adds to those after it, against what it is alone.

    Args:
        adapter: fitted, with `welcome`; its scores are sums, as `are_sums` says.
        scores: of the person, [I].
        items: that the person chose, by time, each once: n of them.
        known: has the catalogue.

    Returns:
        [n, I]; None where they do not sum to the scores.
    """
    everybody = np.arange(len(items), dtype=np.int32)
    alone = adapter.welcome(people_of([[item] for item in items], known)).scores(everybody)
    parts = alone.astype(np.float64)
    if "order" in adapter.needs():
        from_each = [items[place:] for place in range(len(items))]
        later = adapter.welcome(people_of(from_each, known)).scores(everybody).astype(np.float64)
        added = later[:-1] - later[1:]
        sizes = (parts[:-1] ** 2).sum(axis=1)
        along = (added * parts[:-1]).sum(axis=1)
        parts[:-1] *= (along / np.where(sizes > 0, sizes, np.inf))[:, None]
    gap = np.abs(parts.sum(axis=0) - scores).max()
    return parts if gap <= CLOSE * np.ptp(scores) else None


def people_of(
    chosen: Sequence[Sequence[int] | NDArray[np.integer[Any]]], known: Interactions
) -> Interactions:
    """People who chose these items, in this order, of a catalogue that is known."""
    users = np.repeat(np.arange(len(chosen)), [len(each) for each in chosen])
    return Interactions(
        users=users.astype(np.int32),
        items=np.concatenate([np.asarray(each, dtype=np.int32) for each in chosen]),
        times=np.arange(len(users), dtype=np.int64),
        n_users=len(chosen),
        n_items=known.n_items,
        item_ids=known.item_ids,
        item_features=known.item_features,
    )
