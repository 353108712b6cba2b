"""The picture of a board: who is drawn, are the names legible, does the file stand alone."""

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from records import made_up

from bench.cli.results import leaderboard
from bench.leaderboard.picture import HIGH, WIDE, Box, NoPicture, picture
from bench.leaderboard.sections import sections
from bench.leaderboard.write import board_of
from bench.records.folder import Results
from bench.records.record import Record
from bench.text import one_line

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def timed(model: str, hr: float, seconds: float) -> Record:
    return made_up(model, hr, timings={"train_seconds": seconds, "train_cpu_seconds": seconds})


def names(svg: str) -> list[ElementTree.Element]:
    """The elements that name a point."""
    return [e for e in ElementTree.fromstring(svg).iter(f"{SVG}text") if e.get("class") == "name"]


def covered(name: ElementTree.Element) -> Box:
    """What a name covers, its letters being WIDE."""
    wide, x, y = WIDE * len(name.text or ""), float(name.attrib["x"]), float(name.attrib["y"])
    left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[name.attrib["text-anchor"]]
    return Box(left, y - HIGH, left + wide, y)


def test_the_picture_in_the_readme_is_that_of_its_board() -> None:
    drawn = picture(board_of(Results(ROOT / "results" / "ncf-ml-1m")))
    assert drawn == (ROOT / "results" / "images" / "board.svg").read_text(encoding="utf-8")
    assert len(names(drawn)) == 23
    assert "Too far below to be drawn: popularity (0.4535), random (0.0965)." in drawn


def test_no_name_covers_another_on_the_published_boards() -> None:
    for folder in ("ncf-ml-1m", "ml-1m", "ml-100k-all"):
        boxes = [
            covered(name) for name in names(picture(board_of(Results(ROOT / "results" / folder))))
        ]
        for one, other in combinations(boxes, 2):
            assert not one.meets(other), folder


def test_it_stands_alone_on_any_background() -> None:
    drawn = picture(sections([timed("a", 0.5, 1.0), timed("b", 0.6, 10.0)]))
    assert not re.search(r"(href|src)=|url\(|@import|currentColor", drawn)
    assert drawn.count("http") == 1  # the name of the format
    assert '<rect x="0.5" y="0.5" width="999" height="639" rx="8" fill="#fff"' in drawn
    for text in ("training time in seconds (logarithmic)", "HR@10", "no other model is both"):
        assert text in drawn


def test_what_is_far_below_is_named_and_not_drawn() -> None:
    rows = [timed("best", 0.8, 9.0), timed("good", 0.7, 2.0), timed("poor", 0.5, 1.0)]
    drawn = picture(sections([*rows, made_up("failed")]))
    assert [name.text for name in names(drawn)] == ["best", "good"]
    assert "Too far below to be drawn: poor (0.5000)." in drawn
    drawn = picture(sections(rows[::2]))  # with one point there would be nothing to compare
    assert {name.text for name in names(drawn)} == {"best", "poor"}
    assert "Too far below" not in drawn


def test_blue_are_those_that_no_other_beats_in_both() -> None:
    rows = [timed("fast", 0.6, 1.0), timed("slow", 0.59, 5.0), timed("best", 0.7, 50.0)]
    points = ElementTree.fromstring(picture(sections(rows))).iter(f"{SVG}circle")
    said = {(point[0].text or "").split(":")[0]: point.get("class") for point in points}
    assert said == {"fast": "best", "slow": "other", "best": "best"}


WORDS = st.text(st.characters(exclude_categories=()), max_size=40)


@given(WORDS, WORDS)
def test_text_of_a_model_is_text_in_it(first: str, second: str) -> None:
    rows = [made_up("a", 0.5, label=first), made_up("b", 0.6, label=f"{second}<script>&\x1b")]
    drawn = picture(sections(rows))
    found = {name.text or "" for name in names(drawn)}
    assert found == {one_line(first or "a"), one_line(f"{second}<script>&\x1b")}
    drawn.encode()


def test_a_board_that_is_invalid_says_so_in_its_picture() -> None:
    metrics = {"hr_at_10": 0.5, "hr_at_10_expected": 0.9, "hr_at_10_sampling_se": 0.001}
    wrong = made_up("wrong", 0.5, metrics=metrics | {"test_users": 943.0})
    assert "INVALID: wrong seed 0: sampled hr_at_10 is 0.5000" in picture(
        sections([wrong, made_up("right", 0.6)])
    )


def test_what_one_picture_cannot_show() -> None:
    with pytest.raises(NoPicture, match=r"needs two rows with HR@10"):
        picture(sections([made_up("a", 0.5), made_up("b")]))
    rows = [made_up("a", 0.5), made_up("a", 0.5, dataset="ml-1m")]
    with pytest.raises(NoPicture, match=r"one data set .*, not 2: ml-100k, loo; ml-1m, loo"):
        picture(sections(rows))


def test_the_command_draws_beside_the_board(tmp_path: Path) -> None:
    for each in (timed("a", 0.5, 1.0), timed("b", 0.6, 2.0)):
        Results(tmp_path).save(each)
    words = ["--results", str(tmp_path), "--picture", str(tmp_path / "new" / "board.svg")]
    done = CliRunner().invoke(leaderboard, words, standalone_mode=False)
    assert done.return_value == 0
    assert (tmp_path / "new" / "board.svg").read_text() == picture(board_of(Results(tmp_path)))
    assert (tmp_path / "leaderboard.md").exists()
