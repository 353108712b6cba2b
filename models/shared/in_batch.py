"""Softmax over the items of a batch, corrected for how often they get there (Yi et al., 2019)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

from bench.interactions import Floats, Ids, Interactions, occurrences

from .histories import Histories

MASKED = -1e9  # far below every logit, yet finite: a row may have nothing else

# Shapes: B observed pairs in a batch, U and I distinct users and items of it, S pairs of them that
# are in train, E items in all, W width of the vectors.


def chances_in_batch(counts: NDArray[np.int64], batch_size: int) -> NDArray[np.float64]:
    """The chance that an item is in a batch at all: counts of all items [E] -> [E].

    Each interaction of n is in the batch with chance batch_size / n, so that the item of c of them
    is missing with about (1 - batch_size / n)^c. For a small chance this is batch_size * c / n,
    the frequency that Yi et al. estimate. An item that never occurs gets the smallest number.
    """
    share = min(1.0, batch_size / max(1, int(counts.sum())))
    present = counts > 0 if share == 1 else -np.expm1(counts * np.log1p(-share))
    return np.maximum(present, np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Batch:
    """Observed pairs, as places among the distinct users and items of a batch."""

    users: Tensor  # int32 [U]
    items: Tensor  # int32 [I]
    user_places: Tensor  # int64 [B]
    item_places: Tensor  # int64 [B]
    log_chances: Tensor  # float32 [I]
    seen: Tensor  # int64 [S], u * I + i where user u has item i in train


class Batches:
    """Makes batches of the interactions of train, on the CPU, so that a GPU is not waited for."""

    def __init__(self, train: Interactions, log_chances: Floats, device: str) -> None:
        self._users, self._items = train.users, train.items
        self._histories = Histories.of(train, "cpu")
        self._log_chances = log_chances
        self._places = torch.full((train.n_items,), -1, dtype=torch.int32)
        self._device = device

    @classmethod
    def of_size(cls, train: Interactions, batch_size: int, device: str) -> "Batches":
        """With the chances that belong to random batches of this size."""
        chances = chances_in_batch(occurrences(train.items, train.n_items), batch_size)
        return cls(train, np.log(chances).astype(np.float32), device)

    def of(self, pairs: NDArray[np.int64]) -> Batch:
        """The interactions at these positions, [B]."""
        users, user_places = np.unique(self._users[pairs], return_inverse=True)
        items, item_places = np.unique(self._items[pairs], return_inverse=True)
        parts = (users, items, user_places, item_places, self._log_chances[items])
        tensors = (*map(torch.from_numpy, parts), self._seen(users, items))
        return Batch(*(tensor.to(self._device, non_blocking=True) for tensor in tensors))

    def _seen(self, users: Ids, items: Ids) -> Tensor:
        """Where users have items in train: int32 [U], int32 [I] -> int64 [S]."""
        of_users = self._histories.take(users)
        own = torch.from_numpy(items)
        self._places[own] = torch.arange(len(items), dtype=torch.int32)
        places = self._places[of_users.items]
        self._places[own] = -1
        known = (places >= 0).nonzero()[:, 0]
        return of_users.rows[known].long() * len(items) + places[known]


def in_batch_softmax(users: Tensor, items: Tensor, batch: Batch, temperature: float) -> Tensor:
    """Mean over pairs of -log(e^s / (e^s + sum of e^s' over the negatives)) (section 3).

    s and s' are cosines / temperature - log_chances. What a user has in train is no negative, so
    that the sum is the same for all pairs of a user, and found once.

    Args:
        users: [U, W].
        items: [I, W].
    """
    items = items / temperature
    of_negatives = _LogSumExp.apply(users, items, batch)  # [U]
    # F.embedding, because its gradient is the same on every run, on a GPU too.
    own = (F.embedding(batch.user_places, users) * F.embedding(batch.item_places, items)).sum(1)
    own = own - batch.log_chances[batch.item_places]
    others = F.embedding(batch.user_places, of_negatives[:, None])[:, 0]
    return F.softplus(others - own).mean()


class _LogSumExp(Function):
    """The log of the sum of e^s over a user's negatives; [U, I] is made once, and kept."""

    @staticmethod
    def forward(ctx: Any, users: Tensor, items: Tensor, batch: Batch) -> Tensor:
        logits = torch.addmm(-batch.log_chances.to(users.dtype), users, items.T)  # [U, I]
        logits.view(-1)[batch.seen] = MASKED
        highest = logits.amax(1, keepdim=True)
        # No term is less than e^-80, too little to count: a CPU is slow where exp underflows.
        exps = logits.sub_(highest).clamp_min_(-80).exp_()
        exps.view(-1)[batch.seen] = 0
        sums = exps.sum(1, keepdim=True).clamp_min_(torch.finfo(users.dtype).tiny)
        ctx.save_for_backward(users, items, exps, sums)
        return (sums.log() + highest)[:, 0]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        users, items, exps, sums = ctx.saved_tensors
        scale = gradient[:, None] / sums  # [U, 1]; joins the short side of each product
        return (exps @ items) * scale, exps.T @ (users * scale), None
