"""Folders that are not merged: one line says why, and nothing is copied."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command import bench_here
from folders_to_merge import CANARIES, THERE, content, measured, merged

from bench.leaderboard.merge.source import OtherBasis
from bench.leaderboard.write import board_of
from bench.records.canaries import Check
from bench.records.folder import Results


def other(results: Results, name: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the record of one cell."""
    (path,) = results.records.glob(f"*{name}*.s0.*")
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def without_ledger(results: Results) -> None:
    next(results.ledgers.iterdir()).unlink()


def cut_short(results: Results) -> None:
    path = next(results.ledgers.iterdir())
    path.write_bytes(path.read_bytes()[:-100])


def renamed(results: Results) -> None:
    path = next(results.records.iterdir())
    path.rename(path.with_name("another.json"))


def without_records(results: Results) -> None:
    shutil.rmtree(results.records)


def broken_canaries(results: Results) -> None:
    bad = (Check("hr_at_10", 0.3, 0.1, 1e-9),)
    results.save(replace(CANARIES, checks={"constant": bad}))


WRONG: dict[str, tuple[Callable[[Results], Any], str]] = {
    "a figure": (
        lambda results: other(results, "knn", lambda x: x["metrics"].update(hr_at_10=0.9)),
        "hr_at_10 is 0.9 in the record",
    ),
    "a ledger is missing": (without_ledger, "is missing"),
    "a ledger is cut short": (cut_short, ".parquet"),
    "no record": (lambda results: (results.records / "x.json").write_text("{"), "x.json"),
    "another name": (renamed, "its name is not that of what it holds"),
    "a path in a key": (
        lambda results: other(results, "knn", lambda x: x.update(key="/../../x")),
        "its name is not that of what it holds",
    ),
    "a path in a hash": (
        lambda results: other(results, "knn", lambda x: x.update(data_sha256="../../x")),
        "no hashes",
    ),
    "canaries": (broken_canaries, "is INVALID: canary constant"),
    "no results": (without_records, "no records in"),
    "other data": (
        lambda results: [
            other(results, "knn", lambda x: x.update(data_sha256="ef" * 32)),
        ],
        "is of other data (efefefef) than in",
    ),
    "another split": (
        lambda results: other(results, "knn", lambda x: x.update(split_sha256="ef" * 32)),
        "is of another split of the data (efefefef) than in",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_one_line_and_nothing_is_copied(what: str, tmp_path: Path) -> None:
    damage, said = WRONG[what]
    measured(tmp_path / "into", {"ease": 2.5})
    measured(tmp_path / "good", {"als": 2.0})
    wrong = measured(tmp_path / "wrong", {"knn": 1.5}, THERE)
    damage(wrong)
    before = content(Results(tmp_path / "into"))
    done = bench_here(tmp_path, "merge", "good", "wrong", "--into", "into")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert "wrong" in done.stderr
    assert content(Results(tmp_path / "into")) == before


def test_a_folder_with_several_versions_decides_for_those_after_it(tmp_path: Path) -> None:
    into = measured(tmp_path / "into", {"als": 2.0})
    measured(into.path, {"als": 2.0}, data_sha256="ef" * 32, split_sha256="12" * 32)
    merged(into, measured(tmp_path / "one", {"knn": 1.5}))
    assert len(board_of(into)) == 2
    third = measured(tmp_path / "three", {"knn": 1.5}, data_sha256="99" * 32)
    with pytest.raises(OtherBasis):
        merged(into, third)
