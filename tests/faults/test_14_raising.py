"""Fault 14: an adapter raises in fit or in scores. The cell FAILED with the traceback in its
record, the others go on, and the exit code is 1."""

import pytest
from faulty import BESIDE, CASES, Outcome

from bench.adapter import Run

NAMES = ["raises_in_fit", "raises_in_scores", "exits", "diverges"]


@pytest.mark.parametrize("name", NAMES)
def test_the_cell_failed_and_says_why(name: str, outcome: Outcome) -> None:
    found = outcome.records[name]
    assert (found.status, CASES[name].reason in found.reason) == ("failed", True), found.reason
    assert not found.metrics


def test_the_traceback_is_in_the_record(outcome: Outcome) -> None:
    traceback = outcome.records["raises_in_fit"].traceback
    assert "raises_in_fit.py" in traceback
    assert "RuntimeError: no idea" in traceback


def test_the_others_go_on_and_the_exit_code_is_1(outcome: Outcome) -> None:
    assert outcome.code == 1
    assert outcome.records["ease"].status == "ok"  # the last of them
    assert outcome.records["ease"].metrics["hr_at_10"] > 0.3
    board = (outcome.results / "leaderboard.md").read_text()
    assert all(name in board for name in ("ease", *CASES, *BESIDE))


def test_a_missing_library_is_a_reason_to_skip(outcome: Outcome) -> None:
    found = outcome.records["wants_more"]
    assert found.status == "skipped"
    assert found.reason == "needs no_such_library, which is not installed"


def test_a_loss_of_numpy_is_a_number_and_a_word_is_none(outcome: Outcome) -> None:
    found = outcome.records["reports_numpy"]
    assert found.status == "ok", found.reason
    assert (found.curve[0]["loss"], found.curve[0]["samples"]) == (0.5, 3)
    with pytest.raises(ValueError, match="'low'"):
        Run().epoch(samples=1, loss="low")  # type: ignore[arg-type]
