"""A model that keeps every law, models that break one each, and data for them."""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.adapter import Adapter, Embeddings, Run, State
from bench.interactions import Floats, Ids, Interactions
from bench.registry.models import load_module

load = load_module("datasets", "synthetic").load
DATA = load(n_users=25, n_items=18, n_groups=3, interactions_per_user=6)


@dataclass(kw_only=True)
class Good(Adapter):
    """Factors of the users' items; nothing in it depends on numbers or order."""

    power: float = 0.5

    def fit(self, train: Interactions, run: Run) -> None:
        matrix = train.matrix().toarray()
        counts = matrix.sum(axis=0)
        self._scores = np.float32(matrix @ (matrix.T @ matrix) / (1 + counts) ** self.power)

    def scores(self, users: Ids) -> Floats:
        return self._scores[users]


class CountsUsers(Good):
    def fit(self, train: Interactions, run: Run) -> None:
        super().fit(train, run)
        popular = np.bincount(train.items, minlength=train.n_items)
        self._scores += np.float32(np.arange(train.n_users)[:, None] % 7 * popular)


class CountsItems(Good):
    def fit(self, train: Interactions, run: Run) -> None:
        super().fit(train, run)
        self._scores += np.arange(train.n_items, dtype=np.float32)


class TakesTheFirstRow(Good):
    def fit(self, train: Interactions, run: Run) -> None:
        super().fit(train, run)
        users, first = np.unique(train.users, return_index=True)
        self._scores[users, train.items[first]] += 100


class LooksAtTheBatch(Good):
    def scores(self, users: Ids) -> Floats:
        return self._scores[users] - self._scores[users].max(axis=0)


class RemembersTheLastFit(Good):
    def fit(self, train: Interactions, run: Run) -> None:
        before = getattr(self, "_scores", 0)
        super().fit(train, run)
        self._scores = self._scores + before


class UsesTheGlobalState(Good):
    def fit(self, train: Interactions, run: Run) -> None:
        super().fit(train, run)
        np.random.seed(1)
        self._scores += np.float32(1e-3 * np.random.rand())


class WritesIntoTrain(Good):
    def fit(self, train: Interactions, run: Run) -> None:
        super().fit(train, run)
        train.times.setflags(write=True)
        train.times[:] = 0


class HoldsALambda(Good):
    def fit(self, train: Interactions, run: Run) -> None:
        super().fit(train, run)
        self._weigh = lambda scores: scores


class LikesTheFirstCandidate(Good):
    def pair_scores(self, users: Ids, items: Ids) -> Floats:
        return super().pair_scores(users, items) - np.arange(items.shape[1], dtype=np.float32)


class CountsThreads(Good):
    def fit(self, train: Interactions, run: Run) -> None:
        super().fit(train, run)
        self._scores[:, 0] += 1000 * (run.threads - 1)


class Overflows(Good):
    def scores(self, users: Ids) -> Floats:
        return np.float32(3e38) * (self._scores[users] / self._scores.max())


def from_the_callers(name: str) -> list[Any]:
    """What stands under a name in the functions that a model is called by."""
    frame, found = sys._getframe(), []
    while frame := frame.f_back:
        found += [frame.f_locals[name]] if name in frame.f_locals else []
    return found


class PeeksWhileItFits(Good):
    def fit(self, train: Interactions, run: Run) -> None:
        super().fit(train, run)
        for task in from_the_callers("bait"):
            self._scores[task.cases.users, task.cases.held_out] += 1000


class PeeksWhileItScores(Good):
    def scores(self, users: Ids) -> Floats:
        scores = self._scores[users]
        for batch in from_the_callers("batch"):
            scores[np.arange(len(users)), batch.held_out] += 1000
        return scores


class GivesNaN(Good):
    def scores(self, users: Ids) -> Floats:
        return self._scores[users] * np.where(users == 3, np.nan, 1)[:, None].astype(np.float32)


class GivesDoubles(Good):
    def scores(self, users: Ids) -> Any:
        return self._scores[users].astype(np.float64)


class GivesVectors(Good):
    """As Good, by the products of vectors that it gives, and with a state; it keeps every law."""

    def fit(self, train: Interactions, run: Run) -> None:
        matrix = train.matrix().toarray()
        counts = matrix.sum(axis=0)
        weights = np.float32(matrix.T @ matrix / (1 + counts) ** self.power)
        self._users = np.column_stack([matrix, np.ones(len(matrix), dtype=np.float32)])
        self._items = np.column_stack([weights.T, np.float32(counts / 100)])

    def scores(self, users: Ids) -> Floats:
        return self._users[users] @ self._items.T

    def embeddings(self) -> Embeddings | None:
        return Embeddings(self._users, self._items, biases=1)

    def state(self) -> State | None:
        return {"users": self._users, "items": self._items}

    def restore(self, state: State, train: Interactions) -> None:
        self._users, self._items = state["users"], state["items"]


class GivesOtherVectors(GivesVectors):
    def embeddings(self) -> Embeddings | None:
        return Embeddings(self._users, self._items * np.float32(1.01), biases=1)


class ConcealsABias(GivesVectors):
    def embeddings(self) -> Embeddings | None:
        return Embeddings(self._users, self._items)


class CallsAllBiases(GivesVectors):
    def embeddings(self) -> Embeddings | None:
        return Embeddings(self._users, self._items, biases=2)


class GivesVectorsOfSome(GivesVectors):
    def embeddings(self) -> Embeddings | None:
        return Embeddings(self._users[:-1], self._items, biases=1)


class ForgetsALittle(GivesVectors):
    def restore(self, state: State, train: Interactions) -> None:
        self._users, self._items = state["users"], state["items"] * np.float32(1 + 1e-6)


class LeavesCode(GivesVectors):
    def state(self) -> State | None:
        return {"users": np.array([self], dtype=object)}


CHEATS = {
    CountsUsers: "users",
    CountsItems: "items",
    TakesTheFirstRow: "rows",
    LooksAtTheBatch: "batches",
    RemembersTheLastFit: "refit",
    UsesTheGlobalState: "random",
    WritesIntoTrain: "inputs",
    HoldsALambda: "pickled",
    LikesTheFirstCandidate: "pairs",
    CountsThreads: "threads",
    Overflows: "doubled",
    PeeksWhileItFits: "hidden",
    PeeksWhileItScores: "hidden",
    GivesOtherVectors: "embeddings",
    ConcealsABias: "embeddings",
    CallsAllBiases: "embeddings",
    GivesVectorsOfSome: "embeddings",
    ForgetsALittle: "kept",
    LeavesCode: "kept",
}
