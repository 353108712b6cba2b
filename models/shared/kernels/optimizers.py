"""AdamW and SGD by row, compiled for the CPU: see `tables.py` for the sums."""

from typing import NamedTuple

import numpy as np
from numba.core.types import NamedTuple as Record
from numba.core.types import float32, float64, int32, int64, void
from numpy.typing import NDArray

from bench.compilation import kernel, uncounted
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
    betas: Numbers  # [2], or [0] for SGD, which has no moments
    corrected: Numbers  # [1], the learning rate of the last step with Adam's correction of its bias
    powers: Numbers  # [3, T + 1], of what decay leaves, of sqrt(beta2) and of beta1 / sqrt(beta2)
    away: Numbers  # [T + 1], by the last step of a row: the factor of its ratio to be subtracted


class Moving(NamedTuple):
    """A matrix, and its moments m and v in the form that steps without a gradient need."""

    weights: Floats  # [E, D]
    ratio: Floats  # [E, D], m / sqrt(v)
    root: Floats  # [E, D], sqrt(v)
    last: NDArray[np.int64]  # [E], the last step that each row has taken, where rows skip steps


clock_type = Record(
    (int64[::1], float64[::1], float64[::1], float64[::1], float64[:, ::1], float64[::1]), Clock
)
moving_type = Record((float32[:, ::1], float32[:, ::1], float32[:, ::1], int64[::1]), Moving)


@kernel(void(clock_type), counted=False)
def begin_step(clock):
    """Count a step, and correct its learning rate."""
    clock.steps[0] += 1
    if len(clock.betas):
        step = clock.steps[0]
        beta1, beta2 = clock.betas
        clock.corrected[0] = clock.rates[0] * np.sqrt(1 - beta2**step) / (1 - beta1**step)


@kernel(void(clock_type), counted=False)
def end_step(clock):
    """The sum in `tables.py` grows by one term for each step that a row can be at."""
    if not len(clock.betas):
        return
    keep, corrected, falls = clock.rates[1], clock.corrected[0], clock.powers[2]
    made = clock.steps[0] - clock.steps[1]
    clock.away[made] = 0
    for last in range(made):
        clock.away[last] = keep * clock.away[last] + corrected * falls[made - last]


# Loops stand in functions of their own, with few arrays each: else numba does not vectorise them.


@uncounted
def _skipped(clock, last, step):
    """What the steps after `last` up to `step`, which a row has skipped, do to it.

    Returns:
        What is left of its weights, how much of its ratio they lose, what is left of ratio and
        of root.
    """
    skipped = step - last
    return (
        np.float32(clock.powers[0, skipped]), np.float32(clock.away[last - clock.steps[1]]),
        np.float32(clock.powers[2, skipped]), np.float32(clock.powers[1, skipped]),
    )  # fmt: skip


@uncounted
def _weights_now(weights, ratio, keep, away, now):
    for d in range(len(now)):
        now[d] = keep * weights[d] - away * ratio[d]


@kernel(void(int32[::1], moving_type, clock_type, float32[:, ::1]), counted=False)
def take_rows(rows, table, clock, taken):
    """Copy rows [R] as they are after all steps so far, which stay behind in the table: [R, D]."""
    step = clock.steps[0]
    for r in range(len(rows)):
        row = rows[r]
        keep, away, _, _ = _skipped(clock, table.last[row], step)
        _weights_now(table.weights[row], table.ratio[row], keep, away, taken[r])


@kernel(void(moving_type, clock_type), counted=False)
def settle(table, clock):
    """Bring every row up to date."""
    step = clock.steps[0]
    for row in range(len(table.weights)):
        keep, away, ratio_left, root_left = _skipped(clock, table.last[row], step)
        table.last[row] = step
        weights, ratio, root = table.weights[row], table.ratio[row], table.root[row]
        for d in range(len(weights)):
            weights[d] = keep * weights[d] - away * ratio[d]
            ratio[d] *= ratio_left
            root[d] *= root_left


@uncounted
def _adamw(weights, ratio, root, gradient, clock, skipped):
    """A step, after those that were skipped."""
    left, away, ratio_left, root_left = skipped
    keep, corrected = np.float32(clock.rates[1]), np.float32(clock.corrected[0])
    b1, b2 = np.float32(clock.betas[0]), np.float32(clock.betas[1])
    one, eps = np.float32(1), np.float32(EPS)
    for d in range(len(weights)):
        g, old = gradient[d], root_left * root[d]
        before = left * weights[d] - away * ratio[d]
        m = b1 * (ratio_left * ratio[d] * (old + eps)) + (one - b1) * g
        new = np.sqrt(b2 * (old * old) + (one - b2) * (g * g))
        root[d] = new
        ratio[d] = m / (new + eps)
        weights[d] = keep * before - corrected * ratio[d]


@uncounted
def _sgd(weights, gradient, clock):
    rate = np.float32(clock.rates[0])
    for d in range(len(weights)):
        weights[d] -= rate * gradient[d]


@kernel(void(int32[::1], float32[:, ::1], moving_type, clock_type), counted=False)
def step_rows(rows, gradient, table, clock):
    """The step that has begun, for rows [R], from gradient [R, D]."""
    step, with_moments = clock.steps[0], len(clock.betas)
    for r in range(len(rows)):
        row = rows[r]
        weights = table.weights[row]
        if with_moments:
            skipped = _skipped(clock, table.last[row], step - 1)
            _adamw(weights, table.ratio[row], table.root[row], gradient[r], clock, skipped)
        else:
            _sgd(weights, gradient[r], clock)
        table.last[row] = step


@kernel(void(float32[:, ::1], moving_type, clock_type), counted=False)
def step_whole(gradient, matrix, clock):
    """The step that has begun, for a matrix that moves in each, from gradient [E, D]."""
    with_moments = len(clock.betas)
    none = (np.float32(1), np.float32(0), np.float32(1), np.float32(1))
    for row in range(len(gradient)):
        weights = matrix.weights[row]
        if with_moments:
            _adamw(weights, matrix.ratio[row], matrix.root[row], gradient[row], clock, none)
        else:
            _sgd(weights, gradient[row], clock)
