"""The published boards of new people: whole, and with what was asked for beforehand."""

import csv
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.leaderboard.write import board_of
from bench.records.folder import Results
from bench.registry import suites
from bench.report.picture import picture

RESULTS = Path(__file__).resolve().parents[2] / "results"
NAMES = ["ml-100k-new-users", "ml-1m-new-users"]
PICTURES = {
    "ml-100k-new-users": "new-people-100k.svg",
    "ml-1m-new-users": "new-people.svg",
}
KNOWN = (1, 2, 5, 10, 20)


def board(name: str) -> dict[int, dict[str, dict[str, str]]]:
    """Rows by how many items are known, and by name with the way."""
    found: dict[int, dict[str, dict[str, str]]] = defaultdict(dict)
    with (RESULTS / name / "leaderboard.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found[int(row["protocol"].split("-")[2])][row["model"]] = row
    return found


def exact(row: dict[str, str]) -> float:
    return float(row["hr_at_10_expected"])


@pytest.mark.parametrize("name", NAMES)
def test_every_model_of_the_suite_serves_new_people_for_every_number(name: str) -> None:
    whole, found = suites.load(name), board(name)
    assert tuple(sorted(found)) == KNOWN
    for rows in found.values():
        alike = {each.removesuffix(" (alike)") for each in rows if each.endswith(" (alike)")}
        assert alike == {row.label or row.model for row in whole.rows}
        assert {(row["status"], row["invalid"]) for row in rows.values()} == {("ok", "")}
        assert rows.keys() == found[1].keys()


@pytest.mark.parametrize("name", NAMES)
def test_one_item_is_enough_for_als_with_a_prior_to_beat_popularity(name: str) -> None:
    rows = board(name)[1]
    assert exact(rows["als (prior)"]) >= exact(rows["popularity (alike)"]) + 0.04
    assert exact(rows["als (prior)"]) >= exact(rows["als (own)"]) + 0.1


@pytest.mark.parametrize("name", NAMES)
def test_what_knows_nothing_shows_nothing(name: str) -> None:
    """People with the same neighbours get the same draws, so that the error is larger."""
    for rows in board(name).values():
        assert exact(rows["random (alike)"]) == pytest.approx(0.1, abs=0.03)
        popular = exact(board(name)[1]["popularity (alike)"])
        assert exact(rows["popularity (alike)"]) == pytest.approx(popular, abs=0.005)


@pytest.mark.parametrize(("name", "file"), list(PICTURES.items()))
def test_a_picture_is_that_of_its_board(name: str, file: str) -> None:
    """But for how wide letters are, which depends on the fonts of a machine."""
    found = ElementTree.fromstring(picture(board_of(Results(RESULTS / name), compute=False)))
    kept = ElementTree.parse(RESULTS / "images" / file).getroot()
    for what in ("text", "d"):
        assert shown(found, what) == shown(kept, what)


def shown(image: ElementTree.Element, what: str) -> list[str]:
    """The words of an image, or its lines."""
    if what == "text":
        return ["".join(each.itertext()) for each in image.iter() if each.tag.endswith("text")]
    return [
        each.get("d", "") for each in image.iter() if "line" in each.get("aria-roledescription", "")
    ]
