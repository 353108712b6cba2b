"""Fault 1: scores with NaN or infinity. The cell FAILED, naming user and item; never a number."""

from dataclasses import replace
from pathlib import Path

import pytest
from faulty import Outcome

from bench.records.folder import Results
from bench.running.folder import keep


def test_the_cell_failed_and_the_first_user_and_item_are_named(outcome: Outcome) -> None:
    found = outcome.records["is_nan"]
    assert (found.status, found.reason) == (
        "failed",
        "BadScores: scores() returned NaN for user 0, item 0",
    )
    assert not found.metrics
    assert not outcome.ledger_path("is_nan").exists()
    assert "is_nan: failed, BadScores" in (outcome.results / "leaderboard.md").read_text()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("where", ["metrics", "timings"])
def test_a_figure_that_is_none_makes_a_cell_fail_and_ends_no_run(
    where: str, value: float, outcome: Outcome, tmp_path: Path
) -> None:
    good = outcome.records["ease"]
    bad = replace(good, **{where: {**getattr(good, where), "hr_at_10": value}})
    kept = keep(bad, outcome.ledger("ease"), "faults", "one", Results(tmp_path))
    assert (kept.status, kept.metrics) == ("failed", {})
    assert kept.reason == f"hr_at_10 is {value}, which is no figure"
    assert Results(tmp_path).read_records() == [kept]
    assert not (tmp_path / "ledgers").exists()
