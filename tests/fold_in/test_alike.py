"""Alike against a double loop over people and neighbours."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import interactions, some_interactions
from numpy.typing import NDArray

from bench.adapter import Adapter, Run
from bench.errors import BadParameter, UnknownName
from bench.fold_in import alike
from bench.fold_in.alike import Alike
from bench.fold_in.ways import WAYS, fold_in, ways_of
from bench.interactions import Floats, Ids, Interactions


@dataclass(kw_only=True)
class Noise(Adapter):
    """Scores of no meaning, other ones for each user; the numbers of those asked for are noted."""

    def fit(self, train: Interactions, run: Run) -> None:
        rng = np.random.default_rng(run.seed)
        self.table = rng.normal(3, 2, (train.n_users, train.n_items)).astype(np.float32)
        self.asked: list[int] = []

    def scores(self, users: Ids) -> Floats:
        self.asked += users.tolist()
        return self.table[users]


def fitted(train: Interactions) -> Noise:
    model = Noise()
    model.fit(train, Run(seed=1))
    return model


def sets(data: Interactions) -> list[set[int]]:
    return [set(data.items[data.users == user].tolist()) for user in range(data.n_users)]


def by_hand(model: Noise, train: Interactions, people: Interactions, most: int) -> NDArray[Any]:
    def z(row: NDArray[Any]) -> NDArray[Any]:
        return (row - row.mean()) / row.std() if row.std() > 0 else row * 0

    popularity = np.bincount(train.items, minlength=train.n_items).astype(np.float64)
    rows = []
    for own in sets(people):
        likeness = [
            (len(own & other) / np.sqrt(len(own) * len(other)), user)
            for user, other in enumerate(sets(train))
            if own & other
        ]
        edge = sorted((like for like, _ in likeness), reverse=True)[:most]
        near = [(like, user) for like, user in likeness if like >= edge[-1] - 1e-6]
        total = sum(like for like, _ in near)
        if total:
            rows.append(sum(like * z(model.table[user]) for like, user in near) / total)
        else:
            rows.append(z(popularity))
    return np.array(rows)


@settings(max_examples=60)
@given(train=some_interactions(users=9), people=some_interactions(), most=st.integers(1, 4))
def test_it_is_the_weighted_mean_of_the_most_alike(
    train: Interactions, people: Interactions, most: int
) -> None:
    counted = pytest.MonkeyPatch()
    with counted.context() as patch:
        patch.setattr(alike, "NEIGHBOURS", most)
        train, people = (d.take(np.lexsort((d.times, d.users))) for d in (train, people))
        distinct = interactions(  # an order of pairs, each once
            [(u, i, 0) for u, row in enumerate(sets(train)) for i in sorted(row)],
            train.n_users,
            train.n_items,
        )
        model = fitted(distinct)
        found = Alike(model, distinct).scores(people)
    wanted = by_hand(model, distinct, people, most)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("most_kept", [0, alike.MOST_KEPT])
def test_neither_blocks_nor_what_is_kept_change_a_score(
    monkeypatch: pytest.MonkeyPatch, most_kept: int
) -> None:
    rng = np.random.default_rng(0)
    rows = [(u, int(i), 0) for u in range(80) for i in rng.choice(30, 6, replace=False)]
    train = interactions(rows, 80, 30)
    people = interactions([(u, int(rng.integers(30)), 0) for u in range(20)], 20, 30)
    wanted = Alike(fitted(train), train).scores(people)
    monkeypatch.setattr(alike, "MOST_KEPT", most_kept)
    monkeypatch.setattr(alike, "USERS_AT_ONCE", 3)
    monkeypatch.setattr(alike, "PEOPLE_AT_ONCE", 100)
    again = Alike(fitted(train), train)
    np.testing.assert_allclose(again.scores(people), wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(again.scores(people), wanted, rtol=1e-4, atol=1e-5)


def test_nobody_of_train_is_scored_twice() -> None:
    train = interactions([(u, i, 0) for u in range(5) for i in (u, u + 1)], 5, 6)
    model = fitted(train)
    way = Alike(model, train)
    for _ in range(2):
        way.scores(interactions([(0, 1, 0), (1, 2, 0)], 2, 6))
    assert sorted(model.asked) == [0, 1, 2]


def test_who_shares_an_item_with_nobody_is_served_by_popularity() -> None:
    train = interactions([(0, 0, 0), (1, 0, 0), (1, 1, 0)], 2, 4)
    found = Alike(fitted(train), train).scores(interactions([(0, 3, 0)], 2, 4))
    assert found.shape == (2, 4)
    assert (np.argsort(-found, kind="stable")[:, :2] == [0, 1]).all()
    np.testing.assert_array_equal(found[0], found[1])


@settings(max_examples=60)
@given(train=some_interactions(users=9), chosen=st.sets(st.integers(0, 11)))
def test_a_score_is_the_sum_of_its_parts(train: Interactions, chosen: set[int]) -> None:
    items = np.array(sorted(chosen), dtype=np.int32)
    items = items[items < train.n_items]
    person = interactions([(0, int(item), 0) for item in items], 1, train.n_items)
    way = Alike(fitted(train), train)
    parts = way.shares(items)
    assert parts.of_items.shape == (len(items), train.n_items)
    summed = parts.of_items.sum(axis=0) + parts.of_all
    np.testing.assert_allclose(summed, way.scores(person)[0], rtol=1e-4, atol=1e-5)


def test_an_item_has_a_part_where_a_neighbour_has_it_alone() -> None:
    train = interactions([(0, 0, 0), (1, 1, 0), (2, 2, 0)], 3, 4)
    model = fitted(train)
    way = Alike(model, train)
    parts = way.shares(np.array([0, 3], dtype=np.int32))
    everybody = alike.standardised(model.table).mean(axis=0)
    lent = alike.standardised(model.table)[0] - everybody
    np.testing.assert_allclose(parts.of_all, everybody, atol=1e-6)
    np.testing.assert_allclose(parts.of_items, [lent, 0 * lent], atol=1e-6)


def test_ways_are_those_that_a_model_has() -> None:
    assert ways_of(Noise) == ways_of(Noise()) == ("alike",)
    train = interactions([(0, 0, 0), (0, 1, 0)])
    with pytest.raises(BadParameter, match="cannot serve new people by 'prior', but by alike"):
        fold_in("prior", fitted(train), train)
    with pytest.raises(UnknownName, match="Did you mean 'alike'"):
        fold_in("alik", fitted(train), train)
    assert WAYS == ("own", "prior", "alike")
