"""Fault 16: an adapter hangs, also in native code, ignoring signals. It is killed at the time
limit with all that it started: TIMEOUT."""

import sys

import pytest
from faulty import CASES, HANGING, Outcome, left_behind


@pytest.mark.parametrize("name", ["hangs", "hangs_in_native_code"])
def test_the_cell_is_stopped_at_its_limit(name: str, outcome: Outcome) -> None:
    found = outcome.records[name]
    assert (found.status, found.reason) == ("timeout", CASES[name].reason)
    assert (HANGING / name).exists()  # it had come so far


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(3, id="daemon"),
        pytest.param(
            4,
            id="daemon with an empty environment",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux adopts orphans"),
        ),
        pytest.param(5, id="child"),
    ],
)
def test_its_processes_end_with_it(number: int, outcome: Outcome) -> None:
    assert outcome.records["hangs"].status == "timeout"
    assert not left_behind(number)
