"""The second-order factorisation machine as one dot product. Shared by fm and deepfm.

By lemma 3.1 of Rendle (2010), with s the sum of all vectors x_f v_f and q the sum of their squares,
the second-order term is 1/2 sum_d (s_d^2 - q_d). As s = s_u + s_i and q = q_u + q_i, it is
1/2 sum_d (s_u^2 - q_u) + 1/2 sum_d (s_i^2 - q_i) + s_u . s_i; only the last needs both sides.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function

from ..devices import compiled
from ..features import Fields
from ..kernels.rows import second_order, second_order_backward
from ..sparse import SparseMatrix

# Shapes: R users or items, M features, D factors.


def user_vectors(fields: Fields, rows: Tensor | None, bias: Tensor) -> Tensor:
    """(s_u, within_u + w_0, 1), whose dot product with that of an item is the machine's logit.

    Args:
        fields: of users, with D + 1 numbers in a vector, of which the last is the weight w.
        rows: of a batch, int32 [R], or None for all.
        bias: [1], w_0.

    Returns:
        [R, D + 2].
    """
    if rows is None or not compiled(bias):
        return joined(*fields.sums(rows), bias, of_users=True)
    return _Joined.apply(fields.ids(rows), fields.vectors, bias, fields.x, rows, True)


def item_vectors(fields: Fields, rows: Tensor | None) -> Tensor:
    """(s_i, 1, within_i): [R, D + 2]. See user_vectors."""
    if rows is None or not compiled(fields.vectors):
        return joined(*fields.sums(rows), torch.zeros_like(fields.vectors[0, :1]), of_users=False)
    return _Joined.apply(fields.ids(rows), fields.vectors, None, fields.x, rows, False)


def joined(total: Tensor, squares: Tensor, bias: Tensor, *, of_users: bool) -> Tensor:
    """The vectors of a side in torch: [R, D + 2].

    Args:
        total: [R, D + 1], the sum over all features of x_f v_f and, as the last number, x_f w_f.
        squares: [R, 1], the sum over all features of |x_f v_f|^2, which is sum_d q_d.
        bias: [1], is added to the terms within the side.
        of_users: whether these terms come before the 1.
    """
    vectors = total[:, :-1]  # [R, D]
    second = (vectors.square().sum(1, keepdim=True) - squares) / 2
    within = total[:, -1:] + second + bias  # [R, 1]
    one = torch.ones_like(within)
    return torch.cat([vectors, *((within, one) if of_users else (one, within))], dim=1)


class _Joined(Function):
    @staticmethod
    def forward(
        ctx: Any,
        ids: Tensor,
        vectors: Tensor,
        bias: Tensor | None,
        x: SparseMatrix,
        rows: Tensor,
        of_users: bool,
    ) -> Tensor:
        size = ids.shape[1] - 1
        place = size if of_users else size + 1
        out = torch.empty(len(ids), size + 2)
        learned = (ids.detach().numpy(), vectors.detach().numpy())
        w_0 = np.float32(0 if bias is None else bias.item())
        second_order(rows.numpy(), *x.arrays(), *learned, w_0, place, out.numpy())
        ctx.kept = (rows.numpy(), *x.arrays(), *learned, place, out.numpy())
        ctx.bias = bias
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        *_, ids, vectors, place, _ = ctx.kept
        to_ids, to_vectors = torch.empty(ids.shape), torch.empty(vectors.shape)
        arrays = (gradient.contiguous().numpy(), to_ids.numpy(), to_vectors.numpy())
        second_order_backward(*ctx.kept, *arrays)
        to_bias = None if ctx.bias is None else gradient[:, place].sum().view(1)
        return to_ids, to_vectors, to_bias, None, None, None
