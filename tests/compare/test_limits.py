"""Limits as they are typed, and the lines about those that are typed wrong."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.compare.limits import COSTS, SIZES, TIMES, parse_limit
from bench.errors import BadParameter, UsageError


@pytest.mark.parametrize(
    ("name", "text", "most"),
    [
        ("train", "10m", 600.0),
        ("train", "1.5 h", 5400.0),
        ("train", "90s", 90.0),
        ("train", ".5s", 0.5),
        ("train", "2min", 120.0),
        ("p99", "5ms", 5.0),
        ("p99", "250us", 0.25),
        ("p99", "250 µs", 0.25),
        ("p99", "1s", 1000.0),
        ("memory", "500MB", 500.0),
        ("memory", "2 gb", 2048.0),
        ("memory", "512kb", 0.5),
        ("memory", " 1_000 MB ", 1000.0),
    ],
)
def test_a_number_and_its_unit(name: str, text: str, most: float) -> None:
    assert parse_limit(name, text).most == pytest.approx(most)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("train", "10", "--train 10 lacks a unit (us, ms, s, m, min, h); an example: 10m"),
        ("memory", "500", "--memory 500 lacks a unit (KB, MB, GB); an example: 500MB"),
        ("train", "10mb", "unknown unit of --train 'mb'. Did you mean 'm'? Known: "),
        ("memory", "500m", "unknown unit of --memory 'm'. Known: GB, KB, MB"),
        ("p99", "5 sec", "unknown unit of --p99 'sec'. Did you mean 's'?"),
        ("p99", "-5ms", "--p99 takes a number over 0 with a unit (us, ms, s, m, min, h), as 5ms"),
        ("p99", "0ms", "--p99 takes a number over 0 "),
        ("p99", "ms", "--p99 takes a number over 0 "),
        ("p99", "nan s", "--p99 takes a number over 0 "),
        ("p99", "inf", "--p99 takes a number over 0 "),
        ("train", "", "--train takes a number over 0 "),
        ("train", "1e3s", "--train takes a number over 0 "),
        ("train", "10m\n20m", "--train takes a number over 0 "),
    ],
)
def test_what_is_typed_wrong_says_what_is_valid(name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_limit(name, text)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@given(name=st.sampled_from(sorted(COSTS)), text=st.text(max_size=20))
def test_any_text_is_a_limit_over_0_or_a_usage_error(name: str, text: str) -> None:
    with suppress(UsageError):
        assert parse_limit(name, text).most > 0


@given(name=st.sampled_from(sorted(COSTS)), value=st.floats(1e-3, 1e6))
def test_a_value_is_shown_so_that_it_can_be_typed(name: str, value: float) -> None:
    cost = COSTS[name]
    assert parse_limit(name, _plain(cost.text(value))).most == pytest.approx(value, rel=0.006)


def _plain(text: str) -> str:
    number, unit = text.split()
    return f"{float(number):.6f}{unit}"


def test_units_are_in_the_order_of_their_size() -> None:
    for units in (TIMES, SIZES):
        assert list(units.values()) == sorted(units.values())


def test_a_very_long_number_is_no_crash() -> None:
    with pytest.raises(BadParameter):
        parse_limit("train", "9" * 400 + "s")
