"""Where the data came from, as a board says it."""

from pathlib import Path

import pytest
from records import made_up

from bench.leaderboard import origin
from bench.leaderboard.html import html
from bench.leaderboard.remarks import about, remarks_below
from bench.leaderboard.sections import sections
from bench.leaderboard.tables import markdown, terminal
from bench.records.folder import Results

RESULTS = Path(__file__).resolve().parents[2] / "results"
VERIFIED = "GroupLens' ml-1m.zip (SHA-256 verified)"


def lines(source: str, **changes: str) -> tuple[list[str], list[str]]:
    """What stands in the small print, and what among the remarks, of the source."""
    (section,) = sections([made_up("als", 0.5, source=source, **changes)])
    return (
        [line for line in about(section) if line.startswith("Source: ")],
        [line for line in remarks_below(section) if line.startswith("data: ")],
    )


def test_a_verified_source_is_small_print() -> None:
    assert lines(VERIFIED) == ([f"Source: {VERIFIED}."], [])
    assert lines("") == ([], [])


@pytest.mark.parametrize(
    "source",
    [
        "ml-1m/, extracted by hand: counts match, content not verified",
        "ml-1m.zip, not the publisher's file (SHA-256 12): other counts, {}",
        "files named like the NCF authors', with other counts: {}",
    ],
)
def test_what_is_not_verified_stands_among_the_remarks(source: str) -> None:
    assert lines(source) == ([], [f"data: {source}"])


def test_records_of_before_say_what_was_verified() -> None:
    said = lines("the NCF authors' files (https://x), counts verified")
    assert said == (
        [],
        ["data: the NCF authors' files (https://x), counts match, content not verified"],
    )


def test_rebuilt_data_are_known_by_their_hash_whatever_the_record_says() -> None:
    for known in origin.rebuilt(origin.TABLE).values():
        for source in (VERIFIED, "counts verified"):
            small, (said,) = lines(source, data_sha256=known.data_sha256)
            assert not small
            assert known.source in said and known.note in said and said.endswith(known.affects)


def test_a_section_of_several_sources_tells_all() -> None:
    records = [made_up("als", 0.5, source="a, not verified"), made_up("mf", 0.4, source=VERIFIED)]
    (section,) = sections(records)
    assert "data: a, not verified" in remarks_below(section)
    assert f"Source: {VERIFIED}." in about(section)
    for text in (markdown([section]), html([section]), terminal([section], 120)):
        assert "data: a, not verified" in text


@pytest.mark.parametrize("name", ["ncf-ml-1m", "ml-1m", "ml-1m-new-users", "ml-1m-cold-items"])
def test_published_boards_of_rebuilt_data_say_so(name: str) -> None:
    known = origin.rebuilt(origin.TABLE)
    hashes = {record.data_sha256 for record in Results(RESULTS / name).read_records()}
    assert hashes <= known.keys()
    text = (RESULTS / name / "leaderboard.md").read_text(encoding="utf-8")
    for each in hashes:
        assert known[each].affects.replace("(°)", "")[:40] in text
    assert "counts verified" not in text
