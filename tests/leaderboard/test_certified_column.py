"""The board's column of certificates."""

import csv
import io
from dataclasses import replace
from pathlib import Path

from certifiable import a_certificate

from bench.leaderboard.sections import sections
from bench.leaderboard.tables import terminal
from bench.leaderboard.write import files
from bench.records.folder import Results
from bench.records.record import Cell, Record


def a_record(code: str, model: str = "als") -> Record:
    cell = Cell(dataset="d", protocol="loo-99", model=model, params={}, seed=0)
    return Record(
        cell=cell,
        key="0" * 16,
        status="ok",
        metrics={"hr_at_10": 0.5, "ndcg_at_10": 0.3},
        timings={"train_seconds": 1.0},
        code_sha256=code,
        started="2026-01-01",
        ended="2026-01-01",
    )


def test_the_badge_is_of_this_state_of_the_code(tmp_path: Path) -> None:
    Results(tmp_path).save(a_certificate("tolerance"))
    this, other = a_record("c" * 64), a_record("d" * 64, "ease")
    verdicts = Results(tmp_path).verdicts()
    both = files(sections([this, other], verdicts=verdicts))
    rows = csv.DictReader(io.StringIO(both["leaderboard.csv"]))
    assert {row["model"]: row["certified"] for row in rows} == {"als": "tolerances", "ease": ""}
    assert "certified" in both["leaderboard.md"]
    assert "tolerances" in terminal(sections([this], verdicts=verdicts), 200)
    changed = sections([replace(this, code_sha256="e" * 64)], verdicts=verdicts)
    shown = files(changed)
    for text in (shown["leaderboard.md"], shown["leaderboard.html"], terminal(changed, 200)):
        assert "certified" not in text  # nobody needs the column
