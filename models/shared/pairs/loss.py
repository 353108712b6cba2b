"""The loss of a batch of pairs, and logits, from what users and items bring to them.

    logit(u, i) = dot_u . dot_i + tower(first_u + first_i + cross vec(fields_i fields_u')),

where each term may be missing. On the CPU they are compiled (`kernels/pairs.py`); elsewhere, and
as the reference for tests, they are written in torch.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

from ..devices import compiled
from ..kernels.pairs import (
    NetworkArrays,
    SideArrays,
    TowerArrays,
    logits_of_pairs,
    loss_and_gradients,
)
from .network import Batch, Side, Tower


def pair_loss(
    users: Side, items: Side, tower: Tower | None, batch: Batch, generator: torch.Generator
) -> Tensor:
    """The mean logistic loss over all candidates of a batch (He et al., 2017, equation 7).

    Args:
        users, items: of the rows that the batch names.
        tower: None where the network has none.
        batch: whose first candidates are the observed ones.
        generator: of the dropout.
    """
    if compiled(batch.items):
        seed = int(torch.randint(2**63 - 1, (), generator=generator)) if _drops(tower) else 0
        parameters = (None, None) if tower is None else (tower.cross, tower.weights)
        return _CompiledLoss.apply(batch, tower, seed, *users, *items, *parameters)
    logits = plain_logits(users, items, tower, batch, generator)
    # -log sigmoid(x) = softplus(x) - x for the observed item, softplus(x) for the others.
    return (F.softplus(logits).sum() - logits[:, 0].sum()) / logits.numel()


def _drops(tower: Tower | None) -> bool:
    return tower is not None and tower.dropout > 0


def plain_logits(
    users: Side,
    items: Side,
    tower: Tower | None,
    batch: Batch,
    generator: torch.Generator | None = None,
) -> Tensor:
    """The logits [B, C] in torch, on any device; with dropout if there is a generator."""
    who, what = batch.users.long(), batch.items.long()
    logits = torch.zeros(what.shape, device=what.device, dtype=torch.float32)
    if users.dot is not None and items.dot is not None:
        logits = torch.einsum("bd,bcd->bc", users.dot[who], items.dot[what])
    if tower is not None and users.first is not None and items.first is not None:
        hidden = users.first[who][:, None] + items.first[what]  # [B, C, H]
        if tower.cross is not None and users.fields is not None and items.fields is not None:
            products = torch.einsum("bgk,bcfk->bcfg", users.fields[who], items.fields[what])
            hidden = hidden + products.flatten(2) @ tower.cross.T
        for matrix, bias in tower.layers():
            hidden = F.relu(hidden)
            if tower.dropout and generator is not None:
                chance = torch.rand(hidden.shape, generator=generator, device=hidden.device)
                hidden = hidden * (chance >= tower.dropout) / (1 - tower.dropout)
            hidden = F.linear(hidden, matrix, bias)
        logits = logits + hidden.squeeze(2)
    return logits


def pair_logits(users: Side, items: Side, tower: Tower | None, batch: Batch) -> Tensor:
    """The logits [B, C], without dropout and without gradients.

    Items [1, C] stand for the same candidates of every user.
    """
    if compiled(batch.items):
        logits = np.empty((len(batch.users), batch.items.shape[1]), dtype=np.float32)
        network = NetworkArrays(_arrays(users), _arrays(items), _tower_arrays(tower))
        logits_of_pairs(batch.users.numpy(), batch.items.numpy(), network, logits)
        return torch.from_numpy(logits)
    every = batch.items.expand(len(batch.users), -1)
    return plain_logits(users, items, tower, Batch(batch.users, every))


class _CompiledLoss(Function):
    """Computes the gradients along with the loss, for they share what is costly."""

    @staticmethod
    def forward(
        ctx: Any, batch: Batch, tower: Tower | None, seed: int, *tensors: Tensor | None
    ) -> Tensor:
        users, items = _arrays(Side(*tensors[:3])), _arrays(Side(*tensors[3:6]))
        layers = _tower_arrays(tower)
        to_users, to_items = (
            SideArrays(*(np.zeros_like(array) for array in side)) for side in (users, items)
        )
        to_layers = TowerArrays(
            np.zeros_like(layers.cross), np.zeros_like(layers.weights), layers.widths
        )
        loss = loss_and_gradients(
            batch.users.numpy(),
            batch.items.numpy(),
            NetworkArrays(users, items, layers),
            0.0 if tower is None else tower.dropout,
            np.uint64(seed),
            NetworkArrays(to_users, to_items, to_layers),
        )
        gradients = [*to_users, *to_items, to_layers.cross, to_layers.weights]
        ctx.gradients = [
            None if tensor is None else torch.from_numpy(gradient)
            for tensor, gradient in zip(tensors, gradients, strict=True)
        ]
        return torch.tensor(loss / batch.items.numel(), dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        # Only ever the end of the chain: the gradient of the loss itself is 1.
        return None, None, None, *ctx.gradients


_NOTHING = SideArrays(*(np.zeros(shape, dtype=np.float32) for shape in ((0, 0), (0, 0), (0, 0, 0))))
_NO_TOWER = TowerArrays(
    np.zeros((0, 0), dtype=np.float32), np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.int64)
)


def _arrays(side: Side) -> SideArrays:
    return SideArrays(
        *(
            nothing if tensor is None else tensor.detach().contiguous().numpy()
            for tensor, nothing in zip(side, _NOTHING, strict=True)
        )
    )


def _tower_arrays(tower: Tower | None) -> TowerArrays:
    if tower is None:
        return _NO_TOWER
    cross = _NO_TOWER.cross if tower.cross is None else tower.cross.detach().numpy()
    return TowerArrays(cross, tower.weights.detach().numpy(), tower.widths)
