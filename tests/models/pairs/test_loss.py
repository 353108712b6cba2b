"""What is compiled of the pair networks, against the same in plain torch."""

from importlib import import_module
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_models import FITTED, NAMES, RICH

devices = import_module("bench.models.shared.devices")
losses = import_module("bench.models.shared.pairs.loss")
second_order = import_module("bench.models.shared.pairs.second_order")


def batch_of(users: list[int], items: list[list[int]]) -> Any:
    return losses.Batch(
        torch.tensor(users, dtype=torch.int32), torch.tensor(items, dtype=torch.int32)
    )


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**31), n_users=st.integers(1, 300), n_candidates=st.integers(1, 6))
@settings(max_examples=10, deadline=None)
def test_loss_and_gradients_are_those_of_torch(
    name: str, seed: int, n_users: int, n_candidates: int
) -> None:
    network = FITTED(name)._network
    if network.tower is not None:
        network.tower.dropout = 0.0  # whose draws are another matter
    generator = torch.Generator().manual_seed(seed)
    batch = losses.Batch(
        torch.randint(RICH.n_users, (n_users,), generator=generator).int(),
        torch.randint(RICH.n_items, (n_users, n_candidates), generator=generator).int(),
    )

    def gradients(loss: torch.Tensor) -> dict[str, torch.Tensor]:
        network.zero_grad()
        loss.backward()
        return {key: p.grad.clone() for key, p in network.named_parameters() if p.grad is not None}

    sides = network.user_side(), network.item_side()
    compiled = losses.pair_loss(*sides, network.tower, batch, generator)
    fast = gradients(compiled)
    logits = losses.plain_logits(network.user_side(), network.item_side(), network.tower, batch)
    loss = torch.nn.functional.softplus(logits).sum() - logits[:, 0].sum()
    slow = gradients(loss / logits.numel())
    torch.testing.assert_close(compiled, (loss / logits.numel()).detach())
    assert fast.keys() == slow.keys()
    for key, gradient in slow.items():
        torch.testing.assert_close(
            fast[key], gradient, rtol=1e-3, atol=1e-6, msg=lambda text, key=key: f"{key}: {text}"
        )


@pytest.mark.parametrize("name", NAMES)
def test_compiled_logits_are_those_of_torch(name: str) -> None:
    network = FITTED(name)._network
    sides = network.user_side(), network.item_side()
    batch = batch_of([3, 3, 39, 0], [[1, 2], [2, 2], [29, 0], [5, 1]])
    torch.testing.assert_close(
        losses.pair_logits(*sides, network.tower, batch),
        losses.plain_logits(*sides, network.tower, batch).detach(),
        rtol=1e-4,
        atol=1e-5,
    )


def test_nan_is_not_lost_in_a_relu() -> None:
    side = losses.Side(first=torch.tensor([[float("nan"), 1.0]]))
    tower = losses.Tower((2,), torch.Generator().manual_seed(0))
    batch = batch_of([0], [[0]])
    assert losses.pair_logits(side, side, tower, batch).isnan().all()
    assert losses.pair_loss(side, side, tower, batch, torch.Generator()).isnan()


def test_dropout_leaves_out_as_many_as_asked_and_the_others_grow() -> None:
    width, dropout = 20_000, 0.25
    side = losses.Side(first=torch.full((1, width), 0.001))

    def gradient(share: float) -> tuple[torch.Tensor, float]:
        tower = losses.Tower((width,), torch.Generator().manual_seed(0), share)
        batch = batch_of([0], [[0]])
        losses.pair_loss(side, side, tower, batch, torch.Generator().manual_seed(1)).backward()
        *to_weights, to_bias = tower.weights.grad  # g times each activation, and g
        return torch.stack(to_weights) / to_bias, float(to_bias)

    activations, _ = gradient(dropout)
    left_out = (activations == 0).double().mean().item()
    assert left_out == pytest.approx(dropout, abs=5 * (dropout * (1 - dropout) / width) ** 0.5)
    kept = activations[activations != 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 0.002 / (1 - dropout)))
    torch.testing.assert_close(gradient(0.0)[0], torch.full((width,), 0.002))


@pytest.mark.parametrize("of_users", [True, False])
def test_the_compiled_side_of_a_factorisation_machine(of_users: bool) -> None:
    network = FITTED("fm")._network
    rows = torch.tensor([5, 0, 29], dtype=torch.int32)

    def side(fields: Any) -> torch.Tensor:
        if of_users:
            return second_order.user_vectors(fields, rows, network.bias)
        return second_order.item_vectors(fields, rows)

    def found(fields: Any) -> list[torch.Tensor]:
        network.zero_grad()
        vectors = side(fields)
        weights = torch.randn(vectors.shape, generator=torch.Generator().manual_seed(2))
        (vectors * weights).sum().backward()
        gradients = [p.grad for p in (*fields.parameters(), network.bias) if p.grad is not None]
        return [vectors.detach(), *(gradient.clone() for gradient in gradients)]

    fields = network.users if of_users else network.items
    fast = found(fields)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(devices, "COMPILED", set())
        slow = found(fields)
    assert len(fast) >= 3
    for mine, its in zip(fast, slow, strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-4, atol=1e-5)
