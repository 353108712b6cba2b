"""Functions of single activations and logits, compiled for the CPU."""

import math

import numpy as np

from bench.compilation import part


@part
def mixed(number):
    """Bits that look random: the finaliser of SplitMix64 (Steele, Lea & Flood, 2014)."""
    z = number + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@part
def drop_out(activations, dropout, seed):
    """Zero a share of the activations, and let the others grow.

    Each gets 16 bits of its own, half of a hash of its place (lowbias32 of Wellons, 2018) with the
    seed mixed in twice: a few operations that run in parallel.
    """
    limit = np.uint32(dropout * 2**16 + 0.5)
    growth = np.float32(1 / (1 - dropout))
    first, second = np.uint32(seed), np.uint32(seed >> np.uint64(32))
    half = (len(activations) + 1) // 2
    front, back = activations[:half], activations[half:]
    bits = np.empty(half, np.uint32)
    for j in range(half):
        x = np.uint32(np.uint32(j) + first)
        x = np.uint32((x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D))
        x = np.uint32((x ^ second ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B))
        bits[j] = x ^ (x >> np.uint32(16))
    for j in range(half):
        front[j] = front[j] * growth if (bits[j] & np.uint32(0xFFFF)) >= limit else np.float32(0)
    for j in range(len(back)):
        back[j] = back[j] * growth if (bits[j] >> np.uint32(16)) >= limit else np.float32(0)


@part
def exp_of_negative(x):
    """e^x for x <= 0, to a relative error of 3e-7.

    It is written out, because a loop that calls a function of the system is not vectorised:
    2^(n + f) = 2^n 2^f, of which the first is the exponent of a float, and the second a series.
    """
    t = max(x, np.float32(-87)) * np.float32(1.4426950408889634)
    n = np.floor(t + np.float32(0.5))
    f = t - n
    series = np.float32(1.5403530393381609e-4)
    series = series * f + np.float32(1.3333558146428443e-3)
    series = series * f + np.float32(9.6181291076284772e-3)
    series = series * f + np.float32(5.5504108664821580e-2)
    series = series * f + np.float32(0.24022650695910072)
    series = series * f + np.float32(0.69314718055994531)
    series = series * f + np.float32(1)
    return series * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)


@part
def logistic(margin):
    """Loss -log sigmoid(margin), and how fast it falls with the margin, sigmoid(-margin)."""
    small = math.exp(-abs(margin))
    falls = (small if margin > 0 else np.float32(1)) / (np.float32(1) + small)
    return max(-margin, np.float32(0)) + math.log(np.float32(1) + small), falls


@part
def logistic_loss(logits, c, scale):
    """The sum of -log sigmoid(x) for first candidates x, and of -log sigmoid(-x) for the others.

    Replaces the logits by the gradient of the loss, times scale.
    """
    loss = 0.0
    for k in range(0, len(logits), c):
        loss -= logits[k]
    for start in range(0, len(logits), 256):
        loss += _softplus(logits[start : start + 256], scale)
    for k in range(0, len(logits), c):
        logits[k] -= scale
    return loss


@part
def _softplus(logits, scale):
    """The sum of log(1 + e^x) over at most 256 logits, which become its gradient, times scale."""
    one = np.float32(1)
    product, above = 1.0, np.float32(0)  # log(1 + e) over all is the log of a product below 2^256
    for k in range(len(logits)):
        x = logits[k]
        size = abs(x)
        e = exp_of_negative(-size)
        share = one / (one + e)
        above += x + size  # twice what is above 0
        product *= np.float64(one + e)
        logits[k] = scale * (share if x >= 0 else e * share)
    return above / 2 + np.log(product)
