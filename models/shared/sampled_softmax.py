"""Softmax cross-entropy against items drawn at random, which all rows of a batch share.

The sum over the catalogue is estimated by the items drawn, each of which stands for as many as it
was drawn from: the correction by log Q of Bengio & Senecal, "Adaptive importance sampling to
accelerate training of a neural probabilistic language model" (IEEE TNN 2008), for uniform draws.
Drawn without repetition, all items give the whole sum.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

from bench.interactions import Interactions

MASKED = -1e9  # far below every logit, yet finite: a row may have nothing else

# Shapes: N rows, D width of a row, I items, S of them that occur in train, M of them drawn.


class Drawn(NamedTuple):
    """Items drawn without repetition."""

    items: Tensor  # int64 [M]
    log_weight: float  # log(S / M): how many items each stands for


class Draws:
    """Draws from the items that occur in train, for one batch after the other."""

    def __init__(self, train: Interactions, count: int) -> None:
        self._seen = torch.from_numpy(np.unique(train.items).astype(np.int64))  # [S]
        self._count = count

    def next(self, generator: torch.Generator, device: str) -> Drawn | None:
        """For the next batch; None where so many are wanted that all items take part."""
        if not 0 < self._count < len(self._seen):
            return None
        which = torch.randperm(len(self._seen), generator=generator)[: self._count]
        items = self._seen[which].sort().values  # in order, so that they come to the core early
        return Drawn(items.to(device, non_blocking=True), math.log(len(self._seen) / self._count))


def sampled_softmax_loss(hidden: Tensor, items: Tensor, targets: Tensor, drawn: Drawn) -> Tensor:
    """The sum over rows of -log(e^s / (e^s + S / M * sum of e^s' over the others drawn)).

    Args:
        hidden: [N, D].
        items: [I, D].
        targets: int [N], the item that each row should predict.
        drawn: where a row's target is among them, it counts once.
    """
    # F.embedding, because its gradient is the same on every run, on a GPU too.
    own = (hidden * F.embedding(targets, items)).sum(1)
    places = torch.full((len(items),), -1, device=items.device)
    places[drawn.items] = torch.arange(len(drawn.items), device=items.device)
    others = _LogSumExp.apply(hidden, F.embedding(drawn.items, items), places[targets.long()])
    return F.softplus(others + drawn.log_weight - own).sum()


class _LogSumExp(Function):
    """The log of the sum of e^s over the items drawn; [N, M] is made once, and kept.

    Its sums need float32, whatever precision is used around it.
    """

    @staticmethod
    @torch.amp.custom_fwd(device_type="cuda", cast_inputs=torch.float32)
    def forward(ctx: Any, hidden: Tensor, items: Tensor, left_out: Tensor) -> Tensor:
        """[N, D], [M, D], and which of the M does not count for a row, int64 [N], or -1: [N]."""
        logits = hidden @ items.T  # [N, M]
        which = (left_out >= 0).nonzero()[:, 0]
        place = which * len(items) + left_out[which]
        logits.view(-1)[place] = MASKED
        highest = logits.amax(1, keepdim=True)
        # No term is less than e^-80, too little to count: a CPU is slow where exp underflows.
        exps = logits.sub_(highest).clamp_min_(-80).exp_()
        exps.view(-1)[place] = 0
        sums = exps.sum(1, keepdim=True).clamp_min_(torch.finfo(exps.dtype).tiny)  # [N, 1]
        ctx.save_for_backward(hidden, items, exps, sums)
        return (sums.log() + highest)[:, 0]

    @staticmethod
    @torch.amp.custom_bwd(device_type="cuda")
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        hidden, items, exps, sums = ctx.saved_tensors
        scale = gradient[:, None] / sums  # [N, 1]; joins the short side of each product
        return (exps @ items) * scale, exps.T @ (hidden * scale), None
