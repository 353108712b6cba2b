"""Dot products and sums of the two sides of a pair, and gradients, compiled for the CPU."""

import numpy as np

from bench.compilation import uncounted

# Shapes: b users, C candidates of each, n = b C pairs, D width of the dot product, H width of the
# tower's first layer, F fields of K numbers, F_u and F_i of the sides.

# Loops over numbers stand in functions of their own, with few arrays each: else numba does not
# vectorise them.


@uncounted
def dots(users, items, u, i, logits):
    """The dot product of each item with its user: logits [n]."""
    c = items.shape[1]
    for b in range(len(users)):
        own = u[users[b]]
        for j in range(c):
            logits[b * c + j] = _dot(own, i[items[b, j]])


@uncounted
def _dot(x, y):
    total = np.float32(0)
    for d in range(len(x)):
        total += x[d] * y[d]
    return total


@uncounted
def dots_backward(users, items, u, i, gradient, to_u, to_i):
    """Add the gradients of both sides, given that of their dot products [n]."""
    c = items.shape[1]
    for b in range(len(users)):
        own, to_own = u[users[b]], to_u[users[b]]
        for j in range(c):
            _add_scaled(gradient[b * c + j], i[items[b, j]], to_own)
            _add_scaled(gradient[b * c + j], own, to_i[items[b, j]])


@uncounted
def _add_scaled(x, row, total):
    for d in range(len(total)):
        total[d] += x * row[d]


@uncounted
def first_layer(users, items, u, i, first):
    """The activations of the first layer [n, H] from what both sides bring to it."""
    c = items.shape[1]
    for b in range(len(users)):
        own = u[users[b]]
        for j in range(c):
            _sum(own, i[items[b, j]], first[b * c + j])


@uncounted
def _sum(x, y, activations):
    for h in range(len(activations)):
        total = x[h] + y[h]
        activations[h] = np.float32(0) if total <= 0 else total


@uncounted
def add_first_layer(users, items, u, i, first):
    """The same, where first [n, H] already holds what their fields bring together."""
    c = items.shape[1]
    for b in range(len(users)):
        own = u[users[b]]
        for j in range(c):
            _add_sum(own, i[items[b, j]], first[b * c + j])


@uncounted
def _add_sum(x, y, activations):
    for h in range(len(activations)):
        total = activations[h] + (x[h] + y[h])
        activations[h] = np.float32(0) if total <= 0 else total


@uncounted
def first_layer_backward(users, items, gradient, to_u, to_i):
    """Add the gradients of both sides, given that of their sums [n, H]."""
    c = items.shape[1]
    for b in range(len(users)):
        to_own = to_u[users[b]]
        for j in range(c):
            _add(gradient[b * c + j], to_i[items[b, j]])
            _add(gradient[b * c + j], to_own)


@uncounted
def _add(row, total):
    for h in range(len(total)):
        total[h] += row[h]


@uncounted
def cross_fields(users, items, u, i, products):
    """The dot product of each field of an item with each of its user: products [n, F_i F_u]."""
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
                    products[b * c + j, f * n_u + g] = total


@uncounted
def cross_fields_backward(users, items, u, i, to_products, to_u, to_i):
    """Add the gradients of the fields, given that of their dot products [n, F_i F_u]."""
    c = items.shape[1]
    n_u = u.shape[1]
    for b in range(len(users)):
        user = users[b]
        for j in range(c):
            item = items[b, j]
            for f in range(i.shape[1]):
                for g in range(n_u):
                    x = to_products[b * c + j, f * n_u + g]
                    for d in range(u.shape[2]):
                        to_i[item, f, d] += x * u[user, g, d]
                        to_u[user, g, d] += x * i[item, f, d]
