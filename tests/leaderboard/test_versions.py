"""Two versions of a data set in one folder: each has a section, and nothing is said across."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_models import write_models
from records import made_up, read

from bench.compare.selection import NoSection, section_of
from bench.compare.several import fields_of
from bench.errors import UnknownName
from bench.leaderboard.html import html
from bench.leaderboard.sections import Section, sections
from bench.leaderboard.tables import comma_separated, markdown, notebook, terminal
from bench.leaderboard.verify import verify
from bench.leaderboard.versions import names_of_data
from bench.leaderboard.write import board_of, write
from bench.records.folder import Results
from bench.records.record import Record

FIRST = {"data_sha256": "aaaaaaaa11", "split_sha256": "cccccccc11"}
SECOND = {"data_sha256": "bbbbbbbb22", "split_sha256": "dddddddd22"}


def board(*records: Record) -> list[Section]:
    return sections(records)


def test_each_version_has_a_section_of_its_own() -> None:
    one, other = board(
        made_up("als", 0.5, **FIRST), made_up("ease", 0.6, **FIRST), made_up("als", 0.9, **SECOND)
    )
    assert [one.dataset, other.dataset] == ["ml-100k@aaaaaaaa", "ml-100k@bbbbbbbb"]
    assert [row.model for row in one.rows] == ["ease", "als"]
    assert other.rows[0].figures["hr_at_10"] == 0.9


def test_seeds_of_versions_are_not_averaged() -> None:
    seeds = [made_up("als", 0.5, **FIRST), made_up("als", 0.9, seed=1, **SECOND)]
    found = [row for section in board(*seeds) for row in section.rows]
    assert sorted((row.seeds, row.figures["hr_at_10"]) for row in found) == [(1, 0.5), (1, 0.9)]


@pytest.mark.parametrize("show", [markdown, html, notebook, lambda board: terminal(board, 100)])
def test_people_are_told_in_each_section(show: Any) -> None:
    text = show(board(made_up("als", 0.5, **FIRST), made_up("als", 0.9, **SECOND)))
    for version in (FIRST, SECOND):
        assert f"ml-100k@{version['data_sha256'][:8]}, loo" in text
        assert f"these are of data {version['data_sha256']} (SHA-256)" in text


def test_programs_are_told() -> None:
    both = board(made_up("als", 0.5, **FIRST), made_up("als", 0.9, **SECOND))
    found = read(comma_separated(both))
    assert [row["dataset"] for row in found] == ["ml-100k@aaaaaaaa", "ml-100k@bbbbbbbb"]
    assert [row["data_sha256"] for row in found] == ["aaaaaaaa11", "bbbbbbbb22"]


def test_one_version_is_as_it_was() -> None:
    found = board(made_up("als", 0.5, **FIRST), made_up("als", 0.9, protocol="other", **SECOND))
    assert {section.dataset for section in found} == {"ml-100k"}
    assert "versions" not in terminal(found, 100)
    assert "data_sha256" not in comma_separated(found)


HASHES = st.sampled_from(["a" * 9, "b" * 9, ""])


@given(st.lists(HASHES, max_size=6))
def test_names_tell_all_versions_apart(versions: list[str]) -> None:
    names = names_of_data([made_up("als", 0.5, data_sha256=each) for each in versions])
    assert len(set(names.values())) == len(names) == len(set(versions))
    assert all(name == "ml-100k" for name in names.values()) == (len(names) < 2)


def test_statistics_of_versions_stand_beside_each_other(tmp_path: Path) -> None:
    """`verify` computes them again, and says that there are versions."""
    results = Results(tmp_path)
    for n, version in enumerate((FIRST, SECOND)):
        places = {"als": [[n + 7, 30, 2, 90]], "ease": [[n, 80, 1, 9]]}
        write_models(tmp_path, places, key=f"{n:016x}", **version)
    found = board_of(results)
    write(found, results)
    assert all(section.standings for section in found)
    assert len(list(results.statistics.iterdir())) == 2
    assert board_of(results, compute=False) == found
    assert "versions of the same data are sections of their own" in verify(results)
    with pytest.raises(NoSection, match=r"several versions of the data.*@aaaaaaaa, .*@bbbbbbbb"):
        section_of(results)
    with pytest.raises(UnknownName, match="@aaaaaaaa"):
        section_of(results, "ml-100k@aaaaaaab")
    with pytest.raises(NoSection, match="several versions of ml-100k, which are one data set"):
        fields_of([results], "ndcg")
    assert section_of(results, "ml-100k@bbbbbbbb").records[0].data_sha256 == "bbbbbbbb22"
