"""A layer of a tower over many pairs, compiled for the CPU."""

import numpy as np

from bench.compilation import part, uncounted

# Shapes: n pairs, a layer of `width` inputs and `out` outputs.


@part
def tiled(tower, pairs):
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


@uncounted
def copy_to(target, source):
    """Copy a matrix. To assign to a slice would compile the text of an error, for 4 s."""
    for r in range(len(target)):
        for k in range(target.shape[1]):
            target[r, k] = source[r, k]


@part
def transposed(tower):
    """The weights of the layers above the first with each matrix as [in, out].

    A product with these takes two thirds of the time of one with the transpose of [out, in].
    """
    turned = tower.weights.copy()
    weight = 0
    for layer in range(1, len(tower.widths)):
        width, out = tower.widths[layer - 1], tower.widths[layer]
        size = out * width
        copy_to(
            turned[weight : weight + size].reshape(width, out),
            tower.weights[weight : weight + size].reshape(out, width).T,
        )
        weight += size + out
    return turned


@part
def add_relu(sums, biases):
    """Activations, in place of the sums that a layer's matrix gives."""
    for k in range(len(sums)):
        x = sums[k] + biases[k]
        sums[k] = np.float32(0) if x <= 0 else x


@part
def relu_backward(gradient, activations, growth):
    """The gradient before relu and dropout, in place of that after them."""
    for k in range(len(gradient)):
        gradient[k] = gradient[k] * growth if activations[k] > 0 else np.float32(0)


@part
def to_layer(delta, below, ones, to_weights):
    """Add the gradients of a matrix and a bias, given delta [n, out] and below [n, width]."""
    out, width = delta.shape[1], below.shape[1]
    size = out * width
    to_matrix, to_bias = to_weights[:size].reshape(out, width), to_weights[size : size + out]
    to_matrix += np.dot(delta.T, below)
    to_bias += np.dot(ones[: len(delta)], delta)  # faster than loops over few columns
