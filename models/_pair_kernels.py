"""Logits of pairs and the gradients of their loss, compiled for the CPU.

The formula is that of `_network.py`, whose torch form is the reference. Here a batch is worked on
in blocks that stay in the core's cache, and nothing is written to memory in between.
"""

from typing import NamedTuple

import numpy as np
from numba.core.types import NamedTuple as Record
from numba.core.types import float32, float64, int32, int64, uint64, void
from numpy.typing import NDArray

from bench.compilation import kernel, part
from bench.interactions import Floats

from ._activation_kernels import drop_out, logistic_loss, mixed

PAIRS = 256  # in a block

# Shapes: B users, C candidates of each, n = b C pairs in a block, E users or items, D width of the
# dot product, H widths of the tower's layers, F fields of K numbers, F_u and F_i of the sides.


class SideArrays(NamedTuple):
    """What users or items bring to a pair; what is missing has width 0."""

    dot: Floats  # [E, D]
    first: Floats  # [E, H_1]
    fields: Floats  # [E, F, K]


class TowerArrays(NamedTuple):
    """What leads from both sides to one number; without layers there is no tower."""

    cross: Floats  # [H_1, F_i F_u], of the dot products of fields; [0, 0] without
    weights: Floats  # of the layers above the first: matrix and bias of one after the other
    widths: NDArray[np.int64]  # [layers], of the hidden layers


_side = Record((float32[:, ::1], float32[:, ::1], float32[:, :, ::1]), SideArrays)
_tower = Record((float32[:, ::1], float32[::1], int64[::1]), TowerArrays)


@part
def _cross_fields(users, items, u, i, dots):
    """The dot product of each field of an item with each of its user: dots [n, F_i F_u]."""
    c = items.shape[1]
    n_u = u.shape[1]
    for b in range(len(users)):
        user = users[b]
        for j in range(c):
            item = items[b, j]
            for f in range(i.shape[1]):
                for g in range(n_u):
                    total = np.float32(0)
                    for d in range(u.shape[2]):
                        total += i[item, f, d] * u[user, g, d]
                    dots[b * c + j, f * n_u + g] = total


@part
def _cross_fields_backward(users, items, u, i, to_dots, to_u, to_i):
    """Add the gradients of the fields, given that of their dot products [n, F_i F_u]."""
    c = items.shape[1]
    n_u = u.shape[1]
    for b in range(len(users)):
        user = users[b]
        for j in range(c):
            item = items[b, j]
            for f in range(i.shape[1]):
                for g in range(n_u):
                    x = to_dots[b * c + j, f * n_u + g]
                    for d in range(u.shape[2]):
                        to_i[item, f, d] += x * u[user, g, d]
                        to_u[user, g, d] += x * i[item, f, d]


@part
def _tiled(tower, pairs):
    """The biases of the hidden layers above the first, each as often as there are pairs."""
    tiles = np.empty(pairs * tower.widths[1:].sum(), np.float32)
    start, weight = 0, 0
    for layer in range(1, len(tower.widths)):
        width, out = tower.widths[layer - 1], tower.widths[layer]
        bias = tower.weights[weight + out * width : weight + out * width + out]
        weight += out * width + out
        for k in range(pairs):
            for h in range(out):
                tiles[start + k * out + h] = bias[h]
        start += pairs * out
    return tiles


@part
def _forward(users, items, u, i, tower, tiles, dropout, seed, dots, hidden, logits):
    """The logits [n] of a block: users [b] with items [b, C].

    Leaves the dot products of fields in dots [n F_i F_u], and the activations of the hidden layers,
    [n, H] of one after the other, in hidden. tiles is that of `_tiled`, for n pairs or more.
    """
    c = items.shape[1]
    n = items.size
    for b in range(len(users)):
        user = users[b]
        for j in range(c):
            item = items[b, j]
            total = np.float32(0)
            for d in range(u.dot.shape[1]):
                total += u.dot[user, d] * i.dot[item, d]
            logits[b * c + j] = total
    layers = len(tower.widths)
    if not layers:
        return
    width = tower.widths[0]
    first = hidden[: n * width].reshape(n, width)
    crosses = tower.cross.shape[1]
    if crosses:
        products = dots[: n * crosses].reshape(n, crosses)
        _cross_fields(users, items, u.fields, i.fields, products)
        np.dot(products, tower.cross.T, first)
    for b in range(len(users)):
        user = users[b]
        for j in range(c):
            k, item = b * c + j, items[b, j]
            if crosses:
                for h in range(width):
                    x = first[k, h] + (u.first[user, h] + i.first[item, h])
                    first[k, h] = np.float32(0) if x <= 0 else x
            else:
                for h in range(width):
                    x = u.first[user, h] + i.first[item, h]
                    first[k, h] = np.float32(0) if x <= 0 else x
    if dropout > 0:
        drop_out(hidden[: n * width], dropout, mixed(seed))
    start, weight, tile = n * width, 0, 0
    below = first
    for layer in range(1, layers):
        out = tower.widths[layer]
        matrix = tower.weights[weight : weight + out * width].reshape(out, width)
        weight += out * width + out
        flat = hidden[start : start + n * out]
        above = flat.reshape(n, out)
        np.dot(below, matrix.T, above)
        biases = tiles[tile : tile + n * out]
        tile += len(tiles) // tower.widths[1:].sum() * out
        for k in range(n * out):
            x = flat[k] + biases[k]
            flat[k] = np.float32(0) if x <= 0 else x
        if dropout > 0:
            drop_out(flat, dropout, mixed(seed + np.uint64(layer)))
        start += n * out
        width = out
        below = above
    last = tower.weights[weight : weight + width + 1]  # and its bias
    for k in range(n):
        total = last[width]
        for h in range(width):
            total += last[h] * below[k, h]
        logits[k] += total


@part
def _to_layer(delta, below, to_weights):
    """Add the gradients of a matrix and a bias, given delta [n, out] and below [n, in]."""
    out, width = delta.shape[1], below.shape[1]
    size = out * width
    to_matrix = to_weights[:size].reshape(out, width)
    to_matrix += np.dot(delta.T, below)
    to_bias = to_weights[size : size + out]
    for k in range(len(delta)):
        for h in range(out):
            to_bias[h] += delta[k, h]


@part
def _backward(users, items, u, i, tower, dropout, dots, hidden, g, to_u, to_i, to_tower, deltas):
    """Add the gradients of a block, whose logits have the gradient g [n], to to_u, ..., to_tower.

    Overwrites hidden and dots; deltas is room as large as hidden.
    """
    c = items.shape[1]
    n = items.size
    for b in range(len(users)):
        user = users[b]
        for j in range(c):
            k, item = b * c + j, items[b, j]
            for d in range(u.dot.shape[1]):
                to_u.dot[user, d] += g[k] * i.dot[item, d]
                to_i.dot[item, d] += g[k] * u.dot[user, d]
    layers = len(tower.widths)
    if not layers:
        return
    growth = np.float32(1 / (1 - dropout))
    widths = tower.widths
    end = n * widths.sum()
    weight = len(tower.weights)
    delta = g[:n].reshape(n, 1)  # the gradient of what a layer gives, before its relu: [n, out]
    for layer in range(layers - 1, 0, -1):
        width, out = widths[layer], delta.shape[1]
        weight -= out * width + out
        active, flat = hidden[end - n * width : end], deltas[end - n * width : end]
        end -= n * width
        _to_layer(
            delta, active.reshape(n, width), to_tower.weights[weight : weight + out * width + out]
        )
        matrix = tower.weights[weight : weight + out * width].reshape(out, width)
        to_below = flat.reshape(n, width)
        np.dot(delta, matrix, to_below)
        for k in range(n * width):
            flat[k] = flat[k] * growth if active[k] > 0 else np.float32(0)
        delta = to_below
    width, out = widths[0], delta.shape[1]
    first = hidden[: n * width].reshape(n, width)
    _to_layer(delta, first, to_tower.weights[: out * width + out])
    to_first = deltas[: n * width].reshape(n, width)
    np.dot(delta, tower.weights[: out * width].reshape(out, width), to_first)
    crosses = tower.cross.shape[1]
    for b in range(len(users)):
        to_user = to_u.first[users[b]]
        for j in range(c):
            k = b * c + j
            to_item, delta_k, active = to_i.first[items[b, j]], to_first[k], first[k]
            for h in range(width):
                x = delta_k[h] * growth if active[h] > 0 else np.float32(0)
                to_user[h] += x
                to_item[h] += x
            if crosses:
                for h in range(width):
                    delta_k[h] = delta_k[h] * growth if active[h] > 0 else np.float32(0)
    if crosses:
        products = dots[: n * crosses].reshape(n, crosses)
        to_cross = to_tower.cross
        to_cross += np.dot(to_first.T, products)
        np.dot(to_first, tower.cross, products)  # from here on the gradient of the products
        _cross_fields_backward(users, items, u.fields, i.fields, products, to_u.fields, to_i.fields)


@kernel(
    float64(int32[::1], int32[:, ::1], _side, _side, _tower, float64, uint64, _side, _side, _tower)
)
def loss_and_gradients(users, items, u, i, tower, dropout, seed, to_u, to_i, to_tower):
    """The summed logistic loss of a batch, whose first candidates are the observed ones.

    Args:
        users, items: [B], [B, C], rows of u and i.
        u, i, tower: the network.
        dropout: chance of an activation to be left out; the others grow by 1 / (1 - dropout).
        seed: of the dropout.
        to_u, to_i, to_tower: the gradients of the mean loss are added to these.
    """
    b, c = items.shape
    at_once = min(b, max(1, PAIRS // c))
    pairs = at_once * c
    dots = np.empty(pairs * tower.cross.shape[1], np.float32)
    hidden = np.empty(pairs * tower.widths.sum(), np.float32)
    deltas = np.empty_like(hidden)
    logits = np.empty(pairs, np.float32)
    tiles = _tiled(tower, pairs)
    scale = np.float32(1 / items.size)
    loss = 0.0
    for start in range(0, b, at_once):
        some_users, some_items = users[start : start + at_once], items[start : start + at_once]
        block = mixed(seed + np.uint64(start))
        g = logits[: some_items.size]
        _forward(some_users, some_items, u, i, tower, tiles, dropout, block, dots, hidden, g)
        loss += logistic_loss(g, c, scale)
        _backward(
            some_users, some_items, u, i, tower, dropout, dots, hidden, g,
            to_u, to_i, to_tower, deltas,
        )  # fmt: skip
    return loss


@kernel(void(int32[::1], int32[:, ::1], _side, _side, _tower, float32[:, ::1]))
def logits_of_pairs(users, items, u, i, tower, logits):
    """The logits [B, C] of users [B] with items [B, C], or with the same items [1, C] for all."""
    b, c = logits.shape
    pairs = min(c, PAIRS)
    dots = np.empty(pairs * tower.cross.shape[1], np.float32)
    hidden = np.empty(pairs * tower.widths.sum(), np.float32)
    tiles = _tiled(tower, pairs)
    for row in range(b):
        own = items[row if len(items) > 1 else 0]
        for start in range(0, c, pairs):
            block = own[start : start + pairs]
            _forward(
                users[row : row + 1], block.reshape(1, len(block)), u, i, tower, tiles,
                0.0, np.uint64(0), dots, hidden, logits[row, start : start + pairs],
            )  # fmt: skip
