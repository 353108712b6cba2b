"""The pairwise ranking loss of vectors and its gradient, compiled for the CPU."""

import numpy as np
from numba.core.types import float32, float64, int32

from bench.compilation import kernel, uncounted

from .activations import logistic

# Shapes: B observed pairs, M negatives of each, N nodes (users, then items), D width.


@uncounted
def _pairwise_ranking(users, items, others, nodes, to_nodes, of_user):
    width, count = nodes.shape[1], others.shape[1]
    share = np.float32(1 / count)
    total = 0.0
    for b in range(len(users)):
        user, item = nodes[users[b]], nodes[items[b]]
        of_user[:] = 0
        pulled = np.float32(0)
        for k in range(count):
            other, to_other = nodes[others[b, k]], to_nodes[others[b, k]]
            margin = np.float32(0)
            for d in range(width):
                margin += user[d] * (item[d] - other[d])
            loss, falls = logistic(margin)
            total += float(share * loss)
            push = share * np.float32(falls)
            pulled += push
            for d in range(width):
                of_user[d] -= push * (item[d] - other[d])
                to_other[d] += push * user[d]
        to_user, to_item = to_nodes[users[b]], to_nodes[items[b]]
        for d in range(width):
            to_user[d] += of_user[d]
            to_item[d] -= pulled * user[d]
    return total


@kernel(float64(int32[::1], int32[::1], int32[:, ::1], float32[:, ::1], float32[:, ::1]))
def pairwise_ranking(users, items, others, nodes, to_nodes):
    """Add the gradient of the loss to to_nodes [N, D], and return the loss.

    It is the sum of -log sigmoid(u . (i - j)) over pairs (u, i), as a mean over their negatives j.

    Args:
        users, items: [B], which nodes.
        others: [B, M], which nodes.
        nodes: [N, D].
    """
    of_user = np.empty(nodes.shape[1], np.float32)
    return _pairwise_ranking(users, items, others, nodes, to_nodes, of_user)
