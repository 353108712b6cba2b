"""New people: some users are left out of train, and a model is shown a few of their items later.

All interactions of a fifth of the users leave train. Their test items are their last; of the others
K are shown when the model is fitted: by a hash of user and item, so that those of a smaller K are
among those of a larger one, or the latest. Candidates are what a person never touched in the whole
history, whatever is shown, as in `loo-99`.
"""

import re
from dataclasses import replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from bench.errors import BadParameter
from bench.interactions import Interactions, occurrences
from bench.protocol.negatives import keys_of_ids, mixed
from bench.protocol.split import Split, Touched, hold_out_last

FAMILY = "new-users"
ALL = 1_000_000  # shown: everything that is known of a person; more than a number in a name can be
SHOWN = (1, 2, 5, 10, 20)  # what the family's name stands for
PARTS = 5  # new people are one of so many parts of all users
MOST_FOLDS = 10
LEAST_PEOPLE = 50
TEST, VALIDATION = 0, 1  # the parts of the users that are new
KNOWN = ("new-users", "new-users-K", "new-users-latest", "new-users-latest-K")
NAME = re.compile(
    r"new-users(?P<latest>-latest)?(?:-(?P<shown>\d{1,6}|all))?"
    r"(?:(?P<validation>-validation)|-folds-(?P<folds>\d{1,3}))?"
)


class NewUsers(NamedTuple):
    """What the name of a protocol of this family says."""

    shown: int | None  # items of each new person, or ALL; None for the family
    latest: bool = False  # the latest ones, instead of some by a hash
    validation: bool = False  # the new people are others, and those of the test are dropped
    folds: int = 0  # all users are new in one of so many folds; 0 for a fifth, once

    @classmethod
    def of(cls, protocol: str) -> Self | None:
        """From a name, as new-users-latest-5-validation; None where it is of no such protocol.

        Raises:
            BadParameter: a number is out of its range.
        """
        found = NAME.fullmatch(protocol)
        if found is None:
            return None
        number = found["shown"]
        shown = None if number is None else ALL if number == "all" else int(number)
        folds = int(found["folds"] or 0)
        if shown == 0:
            raise BadParameter(f"protocol {protocol}: K must be 1 or more, not 0")
        if found["folds"] and not 2 <= folds <= MOST_FOLDS:
            raise BadParameter(f"protocol {protocol}: folds must be 2 to {MOST_FOLDS}, not {folds}")
        return cls(shown, bool(found["latest"]), bool(found["validation"]), folds)

    def __str__(self) -> str:
        number = "" if self.shown is None else "-all" if self.shown == ALL else f"-{self.shown}"
        end = "-validation" if self.validation else f"-folds-{self.folds}" if self.folds else ""
        return FAMILY + ("-latest" if self.latest else "") + number + end

    def members(self) -> list[str]:
        """The protocols that a family stands for, or this one."""
        numbers = SHOWN if self.shown is None else (self.shown,)
        return [str(self._replace(shown=number)) for number in numbers]

    def with_folds(self, folds: int) -> str:
        """The protocol in which all users are new in one of the folds.

        Raises:
            BadParameter: it is of validation, or the number is out of its range.
        """
        if self.validation:
            raise BadParameter(f"protocol {self}: with folds everybody is tested on, so that none"
                               " is left for validation; leave one of both out")  # fmt: skip
        wanted = str(self._replace(folds=folds))
        type(self).of(wanted)
        return wanted


def parts_of(user_ids: NDArray[np.generic], parts: int, *, stream: str) -> NDArray[np.int64]:
    """Which of the parts each user is of, by a hash of the id alone. [n_users]"""
    keys = keys_of_ids(user_ids.tolist(), f"{stream}/new-users")
    return np.asarray((keys >> np.uint64(32)) * np.uint64(parts) >> np.uint64(32), dtype=np.int64)


def split_new_users(ordered: Interactions, wanted: NewUsers, *, fold: int, stream: str) -> Split:
    """Train without the new people, their test items, and what is shown of them.

    Args:
        ordered: from `in_order`.
        wanted: with a number of items to show.
        fold: which part of the users is new, where there are folds.
        stream: the protocol's seed, as text.

    Raises:
        ValueError: too few of the new people have an item more than are shown.
    """
    assert wanted.shown is not None  # a family is split by its members
    least = 1 if wanted.shown == ALL else wanted.shown
    part = parts_of(ordered.user_ids, wanted.folds or PARTS, stream=stream)
    new = part == (fold if wanted.folds else VALIDATION if wanted.validation else TEST)
    tested = new & (occurrences(ordered.users, ordered.n_users) > least)
    if tested.sum() < LEAST_PEOPLE:
        raise ValueError(
            f"of {new.sum():,} new people {tested.sum():,} have {least + 1} items or more,"
            f" to show {least} and test on the last; there must be {LEAST_PEOPLE}"
        )
    known = ~new & (part != TEST) if wanted.validation else ~new
    theirs = hold_out_last(ordered.take(tested[ordered.users]), tested)
    history = theirs.train
    rows = np.searchsorted(theirs.users, history.users)
    return replace(
        theirs,
        train=ordered.take(known[ordered.users]),
        touched=Touched.of_rows(rows, history.items, len(theirs.users)),
        shown=history.take(_shown(history, wanted.shown, wanted.latest, stream)),
        new_people=int(new.sum()),
    )


def _shown(history: Interactions, count: int, latest: bool, stream: str) -> NDArray[np.bool_]:
    """Which rows are shown: so many of each user. history is ordered by user, then time."""
    if latest:
        order = np.arange(len(history))[::-1]
    else:
        by_user = keys_of_ids(history.user_ids.tolist(), f"{stream}/shown/user")
        by_item = keys_of_ids(history.item_ids.tolist(), f"{stream}/shown/item")
        order = np.argsort(mixed(by_user[history.users] + by_item[history.items]), kind="stable")
    order = order[np.argsort(history.users[order], kind="stable")]
    users = history.users[order]
    place = np.arange(len(users)) - np.searchsorted(users, users)
    shown = np.zeros(len(history), dtype=bool)
    shown[order[place < count]] = True
    return shown
