"""F3: for whom is each model good? Users by their test item, their history and what is known."""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.compare.strata import COLD, Grouping, Measured, strata
from bench.evaluation.metrics import Values
from bench.study.boards import StudyBoard
from bench.study.paragraph import Paragraph, Table, Value, decimals, listed
from bench.study.separation import tau_between

FIGURE = "exact_hr_at_10"
NAMES = {"gender": ("F", "M")}  # of the categories, in their order, of the demographic features
LEAST = 10  # users that a mean is shown of


def audience(boards: Sequence[StudyBoard]) -> Paragraph:
    """Exact HR@10 of each model in strata of users."""
    tables: list[Table] = []
    sentences: list[str] = []
    notes: list[str] = []
    for board in boards:
        if board.measured is None:
            notes.append(f"{board.name}: strata left out: {board.missing}")
            continue
        groupings = groupings_of(board.measured)
        by_group = {each.name: means_by_group(board, each) for each in groupings}
        tables.append(_table(board, groupings, by_group, alone=len(boards) == 1))
        sentences += _sentences(board, groupings, by_group)
    notes.append(
        "Exact HR@10. Head, middle and tail have a third of the interactions each, of the most"
        " popular items on. Gender is as the publisher has it, and shown as it is, without a claim:"
        " groups differ in what they watch and how much, and in size."
    )
    return Paragraph("F3", "For whom?", tuple(sentences), tuple(tables), tuple(notes), True)


def groupings_of(measured: Measured) -> list[Grouping]:
    """The strata that the study shows: without test items that are cold, which are few."""
    found = strata(measured.task, measured.ordered)
    return [each for each in found.values() if each.name != COLD] + list(_demographic(measured))


def _demographic(measured: Measured) -> Iterator[Grouping]:
    """The tested users by what the data set says of them, where the categories have names."""
    features = measured.data.interactions.user_features
    if features is None:
        return
    columns = zip(
        features.categorical_names, features.categorical_sizes, features.categorical.T, strict=True
    )
    for name, size, column in columns:
        labels = NAMES.get(name)
        if labels is not None and len(labels) == size:
            yield Grouping(
                name=name,
                labels=labels,
                stem=f"for users of {name}",
                endings=labels,
                groups=column[measured.task.cases.users].astype(np.int64),
            )


def means_by_group(board: StudyBoard, grouping: Grouping) -> Values:
    """The figure of each model in each group; NaN where there are too few users. [n, groups]"""
    of_users = board.of_users(FIGURE)
    means = np.full((len(of_users), len(grouping.labels)), np.nan)
    for group in range(len(grouping.labels)):
        inside = grouping.users(group)
        if inside.sum() >= LEAST:
            means[:, group] = of_users[:, inside].mean(axis=1)
    return means


def _table(
    board: StudyBoard, groupings: list[Grouping], by_group: dict[str, Values], *, alone: bool
) -> Table:
    columns = ["model", "all", *(label for each in groupings for label in each.labels)]
    shares = [float(share) for each in groupings for share in each.shares()]
    values = np.c_[board.means(FIGURE), *(by_group[each.name] for each in groupings)]
    rows: list[tuple[Value, ...]] = [("share of users", 1.0, *shares)]
    for model, row in zip(board.models, values, strict=True):
        rows.append((model, *(float(x) if np.isfinite(x) else None for x in row)))
    digits = (0,) + (3,) * (len(columns) - 1)
    title = "" if alone else board.name
    return Table(board.name, tuple(columns), tuple(rows), digits, title, needs_data=True)


def _sentences(
    board: StudyBoard, groupings: list[Grouping], by_group: dict[str, Values]
) -> Iterator[str]:
    for grouping in groupings:
        means = by_group[grouping.name]
        shown = np.flatnonzero(np.isfinite(means).all(axis=0))
        if len(shown) < 2:
            continue
        if grouping.name in NAMES:
            said = [f"{grouping.labels[j]} {decimals(float(means[:, j].mean()), 3)}" for j in shown]
            yield (
                f"{board.name}, by {grouping.name}: {listed(said)}, the mean of the"
                f" {len(means)} models."
            )
            continue
        first, last = shown[0], shown[-1]
        fall = means[:, first] - means[:, last]
        most, least = (
            f"{board.models[j]} {decimals(float(means[j, first]), 3)} and"
            f" {decimals(float(means[j, last]), 3)}"
            for j in (int(np.argmax(fall)), int(np.argmin(fall)))
        )
        yield (
            f"{board.name}, {grouping.stem} {grouping.endings[first]} or {grouping.endings[last]}:"
            f" {most} (the steepest), {least} (the flattest)."
        )
    tau = tau_between(board.means(FIGURE), inverse_popularity_means(board))
    yield (
        f"{board.name}: with users weighted by the inverse popularity of their test item, the order"
        f" of the models has tau {decimals(tau, 2)} with the plain one."
    )


def inverse_popularity_means(board: StudyBoard) -> Values:
    """The figure of each model, users weighted by 1 / popularity of their test item. [n]

    A test item that nobody has in train counts as if one user had it.
    """
    popularity = board.popularity
    if popularity is None:
        raise ValueError("the weights need the data")
    return np.asarray(
        np.average(board.of_users(FIGURE), axis=1, weights=1 / np.maximum(popularity, 1))
    )
