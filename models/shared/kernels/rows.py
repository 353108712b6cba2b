"""Distinct rows of tables for a batch, their products and gradients, compiled for the CPU."""

import numpy as np
from numba.core.types import float32, int32, int64, void

from bench.compilation import kernel

# Shapes: N ids, E rows of a table (users or items), R rows of it, D width, M rows of another
# table.


@kernel(int64(int32[::1], int32[::1], int32[::1], int32[::1]), counted=False)
def number_distinct(ids, numbers, distinct, places):
    """Number the distinct ids: in ascending order, or of appearance where there are few of many.

    Rows of a table that are visited in ascending order come to the core ahead of time.

    Args:
        ids: [N].
        numbers: [E], all -1, and so again at the end.
        distinct: [N], becomes the distinct ids, as many as are returned.
        places: [N], becomes the number of each id.
    """
    count = 0
    if len(numbers) > 4 * len(ids):  # then to look at all takes longer than it saves
        for k in range(len(ids)):
            if numbers[ids[k]] < 0:
                numbers[ids[k]] = count
                distinct[count] = ids[k]
                count += 1
    else:
        for k in range(len(ids)):
            numbers[ids[k]] = 0
        for entity in range(len(numbers)):
            if numbers[entity] == 0:
                numbers[entity] = count
                distinct[count] = entity
                count += 1
    for k in range(len(ids)):
        places[k] = numbers[ids[k]]
    for k in range(count):
        numbers[distinct[k]] = -1
    return count


@kernel(
    void(int32[::1], int64[::1], int32[::1], float32[::1], float32[:, ::1], float32[:, ::1]),
    counted=False,
)
def sparse_product(rows, starts, columns, values, table, product):
    """Rows [R] of a sparse matrix [E, M] times a table [M, D]: product [R, D]."""
    product[:] = 0
    for r in range(len(rows)):
        out = product[r]
        for k in range(starts[rows[r]], starts[rows[r] + 1]):
            value, vector = values[k], table[columns[k]]
            for d in range(len(out)):
                out[d] += value * vector[d]


@kernel(
    void(int32[::1], int64[::1], int32[::1], float32[::1], float32[:, ::1], float32[:, ::1]),
    counted=False,
)
def sparse_product_backward(rows, starts, columns, values, gradient, to_table):
    """The gradient of the table [M, D], given that of the product [R, D]."""
    to_table[:] = 0
    for r in range(len(rows)):
        vector = gradient[r]
        for k in range(starts[rows[r]], starts[rows[r] + 1]):
            value, out = values[k], to_table[columns[k]]
            for d in range(len(vector)):
                out[d] += value * vector[d]


@kernel(void(float32[:, :, ::1], float32[:, ::1]), counted=False)
def dots_within(fields, dots):
    """The dot products of each two fields [R, F, D] of a row: dots [R, F (F - 1) / 2]."""
    for r in range(fields.shape[0]):
        pair = 0
        for f in range(fields.shape[1]):
            for g in range(f + 1, fields.shape[1]):
                total = np.float32(0)
                for d in range(fields.shape[2]):
                    total += fields[r, f, d] * fields[r, g, d]
                dots[r, pair] = total
                pair += 1


@kernel(void(float32[:, :, ::1], float32[:, ::1], float32[:, :, ::1]), counted=False)
def dots_within_backward(fields, gradient, to_fields):
    """The gradient of fields [R, F, D], given that of their dot products."""
    to_fields[:] = 0
    for r in range(fields.shape[0]):
        pair = 0
        for f in range(fields.shape[1]):
            for g in range(f + 1, fields.shape[1]):
                x = gradient[r, pair]
                for d in range(fields.shape[2]):
                    to_fields[r, f, d] += x * fields[r, g, d]
                    to_fields[r, g, d] += x * fields[r, f, d]
                pair += 1


_sparse = (int32[::1], int64[::1], int32[::1], float32[::1])


@kernel(
    void(*_sparse, float32[:, ::1], float32[:, ::1], float32, int64, float32[:, ::1]), counted=False
)
def second_order(rows, starts, columns, values, ids, vectors, bias, place, joined):
    """One side of a factorisation machine as a vector: see `pairs/second_order.py`.

    Args:
        rows, starts, columns, values: rows [R] of the sparse matrix x [E, M].
        ids, vectors: [R, D + 1], [M, D + 1], whose last number is a weight.
        bias: is added to the terms within the side.
        place: D or D + 1, the column of the terms within the side; the other one becomes 1.
        joined: [R, D + 2].
    """
    size = ids.shape[1] - 1
    for r in range(len(rows)):
        out, own = joined[r], ids[r]
        within = bias + own[size]
        squares = np.float32(0)
        for d in range(size):
            out[d] = own[d]
            squares += own[d] * own[d]
        for k in range(starts[rows[r]], starts[rows[r] + 1]):
            value, vector = values[k], vectors[columns[k]]
            within += value * vector[size]
            for d in range(size):
                moved = value * vector[d]
                out[d] += moved
                squares += moved * moved
        total = np.float32(0)
        for d in range(size):
            total += out[d] * out[d]
        out[2 * size + 1 - place] = 1
        out[place] = within + (total - squares) / 2


@kernel(
    void(
        *_sparse, float32[:, ::1], float32[:, ::1], int64, float32[:, ::1],
        float32[:, ::1], float32[:, ::1], float32[:, ::1],
    ),
    counted=False,
)  # fmt: skip
def second_order_backward(
    rows, starts, columns, values, ids, vectors, place, joined, gradient, to_ids, to_vectors
):
    """The gradients of ids and vectors, given that of joined [R, D + 2]."""
    to_vectors[:] = 0
    size = ids.shape[1] - 1
    for r in range(len(rows)):
        to, own, out, to_own = gradient[r], ids[r], joined[r], to_ids[r]
        within = to[place]
        for d in range(size):
            to_own[d] = to[d] + within * (out[d] - own[d])
        to_own[size] = within
        for k in range(starts[rows[r]], starts[rows[r] + 1]):
            value = values[k]
            vector, to_vector = vectors[columns[k]], to_vectors[columns[k]]
            for d in range(size):
                to_vector[d] += value * (to[d] + within * (out[d] - value * vector[d]))
            to_vector[size] += value * within
