"""Tie rules that a run keeps, and what boards say of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from records import made_up

from bench.interactions import DataSet, Interactions
from bench.leaderboard.remarks import remarks_below
from bench.leaderboard.sections import sections
from bench.leaderboard.write import board_of
from bench.protocol.task import prepare
from bench.records.folder import Results
from bench.running.tie_rules import keep_tie_rules

RESULTS = Path(__file__).resolve().parents[2] / "results"


def data(times: list[int]) -> DataSet:
    users = np.repeat(np.arange(40), len(times)).astype(np.int32)
    items = np.random.default_rng(0).permuted(np.tile(np.arange(120), (40, 1)), axis=1)
    return DataSet.of(
        Interactions(
            users=users,
            items=items[:, : len(times)].ravel().astype(np.int32),
            times=np.tile(times, 40).astype(np.int64),
            n_users=40,
            n_items=120,
        )
    )


def kept(tmp_path: Path, times: list[int], protocol: str) -> list[str]:
    results, given = Results(tmp_path), replace(data(times), name="made")
    keep_tie_rules(given, [prepare(given, protocol)], None, results)
    return [str(each) for each in results.read_tie_rules()]


def test_it_is_kept_once(tmp_path: Path) -> None:
    (said,) = kept(tmp_path, [1, 2, 3, 3], "loo-99")
    assert said.startswith("tie rule: 40 of 40 tested users (100%) have several items")
    (path,) = (tmp_path / "ties").iterdir()
    before = path.stat().st_mtime_ns
    assert kept(tmp_path, [1, 2, 3, 3], "loo-99") == [said]
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("times", "protocol"),
    [
        ([1, 2, 3, 4], "loo-99"),  # nothing is tied
        ([1, 2, 3, 3], "loo-99-validation"),
        ([1, 2, 3, 3], "loo-99-random"),
        ([1, 2, 3, 3], "loo-99-order-file"),
    ],
)
def test_where_no_test_item_hangs_on_a_tie_nothing_is_kept(
    tmp_path: Path, times: list[int], protocol: str
) -> None:
    assert kept(tmp_path, times, protocol) == []


def test_a_board_says_it_of_the_same_data_alone(tmp_path: Path) -> None:
    kept(tmp_path, [1, 2, 3, 3], "loo-99")
    (rules,) = Results(tmp_path).read_tie_rules()
    place = {"dataset": "made", "protocol": "loo-99"}
    for sha256, wanted in ((rules.data_sha256, [str(rules)]), ("other", [])):
        records = [made_up("als", 0.5, data_sha256=sha256, **place)]
        (section,) = sections(records, tie_rules=[rules])
        assert [line for line in remarks_below(section) if "tie rule" in line] == wanted


@pytest.mark.parametrize("name", ["ml-100k-all", "ml-1m"])
def test_our_rule_gives_the_popularity_of_the_published_board(name: str) -> None:
    (section,) = board_of(Results(RESULTS / name), compute=False)
    rules = section.tie_rules
    assert rules is not None
    row = next(row for row in section.rows if row.adapter == "popularity")
    assert rules.popularity[rules.ours] == pytest.approx(row.figures["hr_at_10_expected"], abs=1e-9)
    assert rules.users == row.figures["test_users"]
    assert rules.tied == row.records[0].audit["users_with_tied_newest_time"]
    assert str(rules) in (RESULTS / name / "leaderboard.md").read_text(encoding="utf-8")
