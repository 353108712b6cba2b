"""Whole batches of a pair network, compiled for the CPU: draws, looks up, learns and moves.

Calls from Python between the batches of a small network take longer than its arithmetic. What a
side consists of is said in `pairs/epochs.py`; the networks' torch form is the reference.
"""

from typing import NamedTuple

import numpy as np
from numba.core.types import NamedTuple as Record
from numba.core.types import float64, int32, int64, uint64
from numpy.typing import NDArray

from bench.compilation import kernel

from .activations import mixed
from .optimizers import Moving, begin_step, clock_type, end_step, moving_type, step_whole
from .pairs import NetworkArrays, TowerArrays, loss_and_gradients
from .parts import PartArrays, bring, brought, learn, part_type, room_for, to_bring, zeros
from .rows import number_distinct
from .untouched import draw_for_all, samples_type

# Shapes: N pairs, B of them in a batch, C candidates of each, L layers of P weights in all.


class MovingTower(NamedTuple):
    """A tower that learns; without layers there is none."""

    layers: Moving  # [1, P], the weights as in TowerArrays
    widths: NDArray[np.int64]  # [L]
    dropout: float  # chance of an activation to be left out


class MovingNetwork(NamedTuple):
    """A network of two parts and perhaps a tower, all of which are changed."""

    users: PartArrays
    items: PartArrays
    tower: MovingTower


_tower = Record((moving_type, int64[::1], float64), MovingTower)
_network = Record((part_type, part_type, _tower), MovingNetwork)


@kernel(float64(int32[::1], int64, samples_type, _network, uint64, clock_type))
def train_batches(order, batch_size, samples, network, seed, clock):
    """Learn from observed pairs in this order, batch by batch.

    Args:
        order: [N], which of the observed pairs; every user of them must have an untouched item.
        batch_size: observed pairs in a batch.
        seed: of all draws.
        clock: must have room for the steps.

    Returns:
        The sum of the losses, each from just before its step.
    """
    user_part, item_part, moving = network
    layers, negatives = moving.layers, samples.negatives
    c = 1 + negatives
    most = min(len(order), batch_size)
    u, i = room_for(user_part, most), room_for(item_part, most * c)
    places_u, places_i = np.empty(most, np.int32), np.empty((most, c), np.int32)
    who, what = np.empty(most, np.int32), np.empty((most, c), np.int32)
    no_cross = zeros(0, 0)
    again = np.empty(most * negatives, np.int32)
    to_layers = np.zeros_like(layers.weights)
    tower = TowerArrays(no_cross, layers.weights[0], moving.widths)
    to_tower = TowerArrays(no_cross, to_layers[0], moving.widths)
    state, total = seed, 0.0
    for start in range(0, len(order), batch_size):
        pairs = order[start : start + batch_size]
        b = len(pairs)
        for k in range(b):
            who[k], what[k, 0] = samples.users[pairs[k]], samples.items[pairs[k]]
        state = draw_for_all(who[:b], samples.untouched, state, what[:b], 1, again)
        n_u = number_distinct(who[:b], u.numbers, u.rows, places_u)
        n_i = number_distinct(what[:b].reshape(b * c), i.numbers, i.rows, places_i.reshape(-1))
        bring(user_part, n_u, u, clock)
        bring(item_part, n_i, i, clock)
        to_layers[:] = 0
        total += loss_and_gradients(
            places_u[:b], places_i[:b],
            NetworkArrays(brought(user_part, n_u, u), brought(item_part, n_i, i), tower),
            moving.dropout, mixed(seed + np.uint64(clock.steps[0])),
            NetworkArrays(to_bring(n_u, u), to_bring(n_i, i), to_tower),
        )  # fmt: skip
        begin_step(clock)
        learn(user_part, n_u, u, clock)
        learn(item_part, n_i, i, clock)
        step_whole(to_layers, layers, clock)
        end_step(clock)
    return total
