"""From a data set to what models learn from and what they are tested on: one way for all models."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.errors import BadParameter, Problem, unknown
from bench.hashing import fingerprint
from bench.interactions import DataSet, Ids, Interactions, Order
from bench.protocol.audit import audit
from bench.protocol.cold_items import hold_out_cold, hold_out_cold_for_tuning
from bench.protocol.fits import check_fits
from bench.protocol.negatives import Negatives, sample, some_users
from bench.protocol.orders import arranged
from bench.protocol.split import (
    Split,
    Touched,
    as_published,
    hold_out_last,
    leave_one_out,
    leave_two_out,
)

VALIDATION = "-validation"  # ends the name of each protocol that has no test items
SEED = 0  # of all that is drawn; a constant of the protocol, not of a run


class BadProtocol(Problem, ValueError):
    """The protocol does not fit the data."""


class Cases(NamedTuple):
    """What is held out: a model never sees it before it is fitted."""

    users: Ids  # [m], ascending
    held_out: Ids  # [m]
    negatives: Negatives
    # Candidates beside the negatives; then negatives are of it, and there is another standing.
    pool: NDArray[np.bool_] | None = None  # [n_items]; None for all items
    touched: Touched | None = None  # of these users, no candidates, beside what they have in train

    def take(self, rows: slice | NDArray[np.int64]) -> "Cases":
        """Some of the cases."""
        items, drawn = self.negatives
        touched = None if self.touched is None else self.touched.take(rows)
        negatives = Negatives(items[rows], drawn[rows])
        return Cases(self.users[rows], self.held_out[rows], negatives, self.pool, touched)

    def parts(self) -> list[Any]:
        """What tells these from other cases, for a hash."""
        further = [part for part in (self.pool, self.touched) if part is not None]
        return [self.users, self.held_out, self.negatives, *further]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One data set under one protocol."""

    dataset: str  # its name on the board
    protocol: str  # with what is counted and who is scored, as "loo-99-rated-4-users-10000"
    eval_users: int  # test users in the sample that is scored; 0 for all
    train: Interactions  # ordered by user, then time
    cases: Cases
    tuning: bool  # the held-out items are for choosing parameters: models may look while they fit
    published: bool  # the negatives are taken as they were published, and not drawn by us
    order: Order  # of a user's items; at random, times are 0
    audit: dict[str, Any]
    data_sha256: str
    split_sha256: str


class Protocol(NamedTuple):
    """How train and held-out items come about, and then the negatives of some tested users."""

    split: Callable[[DataSet], Split]  # of interactions in order
    negatives: Callable[[DataSet, Split], Negatives]
    order: Order = "time"  # of a user's items, of which the last is held out


def _ours(split: Callable[[Interactions], Split]) -> Callable[[DataSet], Split]:
    return lambda data: split(data.interactions)


def _cold(split: Callable[..., Split]) -> Callable[[DataSet], Split]:
    return lambda data: split(data.interactions, stream=f"{SEED}/cold-items")


def _drawn(stream: str) -> Callable[[DataSet, Split], Negatives]:
    return lambda data, split: sample(split, stream=f"{SEED}/{stream}")


def _published(data: DataSet, split: Split) -> Negatives:
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
    "ncf-files": Protocol(as_published, _published),
    "ncf-files-validation": Protocol(_validation_of_published, _drawn("validation")),
}


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


def prepare(
    data: DataSet | Interactions,
    protocol: str,
    min_rating: float | None = None,
    eval_users: int | None = None,
) -> Task:
    """Split a data set, draw the negatives and audit both.

    Args:
        data: as its `load` returned it.
        protocol: a name in PROTOCOLS.
        min_rating: only interactions rated at least this high count. The others are as if they
            were not there: their items may be among the candidates.
        eval_users: only a sample of so many users is scored and ranked; train stays the same.
            From as many as are tested on, it is all of them, as without it.

    Raises:
        UnknownName: there is no such protocol.
        BadProtocol: the protocol does not fit the data, or nobody is left to test.
        Misfit: features or a published split do not fit the interactions.
    """
    if protocol not in PROTOCOLS:
        raise unknown("protocol", protocol, PROTOCOLS)
    given = DataSet.of(data)
    check_fits(given)
    order = PROTOCOLS[protocol].order
    if order == "time" and not given.has_times:
        raise BadProtocol(
            f"protocol {protocol} holds out each user's latest item, but the data have no times;"
            " loo-99-order-file goes by the order of the rows, loo-99-random by none"
        )
    try:
        ordered = arranged(given.interactions, order, stream=f"{SEED}/order", min_rating=min_rating)
        used = replace(given, interactions=ordered)
        split = PROTOCOLS[protocol].split(used)
        scored = split
        if eval_users is not None and eval_users < len(split.users):
            scored = some_users(split, eval_users, stream=f"{SEED}/users")
        negatives = PROTOCOLS[protocol].negatives(used, scored)
    except ValueError as error:
        raise BadProtocol(f"protocol {protocol}: {error}") from error
    if not len(split.users):
        raise BadProtocol(
            f"nobody can be tested: of {given.interactions.n_users} users none has 3 distinct items"
            f" among {len(used.interactions)} interactions"
        )
    cases = Cases(scored.users, scored.held_out, negatives, scored.pool, scored.touched)
    return Task(
        dataset=given.name,
        protocol=protocol
        + ("" if min_rating is None else f"-rated-{min_rating:g}")
        + ("" if scored is split else f"-users-{eval_users}"),
        eval_users=0 if scored is split else len(scored.users),
        train=split.train,
        cases=cases,
        tuning=protocol.endswith(VALIDATION),
        published=PROTOCOLS[protocol].negatives is _published,
        order=order,
        audit=audit(given, used, split, scored, negatives, min_rating, order),
        data_sha256=fingerprint(used.interactions, published=used.published),
        split_sha256=fingerprint(
            [split.train.users, split.train.items, split.train.times, *cases.parts()]
        ),
    )
