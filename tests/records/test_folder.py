"""A results folder: every place in it, and what can be read there."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept import CANARIES, CERTIFICATE, KINDS, RECORD

from bench.records.certificates import LAWS, PUBLISHED_AS_1
from bench.records.files import BadRecord, Kept
from bench.records.folder import Results

names = st.text(min_size=1)


def test_each_place_is_another_and_nothing_is_made_by_asking(tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    places = [
        *(results.records, results.ledgers, results.canaries, results.certificates, results.tune),
        *(results.work, results.lock, results.database, results.artifacts),
        *(results.tracking_lock, results.tracking_ended, results.statistics, *results.boards),
    ]
    assert len(set(places)) == 15
    assert {place.parent for place in places} == {results.path}
    assert results.board_table in results.boards
    assert results.read_records() == results.read_canaries() == results.studies() == []
    assert results.verdicts() == {}
    assert not list(tmp_path.iterdir())


@given(names, names, names, names)
def test_no_name_leads_out_of_the_folder(
    dataset: str, protocol: str, model: str, label: str
) -> None:
    results = Results(Path("results"))
    cell = replace(RECORD.cell, dataset=dataset, protocol=protocol, model=model, label=label)
    record, canaries = (
        replace(RECORD, cell=cell),
        replace(CANARIES, dataset=dataset, protocol=protocol),
    )
    study = results.study_of(dataset, protocol)
    for path, folder in (
        (results.file_of(record), results.records),
        (results.ledger_of(record), results.ledgers),
        (results.file_of(canaries), results.canaries),
        (study.path, results.tune),
        (study.study_file(label), study.path),
    ):
        assert path.parent == folder
        assert Path(os.path.normpath(path)) == path
    assert results.file_of(record).stem == results.ledger_of(record).stem


@pytest.mark.parametrize("kept", KINDS, ids=lambda kept: kept.KIND)
def test_what_is_kept_stands_where_it_is_looked_for(kept: Kept, tmp_path: Path) -> None:
    results = Results(tmp_path)
    assert results.save(kept) == results.file_of(kept)
    assert results.file_of(kept).is_file()
    found: list[object] = [*results.read_records(), *results.read_canaries()]
    found += [*results.verdicts(), *results.read_standings().values()]
    assert found == [kept.code_sha256 if kept is CERTIFICATE else kept]


def test_a_file_that_is_left_out_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = Results(tmp_path)
    for folder in (results.records, results.canaries, results.certificates):
        folder.mkdir()
        (folder / "x.json").write_text("{}")
    for _ in range(2):
        assert results.read_records() == results.read_canaries() == []
        assert results.verdicts() == {}
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"left out: {folder / 'x.json'}: {kind} of schema None; this bench reads 1"
        for folder, kind in (
            (results.records, "record"),
            (results.canaries, "canaries"),
            (results.certificates, "certificate"),
        )
    ]
    Results(tmp_path).read_records()  # another command says it again
    assert capsys.readouterr().err.count("left out") == 1


def test_the_folder_of_a_study_says_nothing_twice_either(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = Results(tmp_path)
    for place in (results, results.study_of("d", "p"), results.absolute()):
        place.warn(BadRecord("x.json: no record"))
    assert capsys.readouterr().err == "left out: x.json: no record\n"


def test_studies_stand_below_the_folder_with_their_records(tmp_path: Path) -> None:
    results = Results(tmp_path)
    for protocol in ("b-validation", "a-validation"):
        study = results.study_of("ml/100k", protocol)
        study.save(RECORD)
        study.study_file("als (tuned)").touch()
    (results.tune / "a file").touch()
    found = results.studies()
    assert [each.path.name for each in found] == ["ml_100k-a-validation", "ml_100k-b-validation"]
    assert [each.read_records() for each in found] == [[RECORD]] * 2
    assert [path.name for path in found[0].study_files()] == ["als__tuned_.db"]
    assert results.read_records() == []


def test_what_killed_processes_left_half_written_goes_everywhere(tmp_path: Path) -> None:
    results = Results(tmp_path)
    for place in (results, results.study_of("d", "p")):
        for folder in (place.path, place.records, place.ledgers, place.certificates):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f".gone.{2**31 - 1}.tmp").touch()
            (folder / f".ours.{os.getpid()}.tmp").touch()
    results.remove_unfinished()
    left = [path.name for path in tmp_path.rglob("*.tmp")]
    assert left == [f".ours.{os.getpid()}.tmp"] * 8


def test_an_error_without_a_file_names_the_folder_that_is_held(tmp_path: Path) -> None:
    results = Results(tmp_path / "new")
    with pytest.raises(OSError, match=r"No space left.*new"), results.held():
        assert results.lock.is_file()
        raise OSError(28, "No space left on device")
    with results.held():  # it was let go
        pass


def test_a_certificate_of_before_the_laws_had_a_number_still_counts(tmp_path: Path) -> None:
    results = Results(tmp_path)
    path = results.save(CERTIFICATE)
    text = path.read_text()
    number = f'"laws": {LAWS}'
    assert number in text
    for counts in (f'"laws_sha256": "{PUBLISHED_AS_1}"', '"laws": 1'):
        path.write_text(text.replace(number, counts))
        assert results.verdicts() == {CERTIFICATE.code_sha256: "no"}
    for not_known in ('"laws_sha256": "other"', f'"laws": {LAWS + 1}'):
        path.write_text(text.replace(number, not_known))
        assert results.verdicts() == {}
