"""The dot products of all fields of a user or an item with each other."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from ..devices import compiled
from ..kernels.rows import dots_within, dots_within_backward

# Shapes: R rows, F fields, D factors.


def field_dots(fields: Tensor) -> Tensor:
    """The dot product of each two fields, in the order (0, 1), (0, 2), ..., (1, 2), ....

    Args:
        fields: [R, F, D].

    Returns:
        [R, F (F - 1) / 2].
    """
    if compiled(fields):
        return _FieldDots.apply(fields)
    n = fields.shape[1]
    first, second = torch.triu_indices(n, n, 1, device=fields.device)
    return (fields @ fields.mT).flatten(1).index_select(1, first * n + second)


class _FieldDots(Function):
    @staticmethod
    def forward(ctx: Any, fields: Tensor) -> Tensor:
        ctx.fields = fields.detach().contiguous()
        r, f, _ = fields.shape
        dots = torch.empty(r, f * (f - 1) // 2)
        dots_within(ctx.fields.numpy(), dots.numpy())
        return dots

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        to_fields = torch.empty_like(ctx.fields)
        arrays = (ctx.fields, gradient.contiguous(), to_fields)
        dots_within_backward(*(array.numpy() for array in arrays))
        return to_fields
