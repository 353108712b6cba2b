"""Fault 2: constant or coarse scores. Ties count by their expected value, and the row is marked."""

import re

import pytest
from faulty import Outcome


def test_a_constant_model_gets_ten_in_a_hundred_with_its_bounds(outcome: Outcome) -> None:
    found = outcome.records["is_constant"].metrics
    for name in ("hr_at_10", "hr_at_10_expected"):
        assert found[name] == pytest.approx(0.1)
    assert (found["hr_at_10_low"], found["hr_at_10_high"]) == (0, 1)


def test_a_model_with_four_different_scores_lies_between_its_bounds(outcome: Outcome) -> None:
    found = outcome.records["is_coarse"].metrics
    assert found["hr_at_10_low"] < found["hr_at_10"] < found["hr_at_10_high"]


def test_their_rows_are_marked_and_that_of_a_fine_model_is_not(outcome: Outcome) -> None:
    board = (outcome.results / "leaderboard.md").read_text()
    assert re.search(r"\| is_constant [^|]*†", board) and re.search(r"\| is_coarse [^|]*†", board)
    assert "| ease " in board and not re.search(r"\| ease [^|]*†", board)
