"""The same interactions written down in another way, by which no model may judge them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.interactions import Features, Ids, Interactions
from bench.protocol.split import in_order

Order = NDArray[np.int64]


def with_users(data: Interactions, order: Order) -> Interactions:
    """User order[k] becomes user k. The rows stay by user and time, if they were."""
    users = np.argsort(order).astype(np.int32)[data.users]
    rows = np.argsort(users, kind="stable")
    return replace(
        data.take(rows),
        users=users[rows],
        user_ids=data.user_ids[order],
        user_features=_taken(data.user_features, order),
    )


def with_items(data: Interactions, order: Order) -> Interactions:
    """Item order[k] becomes item k."""
    return replace(
        data,
        items=np.argsort(order).astype(np.int32)[data.items],
        item_ids=data.item_ids[order],
        item_features=_taken(data.item_features, order),
    )


def _taken(features: Features | None, order: Order) -> Features | None:
    if features is None:
        return None
    return replace(
        features,
        categorical=features.categorical[order],
        multi_hot=features.multi_hot[order],
        dense=features.dense[order],
        labels=features.labels and tuple(features.labels[k] for k in order),
        text_vectors=None if features.text_vectors is None else features.text_vectors[order],
        text=tuple(tuple(column[k] for k in order) for column in features.text),
    )


def with_rows(data: Interactions, rng: np.random.Generator) -> Interactions:
    """The rows in a random order; those of a user at the same time keep theirs."""
    moments = np.stack([data.users.astype(np.int64), data.times], axis=1)
    _, moment = np.unique(moments, axis=0, return_inverse=True)
    place = rng.permutation(len(data))[moment.ravel()]  # the same for equal moments
    return data.take(np.argsort(place, kind="stable"))


def with_last_swapped(data: Interactions, users: Ids, rng: np.random.Generator) -> Interactions:
    """The last items of some of these users exchanged in pairs; all else stays.

    Two users can exchange them where neither has the other's. Each must have one.
    """
    ordered = in_order(data)
    last = np.searchsorted(ordered.users, users, side="right") - 1
    has = ordered.matrix().astype(bool)
    items = ordered.items.copy()
    waiting: list[np.intp] = []
    for row in rng.permutation(last):
        for other in waiting:
            if _can_swap(has, ordered.users[[row, other]], items[[row, other]]):
                items[[row, other]] = items[[other, row]]
                waiting.remove(other)
                break
        else:
            waiting.append(row)
    return replace(ordered, items=items)


def _can_swap(has: NDArray[np.bool_], users: Ids, items: Ids) -> bool:
    return not (has[users[0], items[1]] or has[users[1], items[0]])


def copied(data: Interactions) -> Interactions:
    """The same in memory of its own, where nothing but the flags of its arrays forbids writing."""
    return replace(data, users=data.users.copy(), items=data.items.copy(), times=data.times.copy())
