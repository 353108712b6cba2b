"""How far a sampled figure may be from what is expected of it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from bench.evaluation.bounds import FALSE_ALARM, margin


@given(st.integers(1, 100_000), st.floats(0, 1))
def test_the_margin_is_left_less_often_than_it_says(n: int, p: float) -> None:
    allowed = n * margin((p * (1 - p) / n) ** 0.5, n)
    too_few, too_many = np.ceil(n * p - allowed) - 1, np.floor(n * p + allowed)
    outside = binom.cdf(too_few, n, p) + binom.sf(too_many, n, p)
    assert outside <= FALSE_ALARM


def test_the_margin_is_near_five_standard_errors_for_many_users() -> None:
    error = (0.1 * 0.9 / 100_000) ** 0.5
    assert 5 < margin(error, 100_000) / error < 6
    assert margin(0.0, 943) < 1e-8  # nothing is left to chance
