"""Strata: the tested users in groups, by their test item, their history and their last visit.

They are made of the data and its split alone; no model is asked. Of a section of a board they can
be had where its data set is at hand (`strata_of_section`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.errors import Problem, UsageError
from bench.interactions import DataSet, Interactions, Times, occurrences
from bench.leaderboard.sections import Section
from bench.protocol.split import in_order
from bench.protocol.task import Task, prepare
from bench.registry.datasets import load_data
from bench.registry.names import files
from bench.registry.own_data import agreed, own_dataset
from bench.text import first_line

POPULARITY, HISTORY, GAP, COLD = "popularity", "history", "gap", "cold"
TITLES = {POPULARITY: "test item", HISTORY: "history", GAP: "last visit", COLD: "test item"}
GAPS = (0, 60, 86_400)  # seconds
GAP_LABELS = ("in the same second", "within a minute", "within a day", "after a day")


class NoStrata(Problem):
    """The strata of a section cannot be had; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """Each of m tested users in one of several groups."""

    name: str  # as "gap"
    labels: tuple[str, ...]  # of the groups, in their order; a group may be empty
    stem: str  # of a sentence, as "where the test item follows"
    endings: tuple[str, ...]  # of the sentence, one for each group, as "within a minute"
    groups: NDArray[np.int64]  # [m], positions in labels

    def users(self, group: int) -> NDArray[np.bool_]:
        """Who is in a group. [m]"""
        return np.equal(self.groups, group)

    def shares(self) -> NDArray[np.float64]:
        """The share of the tested users that each group has."""
        return np.bincount(self.groups, minlength=len(self.labels)) / max(len(self.groups), 1)


Strata = Mapping[str, Grouping]  # by the names of the groupings


def strata(task: Task, ordered: Interactions | None) -> Strata:
    """Groupings of the tested users, in the order of task.cases and of ledgers.

    They are by popularity, history, gap and cold; by gap only where data are split by time
    and their order is given.

    Args:
        task: the data set under its protocol.
        ordered: all its interactions, those held out too, as `bench.protocol.split.in_order`
            gives them, or None. (A task does not know when a held-out item was chosen: no model
            needs it.)
    """
    found = [_popularity(task), _history(task)]
    if ordered is not None and task.order == "time":
        found.append(_gap(task, ordered))
    found.append(_cold(task))
    return {grouping.name: grouping for grouping in found}


def _popularity(task: Task) -> Grouping:
    """Items from the most popular on: each third of the train interactions is a stratum.

    Items with equally many interactions are in the same one, so that no numbering decides.
    """
    counts = occurrences(task.train.items, task.train.n_items)
    levels, level_of_item = np.unique(counts, return_inverse=True)
    of_level = levels * np.bincount(level_of_item)  # interactions of all items of a level
    more_popular = of_level.sum() - np.cumsum(of_level)
    third = np.minimum(3 * more_popular // max(int(of_level.sum()), 1), 2)
    third[levels == 0] = 2
    groups = third[level_of_item][task.cases.held_out]
    return Grouping(
        name=POPULARITY,
        labels=("head", "middle", "tail"),
        stem="where the test item is",
        endings=("in the head", "in the middle", "in the tail"),
        groups=groups.astype(np.int64),
    )


def _history(task: Task) -> Grouping:
    """Users by the number of their train interactions, cut at its quartiles."""
    lengths = occurrences(task.train.users, task.train.n_users)[task.cases.users]
    cuts = np.unique(np.quantile(lengths, (0.25, 0.5, 0.75), method="lower"))
    cuts = cuts[cuts < lengths.max()]  # nobody is beyond the last
    labels = [
        f"{low + 1} to {high} items" if low + 1 < high else f"{high} items"
        for low, high in pairwise(cuts)
    ]
    if len(cuts):
        labels = [f"up to {cuts[0]} items", *labels, f"over {cuts[-1]} items"]
    else:
        labels = ["all lengths"]
    return Grouping(
        name=HISTORY,
        labels=tuple(labels),
        stem="for users",
        endings=tuple(f"with {label}" for label in labels),
        groups=np.searchsorted(cuts, lengths, side="left"),
    )


def _gap(task: Task, ordered: Interactions) -> Grouping:
    """Users by the seconds from their last train interaction to the test item.

    In the same second, the order of the source alone says that the test item came last.
    """
    _, beyond = task.train.rows_of(task.cases.users)
    seconds = _held_out_times(task, ordered) - task.train.times[beyond - 1]
    return Grouping(
        name=GAP,
        labels=GAP_LABELS,
        stem="where the test item follows",
        endings=GAP_LABELS,
        groups=np.searchsorted(GAPS, seconds, side="left"),
    )


def _held_out_times(task: Task, ordered: Interactions) -> Times:
    """When the held-out items were chosen. [m]"""
    users, held_out = task.cases.users, task.cases.held_out
    pairs = ordered.users.astype(np.int64) * ordered.n_items + ordered.items
    wanted = users.astype(np.int64) * ordered.n_items + held_out
    rows = np.flatnonzero(np.isin(pairs, wanted))
    if len(rows) != len(wanted):
        raise NoStrata("a held-out item is not among the interactions of its user")
    return ordered.times[rows]  # both are by user, and a user has one


def _cold(task: Task) -> Grouping:
    """Test items that never occur in train, and the others."""
    return Grouping(
        name=COLD,
        labels=("in train", "cold"),
        stem="where the test item is",
        endings=("in train", "not in train"),
        groups=(counts_of_test_items(task) == 0).astype(np.int64),
    )


class Measured(NamedTuple):
    """What a section of a board was measured on."""

    data: DataSet
    task: Task
    ordered: Interactions  # all of them, those held out too, as `in_order` gives them


def strata_of_section(section: Section, data_dir: Path | None) -> Strata:
    """The strata of the tested users of a section, whose data set is loaded for it.

    Raises:
        NoStrata: the data are not at hand, or are others than those measured on.
    """
    _, task, ordered = measured_on(section, data_dir)
    return strata(task, ordered)


def measured_on(section: Section, data_dir: Path | None) -> Measured:
    """The data set of a section, and what its protocol makes of it.

    Args:
        section: of a board.
        data_dir: the publisher's data; of a section on a file of one's own, that file, which must
            be one that is read rightly without being told how.

    Raises:
        NoStrata: the data are not at hand, or are others than those measured on.
    """
    name, min_rating, eval_users = words_of_protocol(section.protocol)
    try:
        if section.data in files("datasets") or ":" in section.data:
            data = load_data(section.data, data_dir)
        elif data_dir is None:
            raise NoStrata("name the file with --data-dir")
        else:
            own, name, min_rating = agreed(own_dataset(data_dir, {}), name, min_rating)
            data = load_data(own, None)
        task = prepare(data, name, min_rating, eval_users)
    except (Problem, UsageError, OSError) as error:
        raise NoStrata(
            f"the data of {section.data} are not at hand: {first_line(error)}"
        ) from error
    measured = {record.split_sha256 for record in section.records if record.status == "ok"}
    if measured != {task.split_sha256}:
        raise NoStrata(
            f"the board of {section.data} was not measured on the data at hand"
            f" (split {task.split_sha256[:12]}, measured"
            f" {' and '.join(split[:12] for split in sorted(measured))})"
        )
    return Measured(data, task, in_order(data.interactions, min_rating))


def counts_of_test_items(task: Task) -> NDArray[np.int64]:
    """How many train interactions the test item of each tested user has. [m]"""
    return occurrences(task.train.items, task.train.n_items)[task.cases.held_out]


def words_of_protocol(protocol: str) -> tuple[str, float | None, int | None]:
    """Name, minimum rating and number of users of a protocol, as "loo-99-rated-4-users-100"."""
    words = re.fullmatch(r"(.+?)(?:-rated-([^-]+))?(?:-users-(\d+))?", protocol)
    if words is None:
        return protocol, None, None
    name, rating, users = words.groups()
    return name, float(rating) if rating else None, int(users) if users else None
