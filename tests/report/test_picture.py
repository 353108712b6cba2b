"""The picture of a board: who is drawn, are the names legible, does the file stand alone."""

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from records import made_up

from bench.cli.results import leaderboard
from bench.leaderboard.sections import Section, sections
from bench.leaderboard.write import board_of
from bench.records.folder import Results
from bench.records.record import Record
from bench.report.picture import HEIGHT, WIDTH, NoPicture, chart, picture
from bench.report.placing import Box, Point, place
from bench.text import one_line

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def timed(model: str, ndcg: float, seconds: float, **changes: object) -> Record:
    metrics = {"hr_at_10": ndcg, "ndcg_at_10_expected": ndcg}
    return made_up(model, ndcg, metrics=metrics, timings={"train_seconds": seconds}, **changes)


def published(folder: str) -> list[Section]:
    return board_of(Results(ROOT / "results" / folder))


def texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [e.text for tag in ("text", "tspan") for e in root.iter(f"{SVG}{tag}") if e.text]


def drawn(board: list[Section]) -> list[dict[str, object]]:
    """The points of the picture, before they are an image."""
    (data,) = chart(board).to_dict()["datasets"].values()
    return list(data)


def test_the_picture_in_the_readme_is_that_of_its_board() -> None:
    """Letters are measured with the fonts of a machine, so no more than texts and points agree."""

    def shapes(svg: str) -> list[str | None]:
        symbols = ElementTree.fromstring(svg).iter(f"{SVG}path")
        return [e.get("transform") for e in symbols if e.get("aria-roledescription") == "point"]

    found = picture(published("ncf-ml-1m"))
    kept = (ROOT / "results" / "images" / "board.svg").read_text(encoding="utf-8")
    assert texts(found) == texts(kept)
    assert len(shapes(found)) == 24
    assert shapes(found) == shapes(kept)
    assert "Too far below to be drawn: popularity (.2539), random (.0445)." in texts(found)


@pytest.mark.parametrize(
    ("folder", "count"), [("ncf-ml-1m", 24), ("ml-1m", 30), ("ml-100k-all", 29)]
)
def test_no_name_covers_another_on_the_published_boards(folder: str, count: int) -> None:
    points = drawn(published(folder))
    assert len(points) == count
    times = [float(str(each["seconds"])) for each in points]
    assert times == pytest.approx(sorted(times, key=times.index))
    labels = place_of(published(folder))
    for one, other in combinations(labels, 2):
        assert not one.meets(other), folder


def place_of(board: list[Section]) -> list[Box]:
    """What each name covers, from the marks that the image has."""
    root = ElementTree.fromstring(picture(board))
    names = {str(each["name"]) for each in drawn(board)}
    boxes = []
    for text in root.iter(f"{SVG}text"):
        place_there = re.match(r"translate\(([\d.-]+),([\d.-]+)\)", text.get("transform", ""))
        if text.text in names and place_there:
            x, y = map(float, place_there.groups())
            wide = 6.3 * len(text.text or "")
            left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[text.get("text-anchor", "")]
            boxes.append(Box(left, y - 10, left + wide, y + 2))
    assert len(boxes) == len(names)
    return boxes


def test_it_stands_alone_on_any_background() -> None:
    found = picture(sections([timed("a", 0.5, 1.0), timed("b", 0.6, 10.0)]))
    assert not re.search(r"(href|src)=|url\(|@import|currentColor|var\(", found)
    assert set(re.findall(r"http[^\"]*", found)) == {  # the names of the format
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert 'fill="#fff"' in found
    for said in ("training time in seconds (logarithmic)", "exact NDCG@10", "no other model is"):
        assert any(said in text for text in texts(found)), said


def test_what_is_far_below_is_named_and_not_drawn() -> None:
    rows = [timed(f"model{n}", 0.5 + n / 100, 1.0 + n) for n in range(5)]
    found = sections([*rows, timed("poor", 0.1, 1.0), made_up("failed")])
    assert {str(each["name"]) for each in drawn(found)} == {f"model{n}" for n in range(5)}
    assert "Too far below to be drawn: poor (.1000)." in texts(picture(found))
    two = [timed("good", 0.8, 9.0), timed("poor", 0.1, 1.0)]  # nothing to be far from
    assert len(drawn(sections(two))) == 2
    assert "Too far below" not in picture(sections(two))


def test_blue_are_those_that_no_other_beats_in_both() -> None:
    rows = [timed("fast", 0.6, 1.0), timed("slow", 0.59, 5.0), timed("best", 0.7, 50.0)]
    best = {each["name"]: each["best"] for each in drawn(sections(rows))}
    assert best == {"fast": True, "slow": False, "best": True}


WORDS = st.text(st.characters(exclude_categories=()), max_size=40)


@settings(max_examples=15, deadline=None)
@given(WORDS, WORDS)
def test_text_of_a_model_is_text_in_it(first: str, second: str) -> None:
    hostile = f"{second}<script>&\x1b"
    board = sections([timed("a", 0.5, 1.0, label=first), timed("b", 0.6, 2.0, label=hostile)])
    found = picture(board)
    assert not list(ElementTree.fromstring(found).iter(f"{SVG}script"))
    assert {str(each["name"]) for each in drawn(board)} == {
        one_line(first or "a"),
        one_line(hostile),
    }
    found.encode()


def test_a_board_that_is_invalid_says_so_in_its_picture() -> None:
    metrics = {"hr_at_10": 0.5, "hr_at_10_expected": 0.9, "hr_at_10_sampling_se": 0.001}
    metrics |= {"test_users": 943.0, "ndcg_at_10_expected": 0.5}
    wrong = made_up("wrong", 0.5, metrics=metrics)
    found = texts(picture(sections([wrong, timed("right", 0.6, 1.0)])))
    assert any("INVALID: wrong seed 0: sampled hr_at_10 is 0.5000" in text for text in found)
    assert not any("no other model" in text for text in found)


def test_what_one_picture_cannot_show() -> None:
    with pytest.raises(NoPicture, match=r"needs two rows with exact NDCG@10"):
        picture(sections([timed("a", 0.5, 1.0), made_up("b")]))
    rows = [timed("a", 0.5, 1.0), timed("a", 0.5, 1.0, dataset="ml-1m")]
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


POINTS = st.lists(
    st.builds(
        Point, st.text("abc", min_size=1, max_size=12), st.floats(0, WIDTH), st.floats(0, 440)
    ),
    min_size=1,
    max_size=12,
)


@given(POINTS)
def test_every_point_gets_its_name_beside_it(points: list[Point]) -> None:
    labels = place(points, [], Box(0, 0, WIDTH, HEIGHT))
    assert sorted(id(each.point) for each in labels) == sorted(map(id, points))
    for each in labels:
        dot = Box(each.point.x - 1, each.point.y - 1, each.point.x + 1, each.point.y + 1)
        assert not each.box.meets(dot)
