"""Holm's correction is that of statsmodels."""

import gc
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from bench.statistics.holm import holm


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_as_statsmodels_has_it(p: list[float]) -> None:
    with patch.object(gc, "collect"):  # statsmodels asks for a collection of all garbage each time
        expected = multipletests(p, method="holm")[1]
    np.testing.assert_allclose(holm(p), expected, atol=1e-12)


def test_of_nothing_it_is_nothing() -> None:
    assert holm([]).size == 0
