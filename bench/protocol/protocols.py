"""Protocols by name: how train, held-out items and negatives come about."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bench.errors import BadParameter, unknown
from bench.interactions import DataSet, Interactions, Order
from bench.protocol.cold_items import hold_out_cold, hold_out_cold_for_tuning
from bench.protocol.negatives import Negatives, sample
from bench.protocol.new_users import FAMILY, KNOWN, NewUsers, split_new_users
from bench.protocol.split import Split, as_published, hold_out_last, leave_one_out, leave_two_out

VALIDATION = "-validation"  # ends the name of each protocol that has no test items
SEED = 0  # of all that is drawn; a constant of the protocol, not of a run


class Protocol(NamedTuple):
    """How train and held-out items come about, and then the negatives of some tested users."""

    split: Callable[[DataSet], Split]  # of interactions in order
    negatives: Callable[[DataSet, Split], Negatives]
    order: Order = "time"  # of a user's items, of which the last is held out
    folds: tuple["Protocol", ...] = ()  # that make it up together


def _ours(split: Callable[[Interactions], Split]) -> Callable[[DataSet], Split]:
    return lambda data: split(data.interactions)


def _cold(split: Callable[..., Split]) -> Callable[[DataSet], Split]:
    return lambda data: split(data.interactions, stream=f"{SEED}/cold-items")


def _drawn(stream: str) -> Callable[[DataSet, Split], Negatives]:
    return lambda data, split: sample(split, stream=f"{SEED}/{stream}")


def as_they_were_published(data: DataSet, split: Split) -> Negatives:
    """As they were published, but that an item is no rival of itself.

    The NCF authors' MovieLens has the test item of 156 users among their own negatives. Their code,
    a dictionary of scores by item, ranks it once, as this does.
    """
    assert data.published is not None  # as_published has checked
    rows = np.isin(data.published.users, split.users)
    items = data.published.negatives[rows].copy()
    items[items == split.held_out[:, None]] = -1
    return Negatives(items=items, drawn=(items >= 0).sum(axis=1))


def _validation_of_published(data: DataSet) -> Split:
    measured = as_published(data)
    tested = np.isin(np.arange(data.interactions.n_users), measured.users)
    return hold_out_last(measured.train, tested)


# Those for tuning cannot see a test item, so that it may be among their negatives, as any item
# that the user has not chosen yet.
PROTOCOLS = {
    "loo-99": Protocol(_ours(leave_one_out), _drawn("test")),
    "loo-99-validation": Protocol(_ours(leave_two_out), _drawn("validation")),
    "loo-99-order-file": Protocol(_ours(leave_one_out), _drawn("test"), "file"),
    "loo-99-order-file-validation": Protocol(_ours(leave_two_out), _drawn("validation"), "file"),
    "loo-99-random": Protocol(_ours(leave_one_out), _drawn("test"), "random"),
    "loo-99-random-validation": Protocol(_ours(leave_two_out), _drawn("validation"), "random"),
    "cold-items": Protocol(_cold(hold_out_cold), _drawn("test")),
    "cold-items-validation": Protocol(_cold(hold_out_cold_for_tuning), _drawn("validation")),
    "ncf-files": Protocol(as_published, as_they_were_published),
    "ncf-files-validation": Protocol(_validation_of_published, _drawn("validation")),
}


def _new_users(wanted: NewUsers, fold: int = 0) -> Protocol:
    def split(ordered: Interactions) -> Split:
        return split_new_users(ordered, wanted, fold=fold, stream=str(SEED))

    return Protocol(_ours(split), _drawn("validation" if wanted.validation else "test"))


def protocol_named(name: str) -> Protocol:
    """The protocol of a name, as loo-99 or new-users-5.

    Raises:
        UnknownName: there is none.
        BadParameter: a number in the name is out of its range, or it stands for several.
    """
    members = protocols_of(name)
    if members != [name]:
        raise BadParameter(f"protocol {name} stands for {', '.join(members)}: name one of them")
    if name in PROTOCOLS:
        return PROTOCOLS[name]
    wanted = NewUsers.of(name)
    assert wanted is not None  # protocols_of has checked
    return _new_users(wanted)._replace(
        folds=tuple(_new_users(wanted, fold) for fold in range(wanted.folds))
    )


def protocols_of(name: str) -> list[str]:
    """The protocols that a name stands for: new-users for several, any other for itself.

    All of them have the same train, so that one fit serves them.

    Raises:
        UnknownName: there is no such protocol.
        BadParameter: a number in the name is out of its range.
    """
    if name in PROTOCOLS:
        return [name]
    wanted = NewUsers.of(name)
    if wanted is None:
        raise unknown("protocol", name, known_protocols())
    return wanted.members()


def known_protocols() -> list[str]:
    """All names, with K for a number."""
    return [*PROTOCOLS, *KNOWN, *(f"{name}{VALIDATION}" for name in KNOWN)]


def with_folds(protocol: str, folds: int) -> str:
    """The protocol in which all users are tested on, in so many folds.

    Raises:
        UnknownName: there is no such protocol.
        BadParameter: it has no folds.
    """
    protocols_of(protocol)
    wanted = NewUsers.of(protocol)
    if wanted is None:
        raise BadParameter(f"folds are of {FAMILY}, not of protocol {protocol}")
    return wanted.with_folds(folds)


ORDERS: dict[Order, str] = {
    "time": "loo-99",
    "file": "loo-99-order-file",
    "random": "loo-99-random",
}


def by_order(protocol: str, order: Order) -> str:
    """The protocol of the same kind by an order of each user's items.

    Raises:
        UnknownName: there is no such order.
        BadParameter: the protocol is by another one, or of a split that was published.
    """
    if order not in ORDERS:
        raise unknown("order", str(order), ORDERS)
    kind = protocol.removesuffix(VALIDATION)
    if kind not in ("loo-99", ORDERS[order]):
        raise BadParameter(
            f"protocol {protocol!r} is not by order {order!r}; leave one of both out"
        )
    return ORDERS[order] + protocol.removeprefix(kind)
