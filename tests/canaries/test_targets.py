"""Canaries get what they must, which is known without ranking."""

from dataclasses import replace
from math import log2
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from made import interactions, some_interactions
from measured_canaries import NAMES, measured

from bench.canaries import job as canary_job
from bench.canaries.targets import targets
from bench.interactions import DataSet, PublishedSplit
from bench.protocol.negatives import Negatives
from bench.protocol.task import BadProtocol, Task, prepare


@given(some_interactions(users=5, items=130) | some_interactions(users=5, items=14))
def test_each_is_within_its_bounds_on_any_data(data: Any) -> None:
    for name in ("loo-99", "loo-99-validation"):
        try:
            found = measured(prepare(data, name))
        except BadProtocol:
            return  # nobody has three items
        assert found.checks.keys() == NAMES - {"leaker"}
        assert found.broken() == {}
        assert found.invalid() == []
        assert str(found) == "canaries: 7 of 7 within their bounds"


@given(some_interactions(users=5, items=14))
def test_the_targets_are_those_of_a_loop_over_places(data: Any) -> None:
    try:
        task = prepare(data, "loo-99")
    except BadProtocol:
        return
    train, cases = task.train, task.cases
    wanted = targets(train, cases, published=False)
    popularity = np.bincount(train.items, minlength=train.n_items)
    hits: dict[str, list[float]] = {"constant": [], "popularity": [], "anti-oracle": []}
    gains: dict[str, list[float]] = {"constant": [], "popularity": [], "anti-oracle": []}
    for user, item in zip(cases.users, cases.held_out, strict=True):
        seen = train.items[train.users == user]
        others = [i for i in range(train.n_items) if i not in seen and i != item]
        better = sum(popularity[i] > popularity[item] for i in others)
        equal = sum(popularity[i] == popularity[item] for i in others)
        for name, first, last in (
            ("constant", 0, len(others)),
            ("popularity", better, better + equal),
            ("anti-oracle", len(others), len(others)),
        ):
            places = range(first, last + 1)
            hits[name].append(sum(place < 10 for place in places) / len(places))
            gain = sum(1 / log2(place + 2) for place in places if place < 10)
            gains[name].append(gain / len(places))
    for name, values in hits.items():
        assert wanted[name]["full_hr_at_10"].value == pytest.approx(np.mean(values))
        assert wanted[name]["full_ndcg_at_10"].value == pytest.approx(np.mean(gains[name]))
        # With fewer than 99 untouched items all of them are candidates of the sampled figure.
        assert wanted[name]["hr_at_10"].value == pytest.approx(np.mean(values))


def test_a_constant_is_at_ten_in_a_hundred_and_an_oracle_at_one(made: Task) -> None:
    wanted = targets(made.train, made.cases, published=False)
    assert wanted["constant"]["hr_at_10"].value == pytest.approx(0.1)
    assert wanted["leaker"] == wanted["constant"]
    assert wanted["repeater"] == wanted["constant"]
    for figure, target in wanted["oracle"].items():
        assert target.value == 1, figure
        assert wanted["anti-oracle"][figure].value == 0


def published(n_items: int = 150, users: int = 60) -> Any:
    """A published split; every fifth user has the held-out item among its own negatives."""
    rows = [(u, (7 * u + i) % n_items, i) for u in range(users) for i in range(6)]
    held_out = np.array([(7 * u + 5) % n_items for u in range(users)], dtype=np.int32)
    negatives = (held_out[:, None] + 1 + np.arange(99, dtype=np.int32)) % n_items
    negatives[::5, 3] = held_out[::5]
    split = PublishedSplit(
        users=np.arange(users, dtype=np.int32), held_out=held_out, negatives=negatives
    )
    return DataSet(interactions(rows, users, n_items), split)


def test_published_negatives_are_taken_as_they_are_but_for_the_item_itself() -> None:
    data = published()
    task = prepare(data, "ncf-files")
    assert task.published
    assert task.cases.negatives.drawn[:6].tolist() == [98, 99, 99, 99, 99, 98]
    assert measured(task).broken() == {}
    wanted = targets(task.train, task.cases, published=True)
    assert wanted["oracle"]["ndcg_at_10"].value == 1
    # With the item among its own negatives it ties with itself.
    given = data.published.negatives
    counted = task.cases._replace(negatives=Negatives(given, np.full(len(given), 99)))
    assert "oracle" in measured(replace(task, cases=counted)).broken()
    # Drawn by us, 98 negatives would be wrong.
    assert "constant" in measured(replace(task, published=False)).broken()


def test_of_a_large_catalogue_only_some_users_are_ranked(
    made: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary_job, "MOST_SCORES", 40 * made.train.n_items)
    found = measured(made)
    assert (found.users, found.broken()) == (40, {})
