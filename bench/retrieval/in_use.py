"""A kept model in use: what is prepared once for many questions."""

from functools import cached_property

import numpy as np

from bench.errors import UsageError
from bench.fold_in.alike import Alike
from bench.fold_in.prior import Prior
from bench.fold_in.ways import FoldIn, check_way, fold_in, ways_of
from bench.interactions import Ids, Interactions, OriginalIds
from bench.kept.model import KeptModel
from bench.retrieval.labels import Labels
from bench.retrieval.reasons import Parts, own_parts
from bench.retrieval.similar import Index, Measure
from bench.retrieval.spelling import nearest
from bench.retrieval.titles import Titles
from bench.retrieval.weights import WeightIndex
from bench.text import shown


class UnknownUser(UsageError, LookupError):
    """An id that no user of the data has."""


class InUse:
    """A kept model with all that its questions need, made when it is first needed."""

    def __init__(self, kept: KeptModel, chosen: str = "") -> None:
        """`chosen` says why this model, where nobody asked for it by name."""
        self.kept, self.chosen = kept, chosen
        self._indexes: dict[Measure, Index] = {}
        self._folds: dict[str, FoldIn] = {}

    @cached_property
    def titles(self) -> Titles:
        """Items by what people call them."""
        return Titles(self.kept.catalogue)

    @property
    def labels(self) -> Labels:
        """Items as people read them."""
        return self.titles.labels

    def index(self, by: Measure | None = None) -> Index:
        """Its vectors, or weights, to be searched.

        Raises:
            NoVectors: it does not compare items, or has no weights.
        """
        by = by or self.kept.by
        if by not in self._indexes:
            if by == "weights":
                self._indexes[by] = WeightIndex(self.kept)
            else:
                self._indexes[by] = Index(self.kept, by)
        return self._indexes[by]

    @cached_property
    def nearness(self) -> Index | None:
        """How alike items are for it, if it says that at all."""
        return None if self.kept.kind == "none" else self.index()

    def way(self) -> str:
        """How it serves people who are not in the data, where nobody asks for another way."""
        return "own" if "own" in ways_of(self.kept.adapter()) else "alike"

    def parts(self, items: tuple[int, ...], way: str) -> Parts:
        """The scores of a person who chose these items and is not in the data."""
        if way not in self._folds:
            check_way(way, self.kept.adapter(), self.kept.name)
            self._folds[way] = fold_in(way, self.kept.adapter(), self.kept.train())
        fold = self._folds[way]
        chosen = np.array(items, dtype=np.int32)
        if isinstance(fold, Prior | Alike):
            return Parts.summed(items, fold.shares(chosen))
        person = self._person(chosen)
        return own_parts(self.kept.adapter(), fold.scores(person)[0], person, self.kept.train())

    def user(self, user_id: str) -> int:
        """The number of a user of the data.

        Raises:
            UnknownUser: there is none of that id; the message has the range and an example.
        """
        ids = self.kept.users()[0]
        text = user_id.strip()
        found = np.flatnonzero(ids.astype(str) == text)
        if not len(found):
            raise UnknownUser(f"no user has the id {shown(text)}; {_known(ids, text)}")
        return int(found[0])

    def user_parts(self, user: int) -> Parts:
        """The scores of a user of the data by the restored model, or by its vectors."""
        chosen = self.history(user)
        vectors = self.kept.users()[1]
        if not self.kept.restorable() and self.kept.kind == "vectors" and vectors is not None:
            scores = self.kept.item_vectors @ vectors[user]
            return Parts(scores.astype(np.float64), tuple(dict.fromkeys(chosen.items.tolist())))
        adapter = self.kept.adapter()
        scores = adapter.scores(np.array([user], dtype=np.int32))[0]
        return own_parts(adapter, scores, chosen, self.kept.train())

    def history(self, user: int) -> Interactions:
        """What a user of the data chose in train, as that of one person."""
        train = self.kept.train()
        return self._person(train.items[train.users == user])

    def _person(self, items: Ids) -> Interactions:
        train = self.kept.train()
        return Interactions(
            users=np.zeros(len(items), dtype=np.int32),
            items=items,
            times=np.arange(len(items), dtype=np.int64),
            n_users=1,
            n_items=train.n_items,
            item_ids=train.item_ids,
            item_features=train.item_features,
        )


def _known(ids: OriginalIds, given: str) -> str:
    """Which ids there are: the range of numbers and an example, or the nearest text."""
    if ids.dtype.kind in "iu":
        example = ids[len(ids) // 2]
        return f"ids are whole numbers from {ids.min()} to {ids.max()}, as {example}"
    close = nearest([given], ids.tolist())
    return f"the nearest is {close[0]!r}" if close else f"one of {len(ids):,} is {ids[0]!r}"
