"""What a batch of pairs costs most, with gradients written out."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from ._rows import Batch, bags

# Shapes: B users in a batch, C candidates of each, N = B C pairs, U users, I items in all,
# D width of a vector, H width of the first layer.


class _DotOfPairs(Function):
    @staticmethod
    def forward(ctx: Any, users: Tensor, items: Tensor, batch: Batch) -> Tensor:
        ctx.save_for_backward(users, items)
        ctx.batch = batch
        products = batch.items.take(items)  # [N, D]
        products.view(*batch.shape, items.shape[1]).mul_(batch.users.take(users)[:, None])
        return products.sum(1).view(batch.shape)  # [B, C]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        users, items = ctx.saved_tensors
        batch: Batch = ctx.batch
        weights = gradient.flatten()  # [N]
        by_user = bags(items, batch.items.ids, batch.candidate_starts, weights)  # [B, D]
        pairs, starts = batch.items.sorted
        users_in_order = batch.users.ids.index_select(0, pairs // batch.shape[1])  # [N]
        to_items = bags(users, users_in_order, starts, weights.index_select(0, pairs))  # [I, D]
        return batch.users.sum(by_user), to_items, None


def dot_of_pairs(users: Tensor, items: Tensor, batch: Batch) -> Tensor:
    """The dot product of each pair: [U, D], [I, D] -> [B, C]."""
    return _DotOfPairs.apply(users, items, batch)


class _TowerOfPairs(Function):
    @staticmethod
    def forward(
        ctx: Any,
        users: Tensor,
        items: Tensor,
        crossed: Tensor | None,
        batch: Batch,
        dropout: float,
        generator: torch.Generator | None,
        *parameters: Tensor,
    ) -> Tensor:
        first = batch.items.take(items)  # [N, H]
        first.view(*batch.shape, items.shape[1]).add_(batch.users.take(users)[:, None])
        if crossed is not None:
            first += crossed.view_as(first)
        # Above the first layer pairs run along the rows: short columns would slow every sum.
        hidden = first.T  # [H, N]
        activations = []
        for weight, bias in zip(parameters[::2], parameters[1::2], strict=True):
            hidden.relu_()
            if dropout:
                hidden.mul_(_kept(hidden, dropout, generator)).div_(1 - dropout)
            activations.append(hidden)
            hidden = (weight @ hidden).add_(bias[:, None])  # [width of the next layer, N]
        ctx.save_for_backward(*parameters, *activations)
        ctx.batch, ctx.dropout, ctx.crossed = batch, dropout, crossed is not None
        return hidden.view(batch.shape)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        batch: Batch = ctx.batch
        layers = len(ctx.saved_tensors) // 3
        weights = ctx.saved_tensors[: 2 * layers : 2]
        activations = ctx.saved_tensors[2 * layers :]
        to_parameters: list[Tensor] = []
        above = gradient.reshape(1, -1)  # [1, N]
        for level in reversed(range(layers)):
            weight, hidden = weights[level], activations[level]
            to_parameters = [above @ hidden.T, above.sum(1), *to_parameters]
            # [width of this layer, N], in memory the way that the activations are
            above = weight.T @ above if level else (above.T @ weight).T
            # Zero where relu or dropout made the activation zero; in place, for speed.
            torch.ops.aten.threshold_backward.grad_input(above, hidden, 0, grad_input=above)
            if ctx.dropout:
                above /= 1 - ctx.dropout
        to_first = above.T  # [N, H]
        to_users = batch.users.sum(batch.sum_candidates(to_first))  # [U, H]
        to_items = batch.items.sum(to_first)  # [I, H]
        to_crossed = to_first.view(*batch.shape, to_first.shape[1]) if ctx.crossed else None
        return to_users, to_items, to_crossed, None, None, None, *to_parameters


def _kept(like: Tensor, dropout: float, generator: torch.Generator | None) -> Tensor:
    """A mask that leaves out as many as asked, up to 1 / 65,536, which four share a draw for."""
    draws = torch.empty(like.numel() // 4 + 1, dtype=torch.int64, device=like.device)
    # Without bounds torch would leave the sign bit out, and with it half of every fourth number.
    draws.random_(-(2**63), None, generator=generator)
    bits = draws.view(torch.int16)[: like.numel()].view(like.shape)  # -32,768 .. 32,767
    return bits >= round(dropout * 2**16) - 2**15


def tower_of_pairs(
    users: Tensor,
    items: Tensor,
    crossed: Tensor | None,
    batch: Batch,
    dropout: float,
    generator: torch.Generator | None,
    parameters: list[Tensor],
) -> Tensor:
    """relu(users + items + crossed), then layer upon layer, for each pair.

    Args:
        users, items: [U, H], [I, H], the summands of the first layer.
        crossed: [B, C, H], a summand of its own for each pair, or None.
        dropout: chance of an activation to be left out; the others grow by 1 / (1 - dropout).
        parameters: weight and bias of each layer above the first.

    Returns:
        [B, C].
    """
    return _TowerOfPairs.apply(users, items, crossed, batch, dropout, generator, *parameters)
