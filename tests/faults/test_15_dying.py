"""Fault 15: a segfault, os._exit, kill -9 or no memory in the child. The cell is KILLED or OOM,
with the signal; the others go on, and nothing that it started is left."""

import sys

import pytest
from faulty import CASES, Outcome, left_behind

NAMES = ["segfaults_beside_a_daemon", "exits_at_once", "is_killed", "eats_memory"]


@pytest.mark.parametrize("name", [*NAMES, "eats_memory_in_a_daemon"])
def test_the_cell_ends_as_what_it_is(name: str, outcome: Outcome) -> None:
    found = outcome.records[name]
    assert (found.status, CASES[name].reason in found.reason) == (CASES[name].status, True), (
        found.reason
    )
    assert not found.metrics


@pytest.mark.parametrize("number", [1, 2], ids=["after a crash", "after a good end"])
def test_a_daemon_in_a_session_of_its_own_ends_with_the_cell(number: int, outcome: Outcome) -> None:
    assert outcome.records["leaves_things"].status == "ok"
    assert not left_behind(number)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans on")
@pytest.mark.parametrize("number", [6, 7], ids=["after kill -9", "after a good end"])
def test_so_does_one_that_has_emptied_its_environment(number: int, outcome: Outcome) -> None:
    assert not left_behind(number)
