"""`bench merge`: results of several machines on one board, verified, and nothing overwritten."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command import bench_here
from folders_to_merge import DATA, SPLIT, THERE, content, measured, merged
from ledgers import keep, made_up_ledger

from bench.leaderboard.verify import verify
from bench.leaderboard.write import board_of
from bench.records.canaries import Canaries
from bench.records.certificates import Certificate
from bench.records.files import load_all
from bench.records.folder import MANIFEST, Results
from bench.records.record import Record
from bench.records.tie_rules import TieRules


def test_two_machines_stand_on_one_board_which_says_what_was_measured_where(
    tmp_path: Path,
) -> None:
    one = measured(tmp_path / "one", {"als": 2.0, "ease": 3.0})
    two = measured(tmp_path / "two", {"knn": 1.5}, THERE)
    before = content(one), content(two)
    into = Results(tmp_path / "into" / "deeper")
    found = merged(into, one, two)
    assert (found.records, found.ledgers, found.canaries, found.verified) == (6, 6, 2, 6)
    assert not found.others
    assert (content(one), content(two)) == before
    for source in (one, two):
        for path in [*source.records.iterdir(), *source.ledgers.iterdir()]:
            copied = into.path / path.relative_to(source.path)
            assert copied.read_bytes() == path.read_bytes()
    assert {each.seconds for each in load_all(Canaries, into.canaries)} == {4.0, 5.0}
    assert "6 records, 6 of them with a ledger" in verify(into)
    text = into.boards[0].read_text()
    assert "measured on There, 64 cores, 8 GB: knn; all else on Here, 2 cores, 8 GB" in text
    assert re.search(r"knn \S*¶", text)
    assert text.count("canaries: 1 of 1 within their bounds") == 1
    (section,) = board_of(into)
    assert len(section.canaries) == 2  # each machine's vouches


def test_the_second_time_does_nothing(tmp_path: Path) -> None:
    one = measured(tmp_path / "one", {"als": 2.0})
    two = measured(tmp_path / "two", {"knn": 1.5}, THERE)
    into = Results(tmp_path / "into")
    merged(into, one, two)
    before = content(into)
    found = merged(into, two, one)
    assert (found.records, found.ledgers, found.canaries, found.models) == (0, 0, 0, 0)
    assert not found.others
    assert content(into) == before


def test_a_seed_that_another_machine_measured_is_named(tmp_path: Path) -> None:
    into = measured(tmp_path / "into", {"als": 2.0, "ease": 2.0, "knn": 2.0})
    basis = {"data_sha256": DATA, "split_sha256": SPLIT, "environment": THERE}
    source = Results(tmp_path / "one")
    keep(source, "als", made_up_ledger(seed=7), seed=2, **basis)
    merged(into, source)
    text = into.boards[0].read_text()
    assert "measured on There, 64 cores, 8 GB: als (seed 2); all else on Here" in text


def test_what_both_have_measured_stays_as_it_is_and_is_named(tmp_path: Path) -> None:
    into = measured(tmp_path / "into", {"als": 2.0})
    source = measured(tmp_path / "one", {"als": 2.0, "knn": 1.0})
    for path in source.records.glob("*als*.s1.*"):
        values = json.loads(path.read_text())
        path.write_text(json.dumps(values | {"started": "2027-01-01T00:00:00+00:00"}))
    before = content(into)
    found = merged(into, source)
    assert [each.stem for each in found.others] == [
        path.stem for path in source.records.glob("*als*.s1.*")
    ]
    assert found.records == 2
    after = content(into)
    assert {name: after[name] for name in before} == before


def test_everything_else_that_records_need_comes_along(tmp_path: Path) -> None:
    source, into = measured(tmp_path / "one", {"als": 2.0}), Results(tmp_path / "into")
    record = source.read_records()[0]
    items = source.items_of(DATA)
    items.parent.mkdir()
    items.write_bytes(b"ids")
    certificate = Certificate(model="als", code_sha256="1", params={}, seed=0, findings=())
    source.save(certificate)
    into.save(replace(certificate, code_sha256="2"))
    rules = {"time first": 0.3, "lowest id": 0.2}
    ties = TieRules(
        **{"dataset": "ml-100k", "protocol": "loo", "data_sha256": DATA, "users": 40, "tied": 4},
        **{"ours": "time first", "popularity": rules | {"best": 0.5}, "bounds": ("best",)},
    )
    source.save(ties)
    model = source.model_of(record)
    model.mkdir(parents=True)
    (model / MANIFEST).write_text("{}")
    (model / "vectors.safetensors").write_bytes(b"numbers")
    found = merged(into, source)
    assert found.models == 1
    assert into.items_of(DATA).read_bytes() == b"ids"
    assert load_all(TieRules, into.ties) == [ties]
    assert {each.code_sha256 for each in load_all(Certificate, into.certificates)} == {"1", "2"}
    assert {path.name for path in into.model_of(record).iterdir()} == {
        MANIFEST,
        "vectors.safetensors",
    }
    before = content(into)
    assert merged(into, source).models == 0
    assert content(into) == before


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    one = measured(tmp_path / "one", {"als": 2.0})
    measured(tmp_path / "two", {"knn": 1.5}, THERE)
    (one.tune / "ml-100k-loo").mkdir(parents=True)
    done = bench_here(tmp_path, "merge", "one", "two", "--into", "into")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "4 records verified: their ledgers give all their figures again",
        "copied into into: 4 records, 4 ledgers, 2 canaries",
        "not merged: studies in one/tune",
        "The board: into/leaderboard.md",
    ]
    again = bench_here(tmp_path, "merge", "two", "--into", "into")
    assert "copied into into: nothing, it has all" in again.stdout
    itself = bench_here(tmp_path, "merge", "one", "--into", "./one/")
    assert (itself.returncode, itself.stdout) == (2, "")
    assert "one cannot be merged into itself" in itself.stderr
    missing = bench_here(tmp_path, "merge", "nowhere", "--into", "into")
    assert (missing.returncode, missing.stderr.count("nowhere")) == (2, 1)


@pytest.mark.parametrize("after", range(9))
def test_what_was_cut_off_is_completed_by_the_same_call(
    after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full after so many files."""
    one = measured(tmp_path / "one", {"als": 2.0})
    two = measured(tmp_path / "two", {"knn": 1.5}, THERE)
    whole, into = Results(tmp_path / "whole"), Results(tmp_path / "into")
    merged(whole, one, two)
    replace_, left = Path.replace, [after]

    def limited(self: Path, target: Any) -> Path:
        if not left[0]:
            raise OSError(28, os.strerror(28), str(target))
        left[0] -= 1
        return replace_(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", limited)
        with pytest.raises(OSError, match="No space"):
            merged(into, one, two)
    for each in load_all(Record, into.records):
        assert into.ledger_of(each).is_file()
    merged(into, one, two)
    names = {name: text for name, (text, _) in content(whole).items()}
    assert {name: text for name, (text, _) in content(into).items()} == names


def test_the_order_of_folders_changes_no_board(tmp_path: Path) -> None:
    """As many rows of one machine as of the other."""
    sources = [
        measured(tmp_path / "one", {"als": 1.5}),
        measured(tmp_path / "two", {"ease": 2.0}, THERE),
    ]
    boards = []
    for name, order in {"forth": sources, "back": sources[::-1]}.items():
        merged(Results(tmp_path / name), *order)
        boards.append([path.read_bytes() for path in Results(tmp_path / name).boards])
    assert boards[0] == boards[1]
