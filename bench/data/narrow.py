"""Filters of numbered interactions: moments, and the core in which all have enough."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bench.data.options import ReadOptions
from bench.data.times import moment
from bench.errors import BadParameter
from bench.interactions import PART, Interactions, occurrences
from bench.text import shown

Report = Callable[[str, Interactions], None]


def narrowed(
    data: Interactions, options: ReadOptions, ticks: int | None, report: Report
) -> Interactions:
    """The interactions within `since` and `until`, and of these the core of `min_user`, `min_item`.

    Users and items of which nothing is left are gone. The core is what is left when users with
    fewer distinct items and items with fewer distinct users are dropped until none is: it does not
    depend on the order of dropping. With `min_rating` only interactions rated at least so high
    count for it, and what is rated lower is dropped with its user or item alone; the protocol
    drops the rest.

    Args:
        ticks: how many of data's times are a second; None: they are no moments.
        report: called with the name of each step, and what it left.

    Raises:
        BadParameter: since or until is no moment, or does not fit the times.
    """
    if options.since is not None or options.until is not None:
        keep = np.ones(len(data), dtype=np.bool_)
        for name, bound in (("since", options.since), ("until", options.until)):
            if bound is not None:
                limit = _in_ticks(name, bound, ticks)
                keep &= data.times >= limit if name == "since" else data.times < limit
        data = _compact(data, keep)
        given = {"since": options.since, "until": options.until}
        report(" ".join(f"{k} {v}" for k, v in given.items() if v is not None), data)
    if options.min_user > 1 or options.min_item > 1:
        data = _compact(data, _in_core(data, options))
        least = {"min_user": options.min_user, "min_item": options.min_item}
        said = ", ".join(f"{name} {count}" for name, count in least.items() if count > 1)
        report(f"{said}, iterated", data)
    return data


def _in_ticks(name: str, bound: str, ticks: int | None) -> int:
    try:
        when = moment(bound)
    except ValueError:
        raise BadParameter(
            f"{name} takes a date, a time as 2020-01-31T12:00, or seconds since 1970,"
            f" not {shown(bound)}"
        ) from None
    if isinstance(when, datetime):
        if ticks is None:
            raise BadParameter(
                f"{name}: the times of this table are plain numbers, no moments; give a number"
            )
        delta = when - datetime.fromtimestamp(0, tz=when.tzinfo)
        micros = (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
        return -(-micros * ticks // 1_000_000)
    return int(np.ceil(when * (ticks or 1)))


def _compact(data: Interactions, keep: NDArray[np.bool_]) -> Interactions:
    """Only these interactions, and only the users and items that occur in them."""
    if keep.all():
        return data
    columns = {}
    for name, ids, count in (
        ("users", "user_ids", data.n_users),
        ("items", "item_ids", data.n_items),
    ):
        codes = getattr(data, name)[keep]
        occurs = occurrences(codes, count) > 0
        place = np.cumsum(occurs, dtype=np.int32) - np.int32(1)
        columns[name] = place[codes]
        columns[ids] = getattr(data, ids)[occurs]
    return replace(
        data,
        **columns,
        times=data.times[keep],
        ratings=None if data.ratings is None else data.ratings[keep],
        n_users=len(columns["user_ids"]),
        n_items=len(columns["item_ids"]),
    )


def _in_core(data: Interactions, options: ReadOptions) -> NDArray[np.bool_]:
    """Which interactions are of users and items in the core. [n]"""
    counted = np.ones(len(data), dtype=np.bool_)
    if options.min_rating is not None:
        if data.ratings is None:
            raise BadParameter("a minimum rating needs data with ratings; this data has none")
        counted = data.ratings >= options.min_rating
    pairs = data.users[counted].astype(np.int64) * data.n_items + data.items[counted]
    pairs.sort()
    distinct = np.ones(len(pairs), dtype=np.bool_)
    distinct[1:] = pairs[1:] != pairs[:-1]
    pairs = pairs[distinct]
    users = (pairs // data.n_items).astype(np.int32)
    items = (pairs % data.n_items).astype(np.int32)
    del pairs, distinct
    while True:
        has_user = occurrences(users, data.n_users) >= max(options.min_user, 1)
        has_item = occurrences(items, data.n_items) >= max(options.min_item, 1)
        keep = has_user[users] & has_item[items]
        if keep.all():
            break
        users, items = users[keep], items[keep]
    inside = np.empty(len(data), dtype=np.bool_)
    for start in range(0, len(data), PART):
        part = slice(start, start + PART)
        inside[part] = has_user[data.users[part]] & has_item[data.items[part]]
    return inside
