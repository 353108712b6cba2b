"""Random items for the neural models: what is drawn, and what training sees of it."""

from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, some_interactions

from bench.adapter import Run
from bench.interactions import Interactions
from bench.registry.models import adapter_class

in_torch = import_module("bench.models.shared.pairs.batches")
negatives = import_module("bench.models.shared.negatives")

PLAIN = import_module("bench.datasets.synthetic").load(
    n_users=40, n_items=30, interactions_per_user=8, features=False
)


@pytest.mark.parametrize("map_bytes", [0, 2**20], ids=["keys", "map"])
@given(train=some_interactions(), seed=st.integers(0, 2**31))
def test_negatives_are_no_positives_and_no_new_items(
    map_bytes: int, train: Interactions, seed: int
) -> None:
    untouched = negatives.Negatives(train, "cpu", map_bytes)
    touched = set(zip(train.users.tolist(), train.items.tolist(), strict=True))
    known = set(train.items.tolist())
    left = [len(known) - sum(u == user for u, _ in touched) for user in range(train.n_users)]
    assert untouched.available.tolist() == left
    users = torch.tensor([u for u in range(train.n_users) if left[u]], dtype=torch.int32)
    drawn = untouched.draw(users, 50, torch.Generator().manual_seed(seed))
    assert drawn.dtype == torch.int32
    assert drawn.shape == (len(users), 50)
    for user, items in zip(users.tolist(), drawn.tolist(), strict=True):
        assert all(item in known and (user, item) not in touched for item in items)


@pytest.mark.parametrize("map_bytes", [0, 2**20], ids=["keys", "map"])
@pytest.mark.parametrize("touched", [[3, 9], [0, 2, 3, 4, 6, 7, 9]], ids=["few", "most"])
@pytest.mark.parametrize("new", [0, 7])
def test_negatives_are_uniform(map_bytes: int, touched: list[int], new: int) -> None:
    everything = [(0, item, 0) for item in range(10)]
    train = interactions([*everything, *((1, item, 0) for item in touched)], 2, 10 + new)
    if new:  # further items that nobody has, before and between the others
        places = np.sort(np.random.default_rng(0).permutation(10 + new)[:10]).astype(np.int32)
        train = replace(train, items=places[train.items])
        touched = places[touched].tolist()
    untouched = negatives.Negatives(train, "cpu", map_bytes)
    users = torch.ones(1000, dtype=torch.int32)
    drawn = untouched.draw(users, 80, torch.Generator().manual_seed(0))
    counts = np.bincount(drawn.flatten().numpy(), minlength=10 + new)
    nobody = np.setdiff1d(np.arange(10 + new), train.items)
    assert counts[touched].sum() == counts[nobody].sum() == 0
    others = np.delete(counts, [*touched, *nobody])  # binomial
    share = 1 / len(others)
    assert abs(others - 80_000 * share).max() < 5 * (80_000 * share * (1 - share)) ** 0.5


def batches(train: Interactions, seed: int, epochs: int = 1) -> list[list[Any]]:
    """The batches that training sees, epoch by epoch, where they are not compiled as a whole."""
    adapter = adapter_class("dlrm")(batch_size=50, epochs=epochs)
    seen: list[Any] = []
    loss = in_torch.Batches.loss

    def look(self: Any, users: torch.Tensor, candidates: torch.Tensor, *rest: Any) -> torch.Tensor:
        seen.append((users.tolist(), candidates.tolist()))
        return loss(self, users, candidates, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_torch.Batches, "loss", look)
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


def test_batches_have_the_size_asked_for() -> None:
    sizes = [len(users) for users, _ in batches(PLAIN, seed=1)[0]]
    assert sum(sizes) == len(PLAIN)
    assert set(sizes[:-1]) == {50}


def test_a_user_with_every_item_is_left_out() -> None:
    every = [(0, item, 0) for item in range(5)]
    some_users = batches(interactions([*every, (1, 2, 0)], 3, 5), seed=0)[0]
    assert [users for users, _ in some_users] == [[1]]
