"""Item-to-item figures against a loop over users, and against drawing negatives."""

import numpy as np
import pytest

from bench.embeddings.baselines import random_vectors
from bench.embeddings.next_item import NextItem, next_item, questions
from bench.embeddings.similarity import DotProducts, Popularity, unit
from bench.interactions import Interactions

N_USERS, N_ITEMS, DRAWN = 60, 200, 30


def made(seed: int = 0) -> tuple[Interactions, np.ndarray, np.ndarray, np.ndarray]:
    """Train, tested users, their held-out items, and the items that are compared."""
    rng = np.random.default_rng(seed)
    users, items, held_out = [], [], []
    for user in range(N_USERS):
        chosen = rng.permutation(N_ITEMS)[: rng.integers(2, 15)]
        users += [user] * (len(chosen) - 1)
        items += list(chosen[:-1])
        held_out.append(chosen[-1])
    train = Interactions(
        users=np.array(users, dtype=np.int32),
        items=np.array(items, dtype=np.int32),
        times=np.arange(len(users)),
        n_users=N_USERS,
        n_items=N_ITEMS,
    )
    compared = np.sort(rng.permutation(N_ITEMS)[:150]).astype(np.int32)
    tested = np.flatnonzero(rng.random(N_USERS) < 0.8).astype(np.int32)
    return train, tested, np.array(held_out, dtype=np.int32)[tested], compared


def found(vectors: np.ndarray, seed: int = 0) -> NextItem:
    train, tested, held_out, compared = made(seed)
    asked = questions(train, tested, held_out, np.full(len(tested), DRAWN), compared)
    answer = next_item(DotProducts(vectors), asked, compared)
    assert answer is not None
    return answer


def test_it_is_the_mean_over_drawn_negatives() -> None:
    train, tested, held_out, compared = made()
    vectors = unit(random_vectors(N_ITEMS, seed=3))[:, :2]
    rng = np.random.default_rng(0)
    full, sampled = [], []
    for user, target in zip(tested, held_out, strict=True):
        own = train.items[train.users == user]
        if own[-1] not in compared:
            continue
        score = np.where(np.isin(np.arange(N_ITEMS), compared), vectors @ vectors[own[-1]], -np.inf)
        rivals = np.setdiff1d(np.arange(N_ITEMS), [*own, target])

        def hit(
            others: np.ndarray, score: np.ndarray = score, target: int = target
        ) -> float:  # of ten places, ties at random
            better = (score[others] > score[target]).sum()
            equal = (score[others] == score[target]).sum()
            return float(np.clip(10 - better, 0, equal + 1) / (equal + 1))

        full.append(hit(rivals))
        draws = [hit(rng.choice(rivals, DRAWN, replace=False)) for _ in range(300)]
        sampled.append(np.mean(draws))
    ours = found(vectors)
    assert ours.full == pytest.approx(np.mean(full))
    assert ours.sampled == pytest.approx(np.mean(sampled), abs=0.01)
    assert ours.sampled_se == pytest.approx(np.std(sampled, ddof=1) / len(sampled) ** 0.5, abs=0.01)


def test_what_points_at_the_held_out_item_finds_it() -> None:
    train, tested, held_out, _ = made(1)
    vectors = np.zeros((N_ITEMS, N_USERS), dtype=np.float32)
    for user, target in zip(tested, held_out, strict=True):
        previous = train.items[train.users == user][-1]
        vectors[[previous, target], user] = 1
    everything = np.arange(N_ITEMS, dtype=np.int32)
    asked = questions(train, tested, held_out, np.full(len(tested), DRAWN), everything)
    assert len(asked) == len(tested)
    answer = next_item(DotProducts(vectors), asked, everything)
    assert answer is not None and answer.sampled == pytest.approx(1) and answer.full > 0.95


def test_items_that_are_not_compared_stand_behind() -> None:
    """So a constant space is at ten of the compared ones, and a held-out item among the others is
    not found."""
    train, tested, held_out, compared = made(2)
    asked = questions(train, tested, held_out, np.full(len(tested), DRAWN), compared)
    answer = next_item(DotProducts(np.ones((N_ITEMS, 1))), asked, compared)
    untouched = N_ITEMS - np.diff(asked.touched.indptr)
    rivals = np.array(
        [np.isin(compared, row.indices, invert=True).sum() for row in asked.touched], dtype=float
    )
    known = np.isin(asked.held_out, compared)
    assert answer is not None
    assert answer.full == pytest.approx(np.mean(np.where(known, 10 / rivals, 0.0)))
    assert (untouched > rivals).all()


def test_popularity_asks_nothing_of_the_item_before() -> None:
    train, tested, held_out, compared = made(3)
    asked = questions(train, tested, held_out, np.full(len(tested), DRAWN), compared)
    users = np.bincount(train.items, minlength=N_ITEMS)
    shuffled = asked.__class__(
        np.roll(asked.previous, 1), asked.held_out, asked.drawn, asked.touched
    )
    assert next_item(Popularity(users), asked, compared) == next_item(
        Popularity(users), shuffled, compared
    )


def test_users_without_an_item_in_train_are_not_asked() -> None:
    train, tested, held_out, compared = made(4)
    nobody = train.take(train.users < 0)
    asked = questions(nobody, tested, held_out, np.full(len(tested), DRAWN), compared)
    assert len(asked) == 0
    assert next_item(Popularity(np.ones(N_ITEMS, dtype=np.int64)), asked, compared) is None
