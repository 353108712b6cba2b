"""Logits of pairs and the gradients of their loss, compiled for the CPU.

The formula is that of `pairs/network.py`, whose torch form is the reference. Here a batch is worked
on in blocks that stay in the core's cache, and nothing is written to memory in between.
"""

from typing import NamedTuple

import numpy as np
from numba.core.types import NamedTuple as Record
from numba.core.types import float32, float64, int32, int64, uint64, void
from numpy.typing import NDArray

from bench.compilation import kernel, part
from bench.interactions import Floats

from .activations import drop_out, logistic_loss, mixed
from .layers import add_relu, relu_backward, tiled, to_layer, transposed
from .sides import (
    add_first_layer,
    cross_fields,
    cross_fields_backward,
    dots,
    dots_backward,
    first_layer,
    first_layer_backward,
)

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


class NetworkArrays(NamedTuple):
    """A network, or the gradients of its numbers."""

    users: SideArrays
    items: SideArrays
    tower: TowerArrays


_side = Record((float32[:, ::1], float32[:, ::1], float32[:, :, ::1]), SideArrays)
_tower = Record((float32[:, ::1], float32[::1], int64[::1]), TowerArrays)
_network = Record((_side, _side, _tower), NetworkArrays)


class _Room(NamedTuple):
    """What blocks of up to n pairs need beside the network."""

    products: Floats  # [n F_i F_u], of fields
    hidden: Floats  # [n, H] of one hidden layer after the other: their activations
    to_hidden: Floats  # the same of their gradients
    turned: Floats  # the tower's weights as `transposed` has them
    biases: Floats  # the tower's biases as `tiled` has them
    ones: Floats  # [n]


@part
def _room_for(tower, n):
    hidden = n * tower.widths.sum()
    return _Room(
        np.empty(n * tower.cross.shape[1], np.float32),
        np.empty(hidden, np.float32), np.empty(hidden, np.float32),
        transposed(tower), tiled(tower, n), np.ones(n, np.float32),
    )  # fmt: skip


@part
def _forward(users, items, network, dropout, seed, room, logits):
    """The logits [n] of a block: users [b] with items [b, C]. Leaves in room what led to them."""
    u, i, tower = network
    n = items.size
    dots(users, items, u.dot, i.dot, logits)
    layers = len(tower.widths)
    if not layers:
        return
    width = tower.widths[0]
    first = room.hidden[: n * width].reshape(n, width)
    crosses = tower.cross.shape[1]
    if crosses:
        products = room.products[: n * crosses].reshape(n, crosses)
        cross_fields(users, items, u.fields, i.fields, products)
        np.dot(products, tower.cross.T, first)
        add_first_layer(users, items, u.first, i.first, first)
    else:
        first_layer(users, items, u.first, i.first, first)
    if dropout > 0:
        drop_out(room.hidden[: n * width], dropout, mixed(seed))
    start, weight, tile = n * width, 0, 0
    below = first
    for layer in range(1, layers):
        out = tower.widths[layer]
        matrix = room.turned[weight : weight + out * width].reshape(width, out)
        weight += out * width + out
        flat = room.hidden[start : start + n * out]
        above = flat.reshape(n, out)
        np.dot(below, matrix, above)
        add_relu(flat, room.biases[tile : tile + n * out])
        tile += len(room.ones) * out
        if dropout > 0:
            drop_out(flat, dropout, mixed(seed + np.uint64(layer)))
        start += n * out
        width = out
        below = above
    last = tower.weights[weight : weight + width + 1]  # and its bias
    sums = np.dot(below, last[:width])
    for k in range(n):
        logits[k] += sums[k] + last[width]


@part
def _backward(users, items, network, dropout, room, g, gradients):
    """Add the gradients of a block, whose logits have the gradient g [n], to those of the network.

    room is as `_forward` left it.
    """
    u, i, tower = network
    to_u, to_i, to_tower = gradients
    n = items.size
    dots_backward(users, items, u.dot, i.dot, g, to_u.dot, to_i.dot)
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
        active, flat = room.hidden[end - n * width : end], room.to_hidden[end - n * width : end]
        end -= n * width
        to_weights = to_tower.weights[weight : weight + out * width + out]
        to_layer(delta, active.reshape(n, width), room.ones, to_weights)
        matrix = tower.weights[weight : weight + out * width].reshape(out, width)
        to_below = flat.reshape(n, width)
        np.dot(delta, matrix, to_below)
        relu_backward(flat, active, growth)
        delta = to_below
    width, out = widths[0], delta.shape[1]
    active, flat = room.hidden[: n * width], room.to_hidden[: n * width]
    to_weights = to_tower.weights[: out * width + out]
    to_layer(delta, active.reshape(n, width), room.ones, to_weights)
    to_first = flat.reshape(n, width)
    np.dot(delta, tower.weights[: out * width].reshape(out, width), to_first)
    relu_backward(flat, active, growth)
    first_layer_backward(users, items, to_first, to_u.first, to_i.first)
    crosses = tower.cross.shape[1]
    if crosses:
        products = room.products[: n * crosses].reshape(n, crosses)
        to_cross = to_tower.cross
        to_cross += np.dot(to_first.T, products)
        np.dot(to_first, tower.cross, products)  # from here on the gradient of the products
        cross_fields_backward(users, items, u.fields, i.fields, products, to_u.fields, to_i.fields)


@kernel(float64(int32[::1], int32[:, ::1], _network, float64, uint64, _network))
def loss_and_gradients(users, items, network, dropout, seed, gradients):
    """The summed logistic loss of a batch, whose first candidates are the observed ones.

    Args:
        users, items: [B], [B, C], rows of the network's sides.
        dropout: chance of an activation to be left out; the others grow by 1 / (1 - dropout).
        seed: of the dropout.
        gradients: those of the mean loss are added to these.
    """
    b, c = items.shape
    at_once = min(b, max(1, PAIRS // c))
    room = _room_for(network.tower, at_once * c)
    logits = np.empty(at_once * c, np.float32)
    scale = np.float32(1 / items.size)
    loss = 0.0
    for start in range(0, b, at_once):
        some_users, some_items = users[start : start + at_once], items[start : start + at_once]
        block = mixed(seed + np.uint64(start))
        g = logits[: some_items.size]
        _forward(some_users, some_items, network, dropout, block, room, g)
        loss += logistic_loss(g, c, scale)
        _backward(some_users, some_items, network, dropout, room, g, gradients)
    return loss


@kernel(void(int32[::1], int32[:, ::1], _network, float32[:, ::1]))
def logits_of_pairs(users, items, network, logits):
    """The logits [B, C] of users [B] with items [B, C], or with the same items [1, C] for all."""
    b, c = logits.shape
    pairs = min(c, PAIRS)
    room = _room_for(network.tower, pairs)
    for row in range(b):
        own = items[row if len(items) > 1 else 0]
        for start in range(0, c, pairs):
            block = own[start : start + pairs]
            _forward(
                users[row : row + 1], block.reshape(1, len(block)), network,
                0.0, np.uint64(0), room, logits[row, start : start + pairs],
            )  # fmt: skip
