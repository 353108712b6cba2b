"""The second-order factorisation machine as one dot product. Shared by fm and deepfm."""

import torch
from torch import Tensor

# Shapes: E entities (users or items), D factors.


def side_terms(total: Tensor, squares: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of a side's vectors, and the terms that need no other side.

    By lemma 3.1 of Rendle (2010), with s the sum of all vectors x_f v_f and q the sum of their
    squares, the second-order term is 1/2 sum_d (s_d^2 - q_d). As s = s_u + s_i and q = q_u + q_i,
    it is 1/2 sum_d (s_u^2 - q_u) + 1/2 sum_d (s_i^2 - q_i) + s_u . s_i; only the last needs both.

    Args:
        total: [E, D + 1], the sum over all features of x_f v_f and, as the last number, x_f w_f.
        squares: [E, 1], the sum over all features of |x_f v_f|^2, which is sum_d q_d.

    Returns:
        s [E, D], and the linear and second-order terms within the side, [E, 1].
    """
    vectors = total[:, :-1]  # [E, D]
    second = (vectors.square().sum(1, keepdim=True) - squares) / 2  # [E, 1]
    return vectors, total[:, -1:] + second


def user_vectors(total: Tensor, squares: Tensor, bias: Tensor) -> Tensor:
    """(s_u, within_u + w_0, 1), whose dot product with (s_i, 1, within_i) is the machine's logit.

    Args:
        total, squares: [U, D + 1], [U, 1], as in side_terms.
        bias: [1], w_0.

    Returns:
        [U, D + 2].
    """
    vectors, within = side_terms(total, squares)
    return torch.cat([vectors, within + bias, torch.ones_like(within)], dim=1)


def item_vectors(total: Tensor, squares: Tensor) -> Tensor:
    """(s_i, 1, within_i): [I, D + 1], [I, 1] -> [I, D + 2]. See user_vectors."""
    vectors, within = side_terms(total, squares)
    return torch.cat([vectors, torch.ones_like(within), within], dim=1)
