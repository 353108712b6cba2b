"""The picture of new people: which lines it has, which are named, and where it stands."""

from pathlib import Path
from xml.etree import ElementTree

from click.testing import CliRunner
from records import made_up

from bench.cli.results import leaderboard
from bench.leaderboard.known_items import Family, families
from bench.leaderboard.sections import Section, sections
from bench.leaderboard.write import board_of
from bench.records.folder import Results
from bench.records.record import Record
from bench.report.new_people import new_people_chart
from bench.report.picture import picture
from bench.report.write import write_report

SVG = "{http://www.w3.org/2000/svg}"
HITS = {  # by model and way, for 1, 5 and 20 items
    ("popularity", "alike"): (0.45, 0.45, 0.45),
    ("als", "prior"): (0.5, 0.6, 0.65),
    ("als", "own"): (0.3, 0.45, 0.6),
    ("ease", "own"): (0.35, 0.5, 0.61),
    ("als", "alike"): (0.51, 0.58, 0.6),
    ("<b>x</b>", "alike"): (0.2, 0.3, 0.4),
}


def made() -> list[Record]:
    return [
        made_up(
            model,
            hits,
            protocol=f"new-users-{shown}",
            fold_in={"way": way},
            key=f"{number}{place}".zfill(16),
            metrics={"hr_at_10": hits, "hr_at_10_expected": hits},
        )
        for number, ((model, way), line) in enumerate(HITS.items())
        for place, (shown, hits) in enumerate(zip((1, 5, 20), line, strict=True))
    ]


def board() -> list[Section]:
    return sections(made())


def named(family: Family) -> set[str]:
    layers = new_people_chart(family).to_dict()["layer"]
    data = new_people_chart(family).to_dict()["datasets"]
    (labels,) = [each for each in layers if each["mark"]["type"] == "text"]
    return {row["row"] for row in data[labels["data"]["name"]]}


def test_the_best_of_each_way_and_popularity_are_named() -> None:
    (family,) = families(board())
    assert named(family) == {"popularity (alike)", "als (prior)", "ease (own)", "als (alike)"}


def test_a_row_that_lacks_a_number_has_no_line() -> None:
    lacking = [
        each
        for each in made()
        if (each.cell.name, each.cell.protocol) != ("als (prior)", "new-users-5")
    ]
    (family,) = families(sections(lacking))
    assert "als (prior)" not in named(family)


def test_other_sections_beside_it_do_not_hide_it() -> None:
    latest = made_up("als", 0.5, protocol="new-users-latest-5", fold_in={"way": "own"})
    assert "als (prior)" in picture(sections([*made(), latest, made_up("als", 0.5)]))


def test_it_is_drawn_for_a_board_of_new_people_and_stands_in_the_report(tmp_path: Path) -> None:
    results = Results(tmp_path / "results")
    for each in made():
        results.save(each)
    file = tmp_path / "picture.svg"
    done = CliRunner().invoke(leaderboard, ["--results", str(results.path), "--picture", str(file)])
    assert file.exists(), done.output
    root = ElementTree.fromstring(file.read_text())
    said = " ".join(e.text or "" for tag in ("text", "tspan") for e in root.iter(f"{SVG}{tag}"))
    assert "new people" in said
    assert "als (prior)" in said
    page = write_report(board_of(results), results).read_text()
    assert page.count('<figure class="picture"><svg') == 1
    assert "<b>x</b>" not in page
