"""A fitted model is ranked in tiles where its vectors give its scores, else by its scores."""

from dataclasses import dataclass

import numpy as np
import pytest

from bench.adapter import Adapter, Embeddings, Run
from bench.evaluation import fitted
from bench.evaluation.evaluate import evaluate
from bench.evaluation.fitted import evaluate_fitted
from bench.evaluation.ledger import Ledger
from bench.evaluation.scores import BadScores
from bench.evaluation.tiles import vectors
from bench.interactions import Floats, Ids, Interactions
from bench.protocol.task import Task, prepare
from bench.registry.datasets import load_data


@dataclass(kw_only=True)
class Offers(Adapter):
    """Vectors of whole numbers, whose products are exact; scores may be something else."""

    shift: float = 0.0  # of the scores of the first item against the vectors
    offers: bool = True

    def fit(self, train: Interactions, run: Run) -> None:
        random = np.random.default_rng(run.seed)
        self.users = random.integers(-9, 10, (train.n_users, 6)).astype(np.float32)
        self.items = random.integers(-9, 10, (train.n_items, 6)).astype(np.float32)
        self.asked = 0

    def scores(self, users: Ids) -> Floats:
        self.asked += len(users)
        scores = self.users[users] @ self.items.T
        scores[:, 0] += np.float32(self.shift)
        return scores

    def embeddings(self) -> Embeddings | None:
        return Embeddings(self.users, self.items) if self.offers else None


@pytest.fixture(scope="module")
def task() -> Task:
    return prepare(load_data("synthetic", None), "loo-99")


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the catalogue were large."""
    monkeypatch.setattr(vectors, "LEAST_ITEMS", 1)


def of(model: Offers, task: Task, threads: int = 1) -> Ledger:
    model.fit(task.train, Run())
    return evaluate_fitted(model, task.train, task.cases, threads=threads).ledger


def same(one: Ledger, other: Ledger) -> None:
    assert np.array_equal(one.recommended, other.recommended)
    for mine, theirs in zip([*one.full, *one.sampled], [*other.full, *other.sampled], strict=True):
        assert np.array_equal(mine, theirs)
    assert np.array_equal(one.novelty, other.novelty)


@pytest.mark.parametrize("threads", [1, 3])
def test_tiles_give_the_ledger_that_scores_give(task: Task, threads: int) -> None:
    model = Offers()
    found = of(model, task, threads)
    assert vectors.USERS <= model.asked <= 2 * vectors.USERS  # whose products were compared
    same(found, evaluate(model, task.train, task.cases).ledger)


@pytest.mark.parametrize("model", [Offers(shift=3.0), Offers(offers=False)])
def test_scores_are_asked_for_where_vectors_do_not_give_them(task: Task, model: Offers) -> None:
    found = of(model, task)
    assert model.asked >= len(task.cases.users)
    same(found, evaluate(model, task.train, task.cases).ledger)


def test_scores_are_asked_for_in_a_small_catalogue(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "LEAST_ITEMS", 50_000)
    model = Offers()
    of(model, task)
    assert model.asked == len(task.cases.users)


def test_a_pool_is_ranked_by_scores() -> None:
    task = prepare(load_data("synthetic:n_users=900,n_items=600", None), "cold-items")
    model = Offers()
    of(model, task)
    assert model.asked == len(task.cases.users)


@pytest.mark.parametrize("of_scores", [True, False])
def test_where_a_product_is_not_finite_scores_decide(task: Task, of_scores: bool) -> None:
    counts = np.bincount(task.train.users, minlength=task.train.n_users)
    user = task.cases.users[1 + counts[task.cases.users[1:-1]].argmax()]  # who is not compared

    class Gap(Offers):
        """One user's vector is not finite; the scores of that user are, or are not."""

        def scores(self, users: Ids) -> Floats:
            found = super().scores(users)
            found[(users == user) & of_scores] = np.nan
            return found

        def embeddings(self) -> Embeddings | None:
            users = self.users.copy()
            users[user] = np.nan
            return Embeddings(users, self.items)

    if of_scores:
        named = rf"scores\(\) returned NaN for user {task.train.user_ids[user]}, item "
        with pytest.raises(BadScores, match=named):
            of(Gap(), task)
    else:
        model = Gap()
        found = of(model, task)
        same(found, evaluate(model, task.train, task.cases).ledger)


def test_scores_of_users_with_few_items_are_compared(task: Task) -> None:
    users = task.cases.users
    order = np.argsort(np.bincount(task.train.users)[users], kind="stable")[: vectors.USERS]
    spread = np.linspace(0, len(users) - 1, vectors.USERS, dtype=int)
    user = users[np.setdiff1d(order, spread)[0]]  # compared as one with few items, if at all

    class OneUnlike(Offers):
        """Gives one user scores that its vectors do not."""

        def scores(self, users: Ids) -> Floats:
            found = super().scores(users)
            found[users == user] = np.arange(found.shape[1], dtype=np.float32)
            return found

    model = OneUnlike()
    found = of(model, task)
    same(found, evaluate(model, task.train, task.cases).ledger)


def test_progress_ends_at_one(task: Task) -> None:
    model, shares = Offers(), list[float]()
    model.fit(task.train, Run())
    evaluate_fitted(model, task.train, task.cases, progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert len(shares) == -(-len(task.cases.users) // fitted.USERS)
