"""From a data set to what models learn from and what they are tested on: one way for all models."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.errors import BadParameter, Problem
from bench.hashing import fingerprint
from bench.interactions import DataSet, Ids, Interactions, Order
from bench.protocol.audit import audit
from bench.protocol.fits import check_fits
from bench.protocol.negatives import Negatives, some_users
from bench.protocol.orders import arranged
from bench.protocol.protocols import (
    SEED,
    VALIDATION,
    Protocol,
    as_they_were_published,
    protocol_named,
    protocols_of,
)
from bench.protocol.split import Touched


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

    @classmethod
    def joined(cls, several: Sequence["Cases"]) -> "Cases":
        """The cases of folds, which have touched items and no pool, by ascending user."""
        touched = [part.touched.pairs() for part in several if part.touched is not None]
        starts = np.cumsum([0, *(len(part.users) for part in several)])
        rows = np.concatenate(
            [rows + start for (rows, _), start in zip(touched, starts[:-1], strict=True)]
        )
        users, held_out, negatives, drawn = (
            np.concatenate(columns)
            for columns in zip(
                *((part.users, part.held_out, *part.negatives) for part in several), strict=True
            )
        )
        items = np.concatenate([items for _, items in touched])
        of_all = Touched.of_rows(rows, items, len(users))
        whole = cls(users, held_out, Negatives(negatives, drawn), None, of_all)
        return whole.take(np.argsort(users))

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
    # What a model is shown of the tested users when it is fitted, where train has nothing of them;
    # ordered by user, then time.
    shown: Interactions | None = None
    folds: tuple["Task", ...] = ()  # that are measured one by one, and joined

    @property
    def fits(self) -> tuple["Task", ...]:
        """The tasks of one fit each: the folds, or this one."""
        return self.folds or (self,)


def prepare(
    data: DataSet | Interactions,
    protocol: str,
    min_rating: float | None = None,
    eval_users: int | None = None,
) -> Task:
    """Split a data set, draw the negatives and audit both.

    Args:
        data: as its `load` returned it.
        protocol: a name, as `protocol_named` knows it.
        min_rating: only interactions rated at least this high count. The others are as if they
            were not there: their items may be among the candidates.
        eval_users: only a sample of so many users is scored and ranked; train stays the same.
            From as many as are tested on, it is all of them, as without it.

    Raises:
        UnknownName: there is no such protocol.
        BadParameter: the protocol's name stands for several, or has a number out of its range.
        BadProtocol: the protocol does not fit the data, or nobody is left to test.
        Misfit: features or a published split do not fit the interactions.
    """
    chosen = protocol_named(protocol)
    given = DataSet.of(data)
    check_fits(given)
    if chosen.order == "time" and not given.has_times:
        raise BadProtocol(
            f"protocol {protocol} holds out each user's latest item, but the data have no times;"
            " loo-99-order-file goes by the order of the rows, loo-99-random by none"
        )
    if chosen.folds and eval_users is not None:
        raise BadParameter(f"protocol {protocol} scores everybody: leave out the sample of users")
    try:
        ordered = arranged(
            given.interactions, chosen.order, stream=f"{SEED}/order", min_rating=min_rating
        )
        used = replace(given, interactions=ordered)
        tasks = [
            _task(given, used, protocol, each, min_rating, eval_users)
            for each in chosen.folds or (chosen,)
        ]
    except BadProtocol:
        raise
    except ValueError as error:
        raise BadProtocol(f"protocol {protocol}: {error}") from error
    return _of_folds(tasks) if chosen.folds else tasks[0]


def prepare_all(
    data: DataSet | Interactions,
    protocol: str,
    min_rating: float | None = None,
    eval_users: int | None = None,
) -> list[Task]:
    """`prepare` for each protocol that a name stands for: tasks with the same train.

    Raises:
        as `prepare`.
    """
    given = DataSet.of(data)
    return [prepare(given, name, min_rating, eval_users) for name in protocols_of(protocol)]


def _task(
    given: DataSet,
    used: DataSet,
    name: str,
    protocol: Protocol,
    min_rating: float | None,
    eval_users: int | None,
) -> Task:
    """The task of one fit, of interactions in order."""
    split = protocol.split(used)
    scored = split
    if eval_users is not None and eval_users < len(split.users):
        scored = some_users(split, eval_users, stream=f"{SEED}/users")
    negatives = protocol.negatives(used, scored)
    if not len(split.users):
        raise BadProtocol(
            f"nobody can be tested: of {given.interactions.n_users} users none has 3 distinct items"
            f" among {len(used.interactions)} interactions"
        )
    cases = Cases(scored.users, scored.held_out, negatives, scored.pool, scored.touched)
    shown = [] if split.shown is None else [split.shown.users, split.shown.items]
    return Task(
        dataset=given.name,
        protocol=name
        + ("" if min_rating is None else f"-rated-{min_rating:g}")
        + ("" if scored is split else f"-users-{eval_users}"),
        eval_users=0 if scored is split else len(scored.users),
        train=split.train,
        cases=cases,
        tuning=name.endswith(VALIDATION),
        published=protocol.negatives is as_they_were_published,
        order=protocol.order,
        audit=audit(given, used, split, scored, negatives, min_rating, protocol.order),
        data_sha256=fingerprint(used.interactions, published=used.published),
        split_sha256=fingerprint(
            [split.train.users, split.train.items, split.train.times, *cases.parts(), *shown]
        ),
        shown=split.shown,
    )


def _of_folds(folds: Sequence[Task]) -> Task:
    """The task that they make up: its train is the first one's, its cases are all of theirs."""
    audits = [fold.audit for fold in folds]
    tested = sum(found["tested_users"] for found in audits)
    summed = ("users_with_few_negatives", "cold_held_out_items", "new_people")
    return replace(
        folds[0],
        cases=Cases.joined([fold.cases for fold in folds]),
        audit=audits[0]
        | {name: sum(found[name] for found in audits) for name in summed}
        | {
            "tested_users": tested,
            "scored_users": tested,
            "untested_users": audits[0]["users"] - tested,
            "folds": len(folds),
        },
        split_sha256=fingerprint([fold.split_sha256 for fold in folds]),
        folds=tuple(folds),
    )
