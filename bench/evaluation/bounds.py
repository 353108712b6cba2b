"""Bounds: how far a figure may lie from what it should be."""

import math

# Of one figure, at most, when nothing is wrong; so over 5,000 cells of two figures each at most
# 1 % that any is called wrong. Cells of one data set share their negatives, and Bernstein's
# inequality is generous: it is rather 0.1 %.
FALSE_ALARM = 1e-6
ROUNDING = 1e-9  # of a figure computed again, perhaps on another machine


def margin(error: float, n: int) -> float:
    """How far the mean of n independent numbers in [0, 1] may lie from its expectation.

    Farther it is with a probability of at most FALSE_ALARM, whatever the numbers are: by
    Bernstein's inequality, which for many users is 5.4 standard deviations and for few hits, where
    the normal distribution is no guide, more; or by Chebyshev's, where next to nothing is left to
    chance.

    Args:
        error: standard deviation of the mean.
        n: numbers in it.
    """
    exponent, variance = math.log(2 / FALSE_ALARM), (error * n) ** 2  # variance is of the sum
    bernstein = exponent / 3 + math.sqrt((exponent / 3) ** 2 + 2 * exponent * variance)
    chebyshev = math.sqrt(variance / FALSE_ALARM)
    return min(bernstein, chebyshev) / n + ROUNDING
