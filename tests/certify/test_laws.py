"""The laws of `bench certify`, by models that break one each, and the ways to write data down."""

import os
import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from made import interactions, some_interactions

from bench.adapter import Adapter, Run, tolerate
from bench.certify.judge import Comparison, check
from bench.certify.laws import LAWS, never
from bench.certify.rewrites import with_items, with_last_swapped, with_rows, with_users
from bench.certify.under_test import ModelUnderTest
from bench.errors import UnknownName
from bench.hashing import fingerprint
from bench.interactions import Floats, Ids, Interactions
from bench.protocol.split import hold_out_last, in_order
from bench.records.certificates import Finding
from bench.registry.models import load_module

load = load_module("datasets", "synthetic").load
DATA = load(n_users=25, n_items=18, n_groups=3, interactions_per_user=6)
SHAPE = (25, 18)


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
}


def findings(cls: type[Adapter]) -> dict[str, Finding]:
    """All laws in this process; of those of another process, as if the scores came from there."""
    subject = ModelUnderTest(cls, DATA, seed=3)
    found = {law: check(law, [subject]) for law in LAWS}
    before = subject.scores
    for law, threads in (("process", 1), ("threads", 2)):
        found[law] = check(law, [ModelUnderTest(cls, DATA, seed=3, threads=threads, before=before)])
    return found


def test_a_good_model_keeps_every_law() -> None:
    found = findings(Good)
    assert {each.status for each in found.values()} == {"pass"}
    assert found["users"].evidence == "450 of 450 ranks equal"
    assert "24 held-out items exchanged" in found["hidden"].evidence


@pytest.mark.parametrize("cls", CHEATS, ids=lambda cls: cls.__name__)
def test_each_cheat_fails_the_one_law_that_it_breaks(cls: type[Adapter]) -> None:
    found = findings(cls)
    assert [law for law in found if found[law].status != "pass"] == [CHEATS[cls]]
    assert found[CHEATS[cls]].status == "fail"
    assert found[CHEATS[cls]].evidence


@pytest.mark.parametrize(
    ("cls", "evidence"),
    [(GivesNaN, "NaN for user 3, item 0"), (GivesDoubles, "must return float32, not float64")],
)
def test_scores_that_cannot_be_ranked(cls: type[Adapter], evidence: str) -> None:
    found = check("form", [ModelUnderTest(cls, DATA)])
    assert found.status == "fail"
    assert evidence in found.evidence


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_judged_in_one_way(name: str) -> None:
    law = LAWS[name]
    assert law.tried
    assert (law.alone is None) == (law.again is not never)


@dataclass(kw_only=True)
class Drawn(Adapter):
    """Draws by the number of a user."""

    tolerances = tolerate("users", "items", "rows", hit_rate=0.05, why="users draw by number")

    def fit(self, train: Interactions, run: Run) -> None:
        popular = np.bincount(train.items, minlength=train.n_items)
        noise = np.random.default_rng(run.seed).random((train.n_users, train.n_items))
        self._scores = np.float32(popular + 1e-3 * noise)

    def scores(self, users: Ids) -> Floats:
        return self._scores[users]


def test_a_hit_rate_within_the_declared_tolerance() -> None:
    found = check("users", [ModelUnderTest(Drawn, DATA)])
    assert found.status == "tolerance"
    assert found.evidence.endswith("tolerance 0.05: users draw by number")
    assert check("rows", [ModelUnderTest(Drawn, DATA)]).status == "pass"  # declared, and not needed


class GuessesByNumber(Drawn):
    """Knows that user 5 u + n wants item 7 + n."""

    tolerances = tolerate("users", hit_rate=0.05, why="no good one")

    def fit(self, train: Interactions, run: Run) -> None:
        self._scores = np.tile(np.arange(train.n_items, dtype=np.float32), (train.n_users, 1))
        users = np.arange(train.n_users)
        self._scores[users, 7 + users % 5] += 100


def test_a_hit_rate_beyond_the_declared_tolerance() -> None:
    chosen = [(user, item, item) for user in range(25) for item in (5, 6, 7 + user % 5)]
    found = check("users", [ModelUnderTest(GuessesByNumber, interactions(chosen, 25, 40))])
    assert found.status == "fail"
    assert "before 1.000" in found.evidence
    assert found.evidence.endswith("tolerance 0.05: no good one")


@pytest.mark.parametrize(("value", "status"), [(0.05, "tolerance"), (1e-4, "fail")])
def test_scores_within_a_declared_tolerance(value: float, status: str) -> None:
    class Near(Good):
        tolerances = tolerate("items", scores=value, why="ends early")

        def fit(self, train: Interactions, run: Run) -> None:
            super().fit(train, run)
            self._scores += np.linspace(0, 0.01 * self._scores.max(), train.n_items, dtype="f4")

    found = check("items", [ModelUnderTest(Near, DATA)])
    assert found.status == status
    assert found.evidence.endswith(f"tolerance {value:g}: ends early")


@pytest.mark.parametrize(
    "wrong",
    [
        {"why": " ", "scores": 0.01},
        {"why": "so"},
        {"why": "so", "scores": 0.01, "hit_rate": 0.01},
        {"why": "so", "scores": 0.5},
        {"why": "so", "hit_rate": -0.01},
    ],
)
def test_a_tolerance_has_a_reason_and_one_small_figure(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="toler"):
        tolerate("users", **wrong)


def test_tolerances_name_laws_that_have_them() -> None:
    class Misspelt(Good):
        tolerances = tolerate("user", scores=0.01, why="so")

    class OfTheWrongFigure(Good):
        tolerances = tolerate("threads", hit_rate=0.01, why="so")

    with pytest.raises(UnknownName, match="Did you mean 'users'"):
        check("form", [ModelUnderTest(Misspelt, DATA)])
    with pytest.raises(ValueError, match="'threads' takes a tolerance of scores"):
        check("form", [ModelUnderTest(OfTheWrongFigure, DATA)])


def test_rounding_is_told_from_a_change() -> None:
    scores = np.array([[1, 2, 3, 3]], dtype=np.float32)
    nearly = scores + np.array([[0, 0, 0, 2.4e-7]], dtype=np.float32)
    compared = Comparison.of(scores, nearly)
    assert (compared.equal, compared.ranks) == (2, 4)
    assert compared.difference == pytest.approx(1.2e-7, rel=0.01)
    assert Comparison.of(scores, 2 * scores).equal == 4
    assert Comparison.of(scores, -scores).equal == 0


def rated(data: Interactions) -> Interactions:
    """With ids, and a rating of each row by which it is known again."""
    ids = {"user_ids": np.arange(data.n_users) + 70, "item_ids": np.arange(data.n_items) + 500}
    return replace(data, ratings=np.arange(len(data), dtype=np.float32), **ids)


def meaning(data: Interactions) -> set[tuple[int, ...]]:
    columns = (data.user_ids[data.users], data.item_ids[data.items], data.times, data.ratings)
    return set(zip(*(map(int, column) for column in columns), strict=True))


@given(some_interactions())
def test_another_numbering_means_the_same(data: Interactions) -> None:
    data = rated(data)
    rng = np.random.default_rng(len(data))
    users, items = rng.permutation(data.n_users), rng.permutation(data.n_items)
    assert meaning(with_users(data, users)) == meaning(data)
    assert meaning(with_items(data, items)) == meaning(data)
    assert with_users(data, users).user_ids.tolist() == (users + 70).tolist()
    back = with_items(with_items(data, items), np.argsort(items))
    assert fingerprint(back) == fingerprint(data)


def test_features_go_with_their_users_and_items() -> None:
    order = np.random.default_rng(0).permutation(25)
    moved = with_users(DATA, order)
    assert moved.user_features is not None and DATA.user_features is not None
    np.testing.assert_array_equal(moved.user_features.dense, DATA.user_features.dense[order])
    order = np.random.default_rng(0).permutation(18)
    moved = with_items(DATA, order)
    assert moved.item_features is not None
    assert moved.item_features.labels == tuple(f"Item {item}" for item in order)


@given(some_interactions())
def test_rows_at_the_same_time_keep_their_order(data: Interactions) -> None:
    data = rated(data)
    moved = with_rows(data, np.random.default_rng(len(data)))
    assert meaning(moved) == meaning(data)
    assert fingerprint(in_order(moved).items) == fingerprint(in_order(data).items)


@given(some_interactions())
def test_only_last_items_are_swapped_and_never_into_known_ones(data: Interactions) -> None:
    before = in_order(data)
    everyone = np.bincount(before.users, minlength=before.n_users) > 0
    users = np.flatnonzero(everyone)
    swapped = with_last_swapped(data, users, np.random.default_rng(len(data)))
    train, other = (hold_out_last(each, everyone) for each in (before, swapped))
    assert fingerprint(train.train) == fingerprint(other.train)
    assert sorted(train.held_out) == sorted(other.held_out)
    assert in_order(swapped) is swapped or len(in_order(swapped)) == len(swapped)
    assert swapped.matrix().nnz == before.matrix().nnz  # no pair twice


def test_another_process_counts_as_one() -> None:
    class OfItsProcess(Good):
        def fit(self, train: Interactions, run: Run) -> None:
            super().fit(train, run)
            self._scores[:, os.getpid() % 7] += 50

    elsewhere = np.roll(ModelUnderTest(OfItsProcess, DATA).scores, 1, axis=1)
    found = check("process", [ModelUnderTest(OfItsProcess, DATA, before=elsewhere)])
    assert found.status == "fail"
