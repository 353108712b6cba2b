"""The items of a kept model, as people know them."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bench.interactions import Features, Interactions, OriginalIds, occurrences

YEAR = "year"  # a dense feature or a text of this name is when an item came out


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All I items of a data set, in the order of their numbers."""

    item_ids: OriginalIds  # [I]
    titles: list[str]  # the id, where nothing else is known
    years: list[int | None]
    genres: list[tuple[str, ...]]  # tags, where the items are no films
    users: NDArray[np.int64]  # [I], who have the item in train

    def __len__(self) -> int:
        return len(self.item_ids)

    @classmethod
    def of(cls, train: Interactions) -> Self:
        """What the features of the items say; without features a title is the item's id."""
        features, n = train.item_features, train.n_items
        labels = None if features is None else features.labels
        return cls(
            item_ids=train.item_ids,
            titles=[str(each) for each in train.item_ids] if labels is None else list(labels),
            years=[None] * n if features is None else _years(features),
            genres=[()] * n if features is None else _genres(features),
            users=occurrences(train.items, n),
        )


def _years(features: Features) -> list[int | None]:
    """Of a column that is called year, or something_year; what is no whole number is not known."""
    for name, column in zip(features.dense_names, features.dense.T, strict=True):
        if _is_year(name):
            return [int(each) if each.is_integer() else None for each in column.tolist()]
    for name, texts in zip(features.text_names, features.text, strict=True):
        if _is_year(name):
            return [int(each) if each.isascii() and each.isdecimal() else None for each in texts]
    return [None] * len(features)


def _is_year(name: str) -> bool:
    return name.lower() == YEAR or name.lower().endswith(f"_{YEAR}")


def _genres(features: Features) -> list[tuple[str, ...]]:
    names = features.multi_hot_names
    return [tuple(names[j] for j in np.flatnonzero(row)) for row in features.multi_hot]
