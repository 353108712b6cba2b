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

from .devices import compiled
from .kernels.in_batch import seen_pairs, softmax_of_pairs

MASKED = -1e9  # far below every logit, yet finite: a row may have nothing else
LOGITS = 2**18  # held at a time on a CPU: 1 MB, half of what a core caches

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
    """Observed pairs, user after user, as places among the distinct users and items of a batch."""

    users: Tensor  # int32 [U]
    items: Tensor  # int32 [I]
    user_places: Tensor  # int64 [B]
    item_places: Tensor  # int64 [B]
    log_chances: Tensor  # float32 [I]
    seen: Tensor  # int64 [S], u * I + i where user u has item i in train, user after user
    # On the host, int64 [U + 1]: where each user's begin.
    pair_starts: NDArray[np.int64]
    seen_starts: NDArray[np.int64]


class Batches:
    """Makes batches of the interactions of train, on the CPU, so that a GPU is not waited for."""

    def __init__(self, train: Interactions, log_chances: Floats, device: str) -> None:
        self._users, self._items = train.users, train.items
        matrix = train.matrix()  # of which a repeated pair counts once
        self._starts = matrix.indptr.astype(np.int64)  # [users + 1]
        self._chosen = matrix.indices.astype(np.int32)
        self._log_chances = log_chances
        self._places = np.full(train.n_items, -1, dtype=np.int32)
        self._device = device

    @classmethod
    def of_size(cls, train: Interactions, batch_size: int, device: str) -> "Batches":
        """With the chances that belong to random batches of this size."""
        chances = chances_in_batch(occurrences(train.items, train.n_items), batch_size)
        return cls(train, np.log(chances).astype(np.float32), device)

    def of(self, pairs: NDArray[np.int64]) -> Batch:
        """The interactions at these positions, [B]."""
        pairs = pairs[np.argsort(self._users[pairs], kind="stable")]
        users, user_places = np.unique(self._users[pairs], return_inverse=True)
        items, item_places = np.unique(self._items[pairs], return_inverse=True)
        seen_starts, seen = self._seen(users, items)
        return Batch(
            users=self._on_device(users),
            items=self._on_device(items),
            user_places=self._on_device(user_places),
            item_places=self._on_device(item_places),
            log_chances=self._on_device(self._log_chances[items]),
            seen=self._on_device(seen),
            pair_starts=np.searchsorted(user_places, np.arange(len(users) + 1)),
            seen_starts=seen_starts,
        )

    def _on_device(self, part: NDArray[Any]) -> Tensor:
        return torch.from_numpy(part).to(self._device, non_blocking=True)

    def _seen(self, users: Ids, items: Ids) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where users have items in train, int32 [U], int32 [I] -> [U + 1], [S]: see Batch."""
        most = int((self._starts[users + 1] - self._starts[users]).sum())
        starts = np.empty(len(users) + 1, dtype=np.int64)
        seen = np.empty(most + 1, dtype=np.int64)
        self._places[items] = np.arange(len(items), dtype=np.int32)
        count = seen_pairs(
            users, self._starts, self._chosen, self._places, len(items), starts, seen
        )
        self._places[items] = -1
        return starts, seen[:count]


def in_batch_softmax(users: Tensor, items: Tensor, batch: Batch, temperature: float) -> Tensor:
    """Mean over pairs of -log(e^s / (e^s + sum of e^s' over the negatives)) (section 3).

    s and s' are cosines / temperature - log_chances. What a user has in train is no negative, so
    that the sum is the same for all pairs of a user, and found once.

    Args:
        users: [U, W].
        items: [I, W].
    """
    items = items / temperature
    if compiled(users) and users.dtype == torch.float32:
        return _InBatchLoss.apply(users, items, batch)
    of_negatives = _LogSumExp.apply(users, items, batch)  # [U]
    # F.embedding, because its gradient is the same on every run, on a GPU too.
    own = (F.embedding(batch.user_places, users) * F.embedding(batch.item_places, items)).sum(1)
    own = own - batch.log_chances[batch.item_places]
    others = F.embedding(batch.user_places, of_negatives[:, None])[:, 0]
    return F.softplus(others - own).mean()


class _InBatchLoss(Function):
    """The loss and its gradients together, compiled, in blocks of users whose logits are cached."""

    @staticmethod
    def forward(ctx: Any, users: Tensor, items: Tensor, batch: Batch) -> Tensor:
        to_users, to_items = torch.empty_like(users), torch.zeros_like(items)
        at_once = max(1, LOGITS // len(items))
        room = users.new_empty(min(at_once, len(users)), len(items))
        total, share = 0.0, np.float32(1 / len(batch.item_places))
        for start in range(0, len(users), at_once):
            some = users[start : start + at_once]  # [b, W]
            logits = torch.mm(some, items.T, out=room[: len(some)])  # [b, I]
            total += softmax_of_pairs(
                logits.numpy(),
                start,
                batch.log_chances.numpy(),
                batch.seen_starts,
                batch.seen.numpy(),
                batch.pair_starts,
                batch.item_places.numpy(),
                share,
            )
            torch.mm(logits, items, out=to_users[start : start + len(some)])
            to_items.addmm_(logits.T, some)
        ctx.save_for_backward(to_users, to_items)
        return users.new_tensor(total / len(batch.item_places))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        to_users, to_items = ctx.saved_tensors
        return to_users * gradient, to_items * gradient, None


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
