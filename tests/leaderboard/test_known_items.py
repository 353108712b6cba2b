"""Rows of new people side by side, by how many of their items are known."""

import re
from dataclasses import replace

from records import made_up

from bench.leaderboard.html import html
from bench.leaderboard.known_items import families
from bench.leaderboard.sections import Section, sections
from bench.leaderboard.tables import markdown, notebook, terminal

HITS = {  # by model and way, for 1, 5 and 20 items
    ("ease", "own"): (0.35, 0.5, 0.61),
    ("als", "prior"): (0.5, 0.6, 0.65),
    ("<b>x</b>", "alike"): (0.2, 0.3, 0.4),
}


def board(family: str = "new-users-{}", without: str = "") -> list[Section]:
    return sections(
        [
            made_up(
                model,
                hits,
                protocol=family.format(shown),
                fold_in={"way": way},
                key=f"{number}{place}".zfill(16),
                metrics={"hr_at_10": hits, "hr_at_10_expected": hits},
            )
            for number, ((model, way), line) in enumerate(HITS.items())
            for place, (shown, hits) in enumerate(zip((1, 5, 20), line, strict=True))
            if (model, shown) != (without, 5)
        ]
    )


def test_the_numbers_ascend_and_the_best_row_is_first() -> None:
    (family,) = families([*reversed(board()), *sections([made_up("als", 0.5)])])
    assert (family.protocol, family.known) == ("new-users", (1, 5, 20))
    assert list(family.lines.items()) == [
        ("als (prior)", (0.5, 0.6, 0.65)),
        ("ease (own)", (0.35, 0.5, 0.61)),
        ("<b>x</b> (alike)", (0.2, 0.3, 0.4)),
    ]


def test_a_row_that_lacks_a_number_is_left_out() -> None:
    (family,) = families(board(without="ease"))
    assert list(family.lines) == ["als (prior)", "<b>x</b> (alike)"]


def test_one_number_alone_is_no_family() -> None:
    assert families(board()[:1]) == []


def test_families_that_show_other_items_or_have_folds_stand_apart() -> None:
    names = {"new-users": False, "new-users-latest": True, "new-users-folds-5": False}
    shown = ("new-users-{}", "new-users-latest-{}", "new-users-{}-folds-5")
    found = families([section for name in shown for section in board(name)])
    assert {each.protocol: each.latest for each in found} == names


def test_each_form_of_the_board_has_the_table() -> None:
    title = "ml-100k, new-users: exact HR@10 by how many items of a new person are known"
    text = markdown(board())
    assert text.index(f"## {title}") < text.index("## ml-100k, new-users-1")
    assert re.search(r"^\| model +\| +1 \| +5 \| +20 \|$", text, re.M)
    assert re.search(r"^\| als \(prior\) +\| 0.5000 \| 0.6000 \| 0.6500 \|$", text, re.M)
    shown = terminal(board(), 100)
    assert re.search(rf"{title}\n\nmodel +1 +5 +20\n", shown)
    for page in (html(board()), notebook(board())):
        assert title in page and "0.6500" in page
        assert "<b>x</b>" not in page


def test_numbers_of_other_data_make_no_line() -> None:
    """As where K = 1 was measured before the data changed, and K = 5 after."""
    first, second, third = (section.records for section in board())
    changed = [replace(record, data_sha256="another") for record in second]
    assert [each.known for each in families(sections([*first, *changed, *third]))] == [(1, 20)]
