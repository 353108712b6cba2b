"""Softmax cross-entropy over the whole catalogue, in memory that does not grow with the batch."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function

from .devices import compiled

# Logits held at a time: on a CPU 2 MB, as much as a core caches; on a GPU 256 MB, to keep it busy.
LOGITS_ON_CPU = 2**19
LOGITS_ON_GPU = 2**26

# Shapes: N rows, D width of a row, I items, K targets of all rows.


class Targets(NamedTuple):
    """The items that each row should predict; no row has one twice."""

    items: Tensor  # integers [K], row after row
    rows: Tensor  # integers [K], ascending: whose they are
    counts: Tensor  # floats [N], of each row
    starts: (
        Sequence[int] | NDArray[np.int64]
    )  # N + 1 of them, on the host: where those of each row start


def softmax_loss(
    hidden: Tensor,
    items: Tensor,
    bias: Tensor | None,
    targets: Targets,
    over: int = 1,
    at_once: int = 0,
) -> Tensor:
    """Minus the log-likelihood of all targets under softmax(hidden items' + bias), summed.

    The loss of a block of rows and its gradients are found together, so that the logits
    [N, I] never exist as a whole, and are computed once.

    Args:
        hidden: [N, D].
        items: [I, D].
        bias: [I], or None.
        targets: of the N rows.
        over: what the sum is divided by.
        at_once: rows of logits held at a time. By default 2 MB of them on a CPU and 256 MB on a
            GPU, or as many as a row is wide, if that is more: then they take no more than items.
    """
    if not at_once:
        logits = LOGITS_ON_CPU if hidden.device.type == "cpu" else LOGITS_ON_GPU
        at_once = max(logits // len(items), items.shape[1])
    return _SoftmaxLoss.apply(hidden, items, bias, targets, over, at_once)


class _SoftmaxLoss(Function):
    """Its sums need float32, whatever precision is used around it."""

    @staticmethod
    @torch.amp.custom_fwd(device_type="cuda", cast_inputs=torch.float32)
    def forward(
        ctx: Any,
        hidden: Tensor,
        items: Tensor,
        bias: Tensor | None,
        targets: Targets,
        over: int,
        at_once: int,
    ) -> Tensor:
        total = hidden.new_zeros(())
        to_hidden = torch.empty_like(hidden)
        to_items = torch.empty_like(items) if len(hidden) else torch.zeros_like(items)
        to_bias = None if bias is None else torch.zeros_like(bias)
        room = hidden.new_empty(min(at_once, len(hidden)), len(items))
        for start in range(0, len(hidden), at_once):
            rows = hidden[start : start + at_once]  # [b, D]
            counts = targets.counts[start : start + at_once, None]  # [b, 1]
            logits = torch.mm(rows, items.T, out=room[: len(rows)])  # [b, I]
            if bias is not None:
                logits += bias
            own = slice(targets.starts[start], targets.starts[start + len(rows)])
            row_of = (targets.rows[own] - start).long()  # [targets of these rows]
            where = row_of * len(items) + targets.items[own]
            total -= logits.view(-1)[where].sum()
            highest = logits.amax(1, keepdim=True)
            exps = logits.sub_(highest).exp_()  # [b, I], in place
            sums = exps.sum(1, keepdim=True)  # [b, 1]
            total += (counts * (sums.log() + highest)).sum()
            # The gradient of the logits is scale * exps, less 1 at the targets. The scale joins
            # the short side of each product: one pass over the logits less.
            scale = counts / sums  # [b, 1]
            exps.view(-1).index_add_(0, where, -1 / scale[row_of, 0])
            scale /= over
            torch.mm(exps, items, out=to_hidden[start : start + len(rows)])
            if start:
                to_items.addmm_(exps.T, rows * scale)
            else:
                torch.mm(exps.T, rows * scale, out=to_items)
            if to_bias is not None:
                to_bias.addmv_(exps.T, scale[:, 0])
            to_hidden[start : start + len(rows)] *= scale
        ctx.save_for_backward(to_hidden, to_items, to_bias)
        return total / over

    @staticmethod
    @torch.amp.custom_bwd(device_type="cuda")
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        # In place, as they are large; a second pass through the same loss is an error.
        parts = ctx.saved_tensors
        if not compiled(gradient) or gradient != 1:  # to look at a GPU's would wait for it
            parts = [part if part is None else part.mul_(gradient) for part in parts]
        return *parts, None, None, None
