"""Everything that spaces of items are judged by: the same items, labels and questions for all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.embeddings.columns import LEAST_USERS
from bench.embeddings.next_item import Questions, questions
from bench.errors import Problem
from bench.evaluation.ledger import Ledger
from bench.evaluation.metrics import Counts, Values
from bench.interactions import Features, Ids, Interactions, OriginalIds
from bench.kept.catalogue import Catalogue

GENDER = ("gender", "sex")  # names of the feature of users that is probed


class OtherData(Problem):
    """A ledger and kept interactions that are not of one split."""


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """Of one data set under one protocol; n of its items are compared."""

    compared: Ids  # [n], numbers of items, ascending
    users: Counts  # [n], in train
    genres: NDArray[np.bool_]  # [n, G]
    years: Values  # [n], NaN where unknown
    gender: NDArray[np.bool_] | None  # [n_users, labels], None where it is not known
    asked: Questions


def criteria(train: Interactions, catalogue: Catalogue, ledger: Ledger) -> Criteria:
    """The criteria of what models learned from, and of how they were tested.

    Args:
        train: ordered by user, then time.
        catalogue: of its items.
        ledger: of any model's cell: they all have the same held-out items.

    Raises:
        OtherData: the ledger is of other data than the interactions.
    """
    try:
        users = _numbers(ledger.user_ids, train.user_ids)
        held_out = _numbers(ledger.item_ids, train.item_ids)
    except KeyError as error:
        raise OtherData(
            f"a ledger has a user or an item {error} that nothing is kept of"
        ) from error
    if (train.matrix()[users, held_out] != 0).any():
        raise OtherData("models are kept that learned from what their ledgers hold out")
    compared = np.flatnonzero(catalogue.users >= LEAST_USERS).astype(np.int32)
    years = [np.nan if year is None else year for year in catalogue.years]
    return Criteria(
        compared=compared,
        users=catalogue.users[compared],
        genres=_yes_or_no(catalogue.genres)[compared],
        years=np.array(years, dtype=float)[compared],
        gender=None if train.user_features is None else _gender(train.user_features),
        asked=questions(
            train,
            users,
            held_out,
            ledger.sampled.candidates - 1,
            compared,
        ),
    )


def _numbers(ids: OriginalIds, of: OriginalIds) -> Ids:
    place = {name: number for number, name in enumerate(of.tolist())}
    return np.array([place[name] for name in ids.tolist()], dtype=np.int32)


def _yes_or_no(sets: list[tuple[str, ...]]) -> NDArray[np.bool_]:
    names = sorted({name for each in sets for name in each})
    column = {name: j for j, name in enumerate(names)}
    found = np.zeros((len(sets), len(names)), dtype=np.bool_)
    for row, each in zip(found, sets, strict=True):
        row[[column[name] for name in each]] = True
    return found


def _gender(features: Features) -> NDArray[np.bool_] | None:
    """A column for each category; of two, one says all. None where no feature is called so."""
    for name, size, column in zip(
        features.categorical_names,
        features.categorical_sizes,
        features.categorical.T,
        strict=True,
    ):
        if name.lower() in GENDER:
            return np.asarray(column[:, None] == np.arange(size if size > 2 else 1))
    return None
