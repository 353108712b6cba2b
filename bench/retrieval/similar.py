"""Items that are alike: exact search over all vectors of a kept model."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.errors import UsageError
from bench.interactions import Floats
from bench.kept.manifest import By
from bench.kept.model import KeptModel
from bench.retrieval.answer import Answer, facts_of, line_of, plain_id
from bench.retrieval.labels import Labels

Measure = By | Literal["weights"]  #: of vectors, or of item weights: see `bench.retrieval.weights`
LEAST_USERS = 5  # below it vectors are of too few choices, and odd items lead
MEASURES = {
    "centred": "cosine of centred vectors",
    "cosine": "cosine of vectors",
    "dot": "dot product of vectors, by which popular items come first",
    "weights": "the weight of the item in the score of each other one, for who chose it",
}


class NoVectors(UsageError):
    """A model, or an item of it, that is like nothing."""


class Neighbours(NamedTuple):
    """The items most like one, the nearest first."""

    items: NDArray[np.int64]  #: [n]
    similarities: Floats  #: [n]


class Index:
    """The item vectors of a kept model, ready to be searched."""

    by: Measure
    above = -np.inf  # what is as alike as that, or less, is no neighbour

    def __init__(self, kept: KeptModel, by: By | None = None) -> None:
        """Prepare them once; a search is one product of a matrix and a vector.

        Raises:
            NoVectors: the model does not compare items.
        """
        if kept.kind == "none":
            raise NoVectors(
                f"{kept.name} gives everybody the same, or noise: no items are alike for it;"
                " name another with --model"
            )
        self.by = by or kept.by
        self._vectors = np.ascontiguousarray(kept.vectors(by))  # [I, d]
        self._users = kept.catalogue.users  # [I]

    def __contains__(self, item: int) -> bool:
        """Whether the model learned anything of an item."""
        return bool(self._vectors[item].any())

    def similarities(self, item: int) -> Floats:
        """How alike all items are to one: [I]"""
        return np.asarray(self._vectors @ self._vectors[item], dtype=np.float32)

    def nearest(
        self, item: int, n: int, least_users: int = LEAST_USERS, but: Iterable[int] = ()
    ) -> Neighbours:
        """At most n items that are most like one, itself left out.

        Args:
            item: its number.
            n: how many.
            least_users: items that fewer users have in train are left out.
            but: further items that are left out.
        """
        values = self.similarities(item)
        left_out = (self._users < least_users) | ~(values > self.above)
        left_out[[item, *but]] = True
        found = top(values, n, left_out)
        return Neighbours(found, values[found])


def top(values: Floats, n: int, left_out: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The items with the n largest values, of equal ones those with lower numbers first."""
    open_ = np.flatnonzero(~left_out)
    found = values[open_]
    if n < len(open_):
        least = np.partition(found, len(open_) - n)[len(open_) - n]
        keep = found >= least  # all that are as large as the last one
        open_, found = open_[keep], found[keep]
    return np.asarray(open_[np.argsort(-found, kind="stable")][:n])


def similar(
    kept: KeptModel,
    index: Index,
    labels: Labels,
    item: int,
    *,
    n: int = 10,
    least_users: int = LEAST_USERS,
    chosen: str = "",
    notes: Sequence[str] = (),
) -> Answer:
    """The items most like one.

    Args:
        kept: the model.
        index: its vectors.
        labels: its titles.
        item: its number.
        n: how many at most.
        least_users: items that fewer users have in train are left out.
        chosen: why this model, where nobody asked for it.
        notes: lines to be said below, on how the item was found.

    Raises:
        NoVectors: nobody has the item in train, and the model learned nothing of it.
    """
    if item not in index or not (kept.catalogue.users[item] or kept.uses_item_features()):
        raise NoVectors(f"{kept.name} learned nothing of {labels.label(item)}: no user chose it")
    found = index.nearest(item, n, least_users, labels.twins([item]))
    lines = [
        line_of(kept, labels, int(each), place, float(value))
        for place, (each, value) in enumerate(zip(*found, strict=True), start=1)
    ]
    return Answer(
        said=f"Similar to {labels.label(item)}, by {named(kept, chosen)}",
        query={"similar": item_of(kept, labels, item), "by": index.by, "least_users": least_users},
        model=facts_of(kept),
        score_name="similarity",
        lines=tuple(lines),
        notes=(*notes, *_remarks(kept, labels, item, index.by, n, len(lines), least_users)),
    )


def named(kept: KeptModel, chosen: str = "") -> str:
    """A model with where it learned, for people."""
    said = f"{kept.name} on {kept.cell.dataset}, {kept.cell.protocol}"
    return f"{said} ({chosen})" if chosen else said


def item_of(kept: KeptModel, labels: Labels, item: int) -> dict[str, Any]:
    """An item as what was asked for, fit for JSON."""
    id_ = plain_id(kept.catalogue.item_ids[item])
    return {"id": id_, "title": labels.titles[item], "year": labels.years[item]}


def _remarks(
    kept: KeptModel, labels: Labels, item: int, by: Measure, n: int, found: int, least_users: int
) -> list[str]:
    users = int(kept.catalogue.users[item])
    said = [kept.note] if kept.note else []
    if users < least_users:
        said.append(
            f"Only {users:,} of the users chose {labels.label(item)}: its vector says little."
        )
    few = int((kept.catalogue.users < least_users).sum())
    if few and found < n:
        least = min(1, int(kept.catalogue.users.min()))
        said.append(
            f"{few:,} items with under {least_users} users are left out; --least-users {least}"
            " shows them."
        )
    if kept.kind == "profile" and by != "weights":
        said.append("Where a model has no vectors of its own, they are made of its scores.")
    return [*said, f"Similarity: {MEASURES[by]}."]
