"""Whole compiled epochs, against the same draws and steps in plain torch."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made import interactions
from pair_models import PLAIN, RICH

from bench.interactions import Interactions
from bench.registry.models import adapter_class

epoch = import_module("bench.models.shared.pairs.epochs")
kernels = import_module("bench.models.shared.kernels.untouched")
losses = import_module("bench.models.shared.pairs.loss")
negatives = import_module("bench.models.shared.negatives")
tables = import_module("bench.models.shared.tables")

NAMES = ["gmf", "ncf", "neumf", "fm", "deepfm"]
LOPSIDED = interactions([(0, item, item) for item in range(5)] + [(1, 0, 9)])


def untrained(name: str, train: Interactions) -> Any:
    params = {"dropout": 0.0} if name == "ncf" else {}
    adapter = adapter_class(name)(init_scale=0.3, **params)
    return adapter.network(train, torch.Generator().manual_seed(1))


def compiled(
    network: Any, train: Interactions, rate: float, decay: float, most_skipped: int = 4096
) -> Any:
    optimizer = tables.AdamW(network, rate, decay, most_skipped)
    drawer = negatives.Negatives(train, "cpu")
    return epoch.Epochs(network.parts(), network.tower, train, drawer, optimizer), optimizer


def shuffled(train: Interactions, seed: int) -> torch.Tensor:
    return negatives.Negatives(train, "cpu").shuffled(torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("train", [RICH, PLAIN, LOPSIDED], ids=["rich", "plain", "lopsided"])
@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**31), count=st.integers(0, 4), size=st.integers(1, 300))
@settings(max_examples=10, deadline=None)
def test_the_first_step_follows_the_gradients_of_torch(
    name: str, train: Interactions, seed: int, count: int, size: int
) -> None:
    fast, slow = untrained(name, train), untrained(name, train)
    epochs, optimizer = compiled(fast, train, 0.01, 0.0)
    order = shuffled(train, seed)[:size]
    total = epochs.learn(order, size, count, torch.Generator().manual_seed(5))
    expected = plain(slow, None, train, order, size, count, seeds(1)[0])
    assert total == pytest.approx(expected, rel=1e-4, abs=1e-4)
    states = {id(table.weight): table.rows.state for table in fast.modules() if is_table(table)}
    for (key, mine), its in zip(fast.named_parameters(), slow.parameters(), strict=True):
        state = states[id(mine)] if id(mine) in states else optimizer.of(mine)
        m = torch.from_numpy(state.ratio * (state.root + tables.EPS)).view(its.shape)
        gradient = m / (1 - tables.BETA1)
        torch.testing.assert_close(
            gradient, its.grad, rtol=1e-3, atol=1e-5, msg=lambda text, key=key: f"{key}: {text}"
        )


@pytest.mark.parametrize("name", NAMES)
@given(
    train=st.sampled_from([RICH, PLAIN, LOPSIDED]),
    batch_size=st.sampled_from([8, 50, 1000]),
    decay=st.sampled_from([0.0, 2.0]),
    most_skipped=st.sampled_from([2, 4096]),
)
@settings(max_examples=8, deadline=None)
def test_epochs_are_those_of_torch(
    name: str, train: Interactions, batch_size: int, decay: float, most_skipped: int
) -> None:
    fast, slow = untrained(name, train), untrained(name, train)
    epochs, _ = compiled(fast, train, 0.01, decay, most_skipped)
    theirs = torch.optim.AdamW(slow.parameters(), lr=0.01, weight_decay=decay, eps=1e-15)
    for number in range(2):
        order = shuffled(train, number)
        total = epochs.learn(order, batch_size, 4, torch.Generator().manual_seed(5))
        parts = order.split(batch_size * most_skipped)
        expected = sum(
            plain(slow, theirs, train, part, batch_size, 4, seed)
            for part, seed in zip(parts, seeds(len(parts)), strict=True)
        )
        # Rounding decides where a unit is at the kink of its relu, and AdamW moves a number
        # by its rate however small the gradient.
        assert total == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("train", [RICH, PLAIN, LOPSIDED], ids=["rich", "plain", "lopsided"])
def test_an_epoch_takes_each_pair_of_a_user_with_negatives(train: Interactions) -> None:
    assert torch.equal(shuffled(train, 0).sort().values, usable(train))


def usable(train: Interactions) -> torch.Tensor:
    chosen = [len(set(train.items[train.users == user])) for user in range(train.n_users)]
    some = [k for k, user in enumerate(train.users) if chosen[user] < train.n_items]
    return torch.tensor(some, dtype=torch.int32)


def is_table(module: Any) -> bool:
    return isinstance(module, tables.Table)


def seeds(count: int) -> list[int]:
    generator = torch.Generator().manual_seed(5)
    return [int(torch.randint(2**63 - 1, (), generator=generator)) for _ in range(count)]


def plain(
    network: Any, optimizer: Any, train: Interactions, order: Any, batch: int, count: int, seed: int
) -> float:
    untouched = kernels.Untouched.by(train)
    users, items = train.users[order.numpy()], train.items[order.numpy()]
    total, state = 0.0, np.uint64(seed)
    for start in range(0, len(order), batch):
        who, liked = users[start : start + batch], items[start : start + batch]
        drawn = np.empty((len(who), count), dtype=np.int32)
        state = np.uint64(kernels.draw_for_each(who, untouched, state, drawn))
        candidates = np.concatenate([liked[:, None], drawn], axis=1)
        some = losses.Batch(torch.from_numpy(who), torch.from_numpy(candidates))
        sides = network.user_side(), network.item_side()
        logits = losses.plain_logits(*sides, network.tower, some)
        loss = torch.nn.functional.softplus(logits).sum() - logits[:, 0].sum()
        network.zero_grad()
        (loss / logits.numel()).backward()
        if optimizer is not None:
            optimizer.step()
        total += loss.item()
    return total
