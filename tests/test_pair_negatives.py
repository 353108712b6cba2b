"""Random items for the neural models: what is drawn, and what training sees of it."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, some_interactions

from bench import registry
from bench.adapter import Run
from bench.interactions import Interactions

negatives = import_module("bench.models._negatives")
pairs = import_module("bench.models._pairs")

PLAIN = import_module("bench.datasets.synthetic").load(
    n_users=40, n_items=30, interactions_per_user=8, features=False
)


@pytest.mark.parametrize("map_bytes", [0, 2**20], ids=["keys", "map"])
@given(train=some_interactions(), seed=st.integers(0, 2**31))
def test_negatives_are_never_positives(map_bytes: int, train: Interactions, seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(negatives, "MAP_BYTES", map_bytes)
        untouched = negatives.Untouched(train, "cpu")
    touched = set(zip(train.users.tolist(), train.items.tolist(), strict=True))
    left = [train.n_items - sum(u == user for u, _ in touched) for user in range(train.n_users)]
    assert untouched.available.tolist() == left
    users = torch.tensor([u for u in range(train.n_users) if left[u]], dtype=torch.int32)
    drawn = untouched.draw(users, 50, torch.Generator().manual_seed(seed))
    assert drawn.dtype == torch.int32
    assert drawn.shape == (len(users), 50)
    for user, items in zip(users.tolist(), drawn.tolist(), strict=True):
        assert all(0 <= item < train.n_items and (user, item) not in touched for item in items)


@pytest.mark.parametrize("map_bytes", [0, 2**20], ids=["keys", "map"])
def test_negatives_are_uniform(map_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(negatives, "MAP_BYTES", map_bytes)
    train = interactions([(0, 0, 0), (1, 3, 0), (1, 9, 0)], 2, 10)
    untouched = negatives.Untouched(train, "cpu")
    users = torch.ones(1000, dtype=torch.int32)
    drawn = untouched.draw(users, 80, torch.Generator().manual_seed(0))
    counts = np.bincount(drawn.flatten().numpy(), minlength=10)
    assert counts[[3, 9]].sum() == 0
    others = np.delete(counts, [3, 9])  # binomial: 10,000 expected, standard deviation 94
    assert abs(others - 10_000).max() < 470


def batches(train: Interactions, seed: int, epochs: int = 1) -> list[list[Any]]:
    """The batches that training sees, epoch by epoch."""
    adapter = registry.adapter_class("gmf")(batch_size=50, epochs=epochs)
    seen: list[Any] = []
    step = adapter._step

    def look(batch: Any, *rest: Any) -> torch.Tensor:
        items = batch.items.ids.view(batch.shape)
        seen.append((batch.users.ids.tolist(), items.tolist()))
        return step(batch, *rest)

    adapter._step = look
    adapter.fit(train, Run(seed=seed))
    per_epoch = len(seen) // epochs
    return [seen[start : start + per_epoch] for start in range(0, len(seen), per_epoch)]


def test_negatives_are_drawn_anew_each_epoch_and_alike_for_a_seed() -> None:
    first, second = batches(PLAIN, seed=1, epochs=2)
    assert first != second
    assert batches(PLAIN, seed=1, epochs=2) == [first, second]
    assert batches(PLAIN, seed=2, epochs=2)[0] != first


def test_an_epoch_has_every_observed_pair_once_and_no_positive_as_a_negative() -> None:
    observed, drawn = [], []
    for users, items in batches(PLAIN, seed=1)[0]:
        observed += [(u, row[0]) for u, row in zip(users, items, strict=True)]
        drawn += [(u, i) for u, row in zip(users, items, strict=True) for i in row[1:]]
    known = sorted(zip(PLAIN.users.tolist(), PLAIN.items.tolist(), strict=True))
    assert sorted(observed) == known
    assert not set(known) & set(drawn)
    assert len(drawn) == 4 * len(known)


def test_a_small_draw_makes_the_same_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "PAIRS_PER_DRAW", 1)
    sizes = [len(users) for users, _ in batches(PLAIN, seed=1)[0]]
    assert sum(sizes) == len(PLAIN)
    assert set(sizes[:-1]) == {50}


def test_a_user_with_every_item_is_left_out() -> None:
    every = [(0, item, 0) for item in range(5)]
    some_users = batches(interactions([*every, (1, 2, 0)], 3, 5), seed=0)[0]
    assert [users for users, _ in some_users] == [[1]]
