"""One reader and one writer for records, canaries and certificates."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept import KINDS, RECORD

from bench.records.files import BadRecord, Kept, load, load_all, save
from bench.records.record import Record

kinds = pytest.mark.parametrize("kept", KINDS, ids=lambda kept: kept.KIND)


@kinds
def test_what_is_saved_comes_back(kept: Kept, tmp_path: Path) -> None:
    path = save(kept, tmp_path / "made" / "x.json")
    assert load(type(kept), path) == kept
    assert path.read_text().endswith("}\n")


@kinds
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 99}, "{kind} of schema 99; this bench reads 1"),
        ({"surprise": 1}, "{kind} with unknown fields ['surprise']"),
        ({"cell": 7, "checks": 7, "findings": 7}, "{kind} with unknown fields"),
    ],
)
def test_a_fault_is_named_after_its_file(
    kept: Kept, change: dict[str, Any], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(kept.to_dict() | change))
    with pytest.raises(BadRecord) as caught:
        load(type(kept), path)
    assert str(caught.value).startswith(f"{path}: {words.format(kind=kept.KIND)}")


@kinds
@pytest.mark.parametrize("field", ["cell", "checks", "findings"])
def test_a_field_of_another_form_is_a_fault(kept: Kept, field: str, tmp_path: Path) -> None:
    path, values = tmp_path / "x.json", kept.to_dict()
    if field not in values:
        return
    for wrong in (7, [7], {"a": 7}):
        path.write_text(json.dumps(values | {field: wrong}))
        with pytest.raises(BadRecord, match=rf"x\.json: incomplete {kept.KIND}: "):
            load(type(kept), path)
    del values[field]
    path.write_text(json.dumps(values))
    with pytest.raises(BadRecord, match=rf"x\.json: incomplete {kept.KIND}: "):
        load(type(kept), path)


@kinds
@pytest.mark.parametrize("text", ["", "{", "[]", "7", "{}", "[" * 100_000, "\udce9"])
def test_what_is_no_such_thing_is_named(kept: Kept, text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(BadRecord, match=r"x\.json: "):
        load(type(kept), path)


@kinds
def test_a_file_that_cannot_be_read_is_named(kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(BadRecord, match=r"x\.json: No such file or directory$"):
        load(type(kept), tmp_path / "x.json")
    (tmp_path / "x.json").mkdir()
    with pytest.raises(BadRecord, match=r"x\.json: Is a directory$"):
        load(type(kept), tmp_path / "x.json")


@kinds
def test_a_folder_with_one_bad_file(kept: Kept, tmp_path: Path) -> None:
    save(kept, tmp_path / "good.json")
    (tmp_path / "bad.json").write_text("")
    with pytest.raises(BadRecord, match=r"bad\.json"):
        load_all(type(kept), tmp_path)
    heard: list[BadRecord] = []
    assert load_all(type(kept), tmp_path, heard.append) == [kept]
    assert ["bad.json" in str(error) for error in heard] == [True]
    assert load_all(type(kept), tmp_path / "none") == []


@given(times=st.lists(st.sampled_from(["", "2025", "2026-01", "2026-02"]), max_size=6))
def test_the_oldest_comes_first_whatever_the_files_are_called(
    times: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("records")
    for number, started in enumerate(times):
        save(replace(RECORD, started=started, key=f"{number:016x}"), folder / f"{9 - number}.json")
    found = load_all(Record, folder)
    assert [each.started for each in found] == sorted(times)
    order = [(each.started, each.stem) for each in found]
    assert order == sorted(order)
