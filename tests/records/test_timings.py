"""What the times of the reference kernel beside a cell tell of its clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.timings import AFTER, BEFORE, DRIFT, UNITS, derived

seconds = st.floats(1e-3, 1e3)


@given(before=seconds, after=seconds, train=seconds)
def test_figures_of_the_clock(before: float, after: float, train: float) -> None:
    timings = {"train_seconds": train, BEFORE: before, AFTER: after}
    told = derived(timings, "cpu")
    assert told[UNITS] * (before + after) / 2 == pytest.approx(train)
    assert (1 + told[DRIFT]) * min(before, after) == pytest.approx(max(before, after))
    turned = derived(timings | {BEFORE: after, AFTER: before}, "cpu")
    assert turned[DRIFT] == told[DRIFT] >= 0


def test_without_both_times_nothing_is_told() -> None:
    for timings in ({}, {BEFORE: 1.0}, {BEFORE: 1.0, AFTER: 0.0}):
        assert derived({"train_seconds": 3.0} | timings, "cpu") == {}


def test_other_devices_have_no_train_time_in_units_of_the_cpu() -> None:
    timings = {"train_seconds": 3.0, BEFORE: 1.0, AFTER: 1.0}
    assert derived(timings, "cuda") == {DRIFT: 0.0}
