"""Text that is a number, and text that only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data.columns import fits_float, is_number


@pytest.mark.parametrize("text", ["0", "-1", "7.", ".5", "1e9", "1.5E-3", "9" * 400, "9e999"])
def test_a_number(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize(
    "text", ["", "-", ".", "E9", "-.e1", "007", "1_0", "0x1", "nan", "inf", "1 "]
)
def test_no_number(text: str) -> None:
    assert not is_number(text)


@given(st.text(alphabet="0123456789.eE+-x ", max_size=8))
def test_what_is_taken_for_a_number_is_one(text: str) -> None:
    if is_number(text):
        float(text)
    if fits_float(text):
        assert float(text) == int(float(text))
