"""Parts of the sides of a network, compiled with its epoch, see `epochs.py`."""

from typing import NamedTuple

import numpy as np
from numba.core.types import NamedTuple as Record
from numba.core.types import float32, int32, int64
from numpy.typing import NDArray

from bench.compilation import part
from bench.interactions import Floats, Ids

from .layers import copy_to
from .optimizers import Moving, moving_type, step_rows, step_whole, take_rows
from .pairs import SideArrays
from .rows import second_order, second_order_backward, sparse_product, sparse_product_backward

# Shapes: E users or items, R distinct ones in a batch, D factors, M width of what feeds a layer,
# H width of the layer, F features in K fields.


class PartArrays(NamedTuple):
    """What a side consists of. What is missing has width 0."""

    dot: Moving  # [E, D], vectors of a dot product; [E, D + 1] of a factorisation machine
    scale: Moving  # [1, D], factors of these vectors
    table: Moving  # [E, M], what feeds the layer; without it the vectors of the machine do
    matrix: Moving  # [H, M (1 + K)], of the layer; the first M columns are of the table
    bias: Moving  # [1, H]
    vectors: Moving  # [F, D + 1], of the machine's features
    offset: Moving  # [1, 1], the machine's bias
    starts: NDArray[np.int64]  # [E + 1], with columns and values the features of each entity
    columns: Ids
    values: Floats
    fields: Ids  # [K + 1], where each field begins among the features
    place: NDArray[np.int64]  # the column of the machine's terms within the side: [1], or [0]


class _Room(NamedTuple):
    """Buffers for one side of a batch; `to_` begins the name of a gradient."""

    rows: Ids  # [R]
    numbers: Ids  # [E]
    dot_rows: Floats  # [R, D], from the table
    dot: Floats  # [R, D], what comes to the pairs; [R, D + 2] of a machine
    to_dot_rows: Floats
    to_dot: Floats
    table_rows: Floats  # [R, M]
    first: Floats  # [R, H], what comes to the pairs
    to_table_rows: Floats
    to_first: Floats
    features: Floats  # [F, M], the machine's vectors
    mapped: Floats  # [F, H], by the layer
    to_mapped: Floats
    added: Floats  # [R, H], their sums for each entity
    to_scale: Floats
    to_matrix: Floats
    to_bias: Floats
    to_vectors: Floats
    to_offset: Floats


part_type = Record(
    (*(moving_type,) * 7, int64[::1], int32[::1], float32[::1], int32[::1], int64[::1]), PartArrays
)


@part
def zeros(rows, columns):
    return np.zeros((rows, columns), np.float32)


@part
def room_for(side, ids):
    entities = max(len(side.dot.weights), len(side.table.weights))
    n = min(ids, entities)
    d, m, h = side.dot.weights.shape[1], side.table.weights.shape[1], len(side.matrix.weights)
    out = d + 1 if len(side.place) else d
    if h and not m:
        m = d - 1
    features = len(side.vectors.weights) if h else 0
    return _Room(
        np.empty(ids, np.int32), np.full(entities, np.int32(-1)),
        zeros(n, d), zeros(n, out), zeros(n, d), zeros(n, out),
        zeros(n, m), zeros(n, h), zeros(n, m), zeros(n, h),
        zeros(features, m), zeros(features, h), zeros(features, h), zeros(n, h),
        np.zeros_like(side.scale.weights), np.zeros_like(side.matrix.weights),
        np.zeros_like(side.bias.weights), np.zeros_like(side.vectors.weights),
        np.zeros_like(side.offset.weights),
    )  # fmt: skip


@part
def _map_of(matrix, field, width):
    """The columns of the layer's matrix for one field: [H, M]."""
    return np.ascontiguousarray(matrix[:, field * width : (field + 1) * width])


@part
def _take(rows, table, clock, taken):
    """Copy rows of a table, if there is one, as they are by now."""
    if table.weights.shape[1]:
        take_rows(rows, table, clock, taken)


# Below, loops are written out: numba makes a new array for each expression over rows.


@part
def _add_to_each(matrix, row):
    for r in range(len(matrix)):
        for d in range(len(row)):
            matrix[r, d] += row[d]


@part
def _add_up(matrix, total):
    total[:] = 0
    for r in range(len(matrix)):
        for d in range(len(total)):
            total[d] += matrix[r, d]


@part
def _scale(rows, scale, scaled):
    for r in range(len(rows)):
        for d in range(len(scale)):
            scaled[r, d] = rows[r, d] * scale[d]


@part
def _add_products(matrix, other, total):
    total[:] = 0
    for r in range(len(matrix)):
        for d in range(len(total)):
            total[d] += matrix[r, d] * other[r, d]


@part
def _plain(side):
    """Whether the vectors of a dot product come as they are in the table."""
    return not len(side.place) and not side.scale.weights.shape[1]


@part
def bring(side, n, room, clock):
    """What the entities in room.rows[:n] bring to the pairs: becomes room.dot and room.first."""
    rows = room.rows[:n]
    _take(rows, side.dot, clock, room.dot_rows)
    if len(side.place):
        second_order(
            rows, side.starts, side.columns, side.values, room.dot_rows[:n], side.vectors.weights,
            side.offset.weights.sum(), side.place[0], room.dot[:n],
        )  # fmt: skip
    elif not _plain(side):
        _scale(room.dot_rows[:n], side.scale.weights[0], room.dot)
    if not len(side.matrix.weights):
        return
    width = room.table_rows.shape[1]
    if side.table.weights.shape[1]:
        _take(rows, side.table, clock, room.table_rows)
    else:
        copy_to(room.table_rows[:n], room.dot_rows[:n, :width])
    first = room.first[:n]
    np.dot(room.table_rows[:n], _map_of(side.matrix.weights, 0, width).T, first)
    _add_to_each(first, side.bias.weights[0])
    if not len(room.features):
        return
    copy_to(room.features, side.vectors.weights[:, :width])
    for field in range(len(side.fields) - 1):  # each feature is mapped once
        some = slice(side.fields[field], side.fields[field + 1])
        map_ = _map_of(side.matrix.weights, 1 + field, width)
        np.dot(room.features[some], map_.T, room.mapped[some])
    added = room.added[:n]
    sparse_product(rows, side.starts, side.columns, side.values, room.mapped, added)
    first += added


@part
def brought(side, n, room):
    dot = room.dot_rows if _plain(side) else room.dot
    return SideArrays(dot[:n], room.first[:n], np.zeros((0, 0, 0), np.float32))


@part
def to_bring(n, room):
    """The gradients of what a side brings, all zero yet."""
    to_dot, to_first = room.to_dot[:n], room.to_first[:n]
    to_dot[:], to_first[:] = 0, 0
    return SideArrays(to_dot, to_first, np.zeros((0, 0, 0), np.float32))


@part
def learn(side, n, room, clock):
    """Move what the entities in room.rows[:n] consist of, given room.to_dot and room.to_first."""
    rows, to_rows = room.rows[:n], (room.to_dot if _plain(side) else room.to_dot_rows)[:n]
    if len(side.place):
        second_order_backward(
            rows, side.starts, side.columns, side.values, room.dot_rows[:n], side.vectors.weights,
            side.place[0], room.dot[:n], room.to_dot[:n], to_rows, room.to_vectors,
        )  # fmt: skip
        room.to_offset[:] = room.to_dot[:n, side.place[0]].sum()
    elif not _plain(side):
        _add_products(room.to_dot[:n], room.dot_rows[:n], room.to_scale[0])
        _scale(room.to_dot[:n], side.scale.weights[0], to_rows)
    if len(side.matrix.weights):
        width = room.table_rows.shape[1]
        to_first, to_table_rows = room.to_first[:n], room.to_table_rows[:n]
        np.dot(to_first, _map_of(side.matrix.weights, 0, width), to_table_rows)
        copy_to(room.to_matrix[:, :width], np.dot(to_first.T, room.table_rows[:n]))
        _add_up(to_first, room.to_bias[0])
        if len(room.features):
            sparse_product_backward(
                rows, side.starts, side.columns, side.values, to_first, room.to_mapped
            )
        for field in range(len(side.fields) - 1):
            some = slice(side.fields[field], side.fields[field + 1])
            map_ = _map_of(side.matrix.weights, 1 + field, width)
            to_vectors = room.to_vectors[some, :width]
            to_vectors += np.dot(room.to_mapped[some], map_)
            columns = slice((1 + field) * width, (2 + field) * width)
            copy_to(room.to_matrix[:, columns], np.dot(room.to_mapped[some].T, room.features[some]))
        if side.table.weights.shape[1]:
            step_rows(rows, to_table_rows, side.table, clock)
        else:
            some_columns = to_rows[:, :width]
            some_columns += to_table_rows
        step_whole(room.to_matrix, side.matrix, clock)
        step_whole(room.to_bias, side.bias, clock)
    if to_rows.shape[1]:
        step_rows(rows, to_rows, side.dot, clock)
    step_whole(room.to_scale, side.scale, clock)
    step_whole(room.to_vectors, side.vectors, clock)
    step_whole(room.to_offset, side.offset, clock)
