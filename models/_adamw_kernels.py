"""AdamW by row, compiled for the CPU: see `_tables.py` for the sums."""

from typing import NamedTuple

import numpy as np
from numba.core.types import NamedTuple as Record
from numba.core.types import float32, float64, int32, int64, void
from numpy.typing import NDArray

from bench.compilation import kernel, part
from bench.interactions import Floats

# Added to the root of a second moment, which is far above it wherever there is a gradient: usually
# 1e-8, but those of a mean over a batch are as small as that themselves.
EPS = 1e-15

Numbers = NDArray[np.float64]

# Shapes: E rows of a matrix, R of them, D width, T steps at most between two times that all rows
# are brought up to date.


class Clock(NamedTuple):
    """How many steps were made, and what steps without a gradient do to a row."""

    steps: NDArray[np.int64]  # [2], made in all, and made when all rows were last up to date
    rates: Numbers  # [2], the learning rate, and what weight decay leaves of a parameter in a step
    betas: Numbers  # [2]
    corrected: Numbers  # [1], the learning rate of the last step with Adam's correction of its bias
    powers: Numbers  # [4, T + 1], of what decay leaves, beta1, beta2 and beta1 / sqrt(beta2)
    away: Numbers  # [T + 1], by the last step of a row: the factor of m / sqrt(v) to be subtracted


class Moving(NamedTuple):
    """A matrix and its moments."""

    weights: Floats  # [E, D]
    m: Floats  # [E, D]
    v: Floats  # [E, D]
    last: NDArray[np.int64]  # [E], the last step that each row has taken, where rows skip steps


clock_type = Record(
    (int64[::1], float64[::1], float64[::1], float64[::1], float64[:, ::1], float64[::1]), Clock
)
moving_type = Record((float32[:, ::1], float32[:, ::1], float32[:, ::1], int64[::1]), Moving)


@kernel(void(clock_type))
def advance(clock):
    """Begin a step: the sum in `_tables.py` grows by one term for each step a row can be at."""
    clock.steps[0] += 1
    step = clock.steps[0]
    beta1, beta2 = clock.betas
    corrected = clock.rates[0] * np.sqrt(1 - beta2**step) / (1 - beta1**step)
    clock.corrected[0] = corrected
    keep, falls = clock.rates[1], clock.powers[3]
    made = step - clock.steps[1]
    clock.away[made] = 0
    for last in range(made):
        clock.away[last] = keep * clock.away[last] + corrected * falls[made - last]


@kernel(void(int32[::1], moving_type, clock_type))
def catch_up(rows, table, clock):
    """Apply the steps that rows [R] have skipped since their last one."""
    eps = np.float32(EPS)
    step, settled = clock.steps
    for r in range(len(rows)):
        row = rows[r]
        last = table.last[row]
        if last == step:
            continue
        table.last[row] = step
        k = step - last
        keep, away = np.float32(clock.powers[0, k]), np.float32(clock.away[last - settled])
        m_falls, v_falls = np.float32(clock.powers[1, k]), np.float32(clock.powers[2, k])
        weights, m, v = table.weights[row], table.m[row], table.v[row]
        for d in range(len(weights)):
            weights[d] = keep * weights[d] - away * (m[d] / (np.sqrt(v[d]) + eps))
            m[d] *= m_falls
            v[d] *= v_falls


@part
def _step(weights, m, v, gradient, clock):
    keep, corrected = np.float32(clock.rates[1]), np.float32(clock.corrected[0])
    b1, b2 = np.float32(clock.betas[0]), np.float32(clock.betas[1])
    one, eps = np.float32(1), np.float32(EPS)
    for d in range(len(weights)):
        g = gradient[d]
        m[d] = b1 * m[d] + (one - b1) * g
        v[d] = b2 * v[d] + (one - b2) * g * g
        weights[d] = keep * weights[d] - corrected * (m[d] / (np.sqrt(v[d]) + eps))


@kernel(void(int32[::1], float32[:, ::1], moving_type, clock_type))
def step_rows(rows, gradient, table, clock):
    """The step that has begun, for rows [R] that took all before it, from gradient [R, D]."""
    for r in range(len(rows)):
        row = rows[r]
        table.last[row] = clock.steps[0]
        _step(table.weights[row], table.m[row], table.v[row], gradient[r], clock)


@kernel(void(float32[:, ::1], moving_type, clock_type))
def step_whole(gradient, matrix, clock):
    """The step that has begun, for a matrix that moves in each, from gradient [E, D]."""
    for row in range(len(gradient)):
        _step(matrix.weights[row], matrix.m[row], matrix.v[row], gradient[row], clock)
