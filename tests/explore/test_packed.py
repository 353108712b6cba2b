"""Vectors that go through the page's text."""

import json
from base64 import b64decode

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.explore.packed import LARGEST, packed


@given(st.integers(0, 20), st.integers(1, 9), st.floats(1e-20, 1e20), st.integers(0, 2**16))
def test_numbers_come_back_to_one_part_in_65534_of_the_largest_of_their_row(
    count: int, width: int, size: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    vectors = (size * rng.normal(size=(count, width))).astype(np.float32)
    vectors[rng.random(count) < 0.2] = 0
    told = json.loads(json.dumps(packed(vectors)))
    numbers = np.frombuffer(b64decode(told["numbers"]), "<i2").reshape(-1, told["width"])
    scales = np.frombuffer(b64decode(told["scales"]), "<f4")
    assert told["width"] == width
    found = numbers * scales[:, None].astype(np.float64)
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0).astype(np.float64)
    assert (np.abs(found - vectors) <= 0.501 * largest / LARGEST).all()
    assert (found[(vectors == 0).all(axis=1)] == 0).all()
