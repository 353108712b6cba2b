"""Every control of the page to explore, in a real browser without a network."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import Seen, names_that_meet, needs_chromium, opened, zoom_in
from explorable import HOSTILE, VECTORS, hostile_films
from kept import FILMS, made_up_kept

from bench.explore.page import page
from bench.kept.model import KeptModel
from bench.retrieval.names import words_of

pytestmark = [pytest.mark.slow, needs_chromium]

DESK = {"width": 1400, "height": 1000}
PHONE = {"width": 400, "height": 800}
TYPED = [
    *(
        "Toy Story",
        "Amélie",
        "  Seven (Se7en) ",
        "Spider-Man",
        "L'Été d'Ýpres",
        "STRASSE Straße",
        "",
    ),
    *(
        "$",
        "8½",
        "Ørjan Łódź Þór",
        "七人の侍",
        "Сталкер",
        "Ὀδυσσεύς",
        "It\u2019s",
        "E.T.",
        "ﬁlm",
        "İstanbul",
    ),
]


def written(path: Path, *models: KeptModel) -> Path:
    path.write_text(page(models), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[KeptModel]:
    """Two that were really fitted; the last film has no user."""
    folder = tmp_path_factory.mktemp("kept")
    return [made_up_kept(folder, "als"), made_up_kept(folder, "ease")]


@pytest.fixture(scope="module")
def explorer(models: list[KeptModel]) -> Path:
    return written(models[0].folder.parent.parent / "explore.html", *models)


@pytest.fixture
def seen(explorer: Path) -> Iterator[Seen]:
    """The page at a desk. Nothing was asked for, and nothing went wrong, also after the test."""
    with opened(explorer, viewport=DESK) as found:
        yield found
        found.page.wait_for_timeout(300)  # for what a click began
        assert found.requests == []
        assert found.errors == []


def titles(page: Any, place: str) -> list[str]:
    return [str(each) for each in page.locator(f"{place} .title").all_inner_texts()]


def pick(page: Any, field: str, text: str) -> None:
    page.fill(field, text)
    page.keyboard.press("Enter")


def test_similarities_are_those_of_the_vectors(seen: Seen, models: list[KeptModel]) -> None:
    order = np.argsort(-models[0].catalogue.users, kind="stable")
    for number, model in enumerate(models):
        vectors = model.vectors()[order].astype(np.float64)
        for item in range(len(order)):
            found = seen.page.evaluate(f"[...similarities(models[{number}], {item})]")
            np.testing.assert_allclose(found, vectors @ vectors[item], atol=2e-4)


def test_words_are_compared_as_by_the_command(seen: Seen) -> None:
    found = seen.page.evaluate("typed => typed.map(wordsOf)", TYPED)
    assert found == [words_of(each) for each in TYPED]


def test_a_title_is_found_as_people_type_it(seen: Seen) -> None:
    page = seen.page
    for text, title in (
        ("toystory", "Toy Story (1995)"),
        ("godfather", "The Godfather (1972)"),
        ("GODFATHER, THE: part", "The Godfather: Part II (1974)"),
        ("king lion", "The Lion King (1994)"),
        ("alien", "Alien (1979)"),
        ("alíen 1986", "Aliens (1986)"),
        ("#110", "The Lion King (1994)"),
    ):
        pick(page, "#find", text)
        assert page.inner_text("#chosen-title") == title, text
        assert page.locator("#find-found").is_hidden()
    page.fill("#find", "nothing so called")
    assert page.inner_text("#find-found") == "Nothing here is called so."


def test_neighbours_stand_side_by_side_and_lead_on(seen: Seen) -> None:
    page = seen.page
    page.fill("#least", "0")
    pick(page, "#find", "toy story 1995")
    assert "Toy Story 2 (1999)" in titles(page, "[data-list='0']")[:5]
    lists = [titles(page, f"[data-list='{side}']") for side in (0, 1)]
    both = len(set(lists[0]) & set(lists[1]))
    assert f"{both} of 10 are in both lists" in page.inner_text("#shared")
    assert page.locator("[data-list='0'] .both").count() == both
    page.select_option("select[data-model='1']", "0")
    assert titles(page, "[data-list='1']") == lists[0]
    page.locator("[data-list='0'] .title").first.click()
    assert page.inner_text("#chosen-title") == lists[0][0]
    assert lists[0][0] not in titles(page, "[data-list='0']")


def test_items_with_few_users_are_left_out_of_lists(seen: Seen) -> None:
    page = seen.page
    page.fill("#least", "15")
    users = page.locator("[data-list='0'] .users").all_inner_texts()
    assert users and all(int(each) >= 15 for each in users)
    page.fill("#least", "1000000")
    assert titles(page, "[data-list='0']") == []


def test_an_item_without_users_is_said_to_be_unknown(seen: Seen) -> None:
    pick(seen.page, "#find", "se7en")
    assert seen.page.inner_text("#facts").startswith("0 users")
    assert seen.page.inner_text("[data-list='0']") == "This model learned nothing of it."


def test_people_who_like_some_get_others_with_reasons(seen: Seen) -> None:
    page = seen.page
    for title in ("toy story 1995", "aladdin", "aladdin"):
        pick(page, "#pick", title)
    assert page.locator("#picked li").count() == 2
    found = titles(page, "#answers")
    assert not {"Toy Story (1995)", "Aladdin (1992)"} & set(found)
    assert set(found[:4]) == {
        "Toy Story 2 (1999)",
        "The Lion King (1994)",
        "Antz (1998)",
        "Mulan (1998)",
    }
    assert "like " in page.locator("#answers .why").first.inner_text()
    page.select_option("#by", "1")
    assert titles(page, "#answers")
    page.get_by_label("Remove Aladdin (1992)").click()
    assert page.locator("#picked li").count() == 1
    page.click("#none")
    assert page.locator("#picked li").count() == 0
    pick(page, "#find", "alien")
    page.click("#like")
    assert "Aliens (1986)" in titles(page, "#answers")[:5]


def test_a_click_on_the_map_chooses_the_nearest_point(seen: Seen) -> None:
    page = seen.page
    where = page.evaluate(
        "() => { const box = document.querySelector('[data-draw=map] svg').getBoundingClientRect();"
        " const at = page.map.at[4], [x, y] = page.map.places[4];"
        " const [left, top] = drawn.view.origin();"
        " return [items.titles[at], box.left + left + drawn.view.scale('x')(x),"
        " box.top + top + drawn.view.scale('y')(1 - y)]; }"
    )
    page.mouse.click(where[1] + 2, where[2])
    assert page.inner_text("#chosen-title") == where[0]


def test_no_name_covers_another_also_after_a_zoom(seen: Seen) -> None:
    assert names_that_meet(seen.page, "map") == []
    zoom_in(seen.page, "map")
    assert names_that_meet(seen.page, "map") == []


def test_one_genre_alone_has_a_colour(seen: Seen) -> None:
    page = seen.page
    page.select_option("#colours", "Musical")
    assert page.inner_text("#legend").split() == ["Musical", "other"]
    page.wait_for_timeout(300)
    colours = page.locator("[data-draw=map] .mark-symbol path[fill='var(--mark-1)']")
    assert colours.count() == 2


def test_everything_by_keyboard(seen: Seen) -> None:
    page = seen.page
    page.focus("#find")
    page.keyboard.type("a")
    page.keyboard.press("ArrowDown")
    active = page.get_attribute("#find", "aria-activedescendant")
    wanted = page.inner_text(f"#{active} span")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")  # round to the last
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.inner_text("#chosen-title") == wanted
    page.keyboard.type("toy")
    page.keyboard.press("Escape")
    assert page.locator("#find-found").is_hidden()
    page.focus("#like")
    page.keyboard.press("Enter")
    assert page.locator("#picked li").count() == 1
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert (
        page.evaluate("document.activeElement.className") == "title"
        or page.inner_text("#chosen-title") != wanted
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESK, PHONE])
def test_no_sideways_scrolling_in_light_and_dark(
    explorer: Path, viewport: dict[str, int], scheme: str
) -> None:
    with opened(explorer, viewport=viewport, color_scheme=scheme) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        paper = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
        assert seen.errors == seen.requests == []


def test_hostile_words_are_text_everywhere(tmp_path: Path) -> None:
    model = made_up_kept(tmp_path, vectors=VECTORS, train=hostile_films(), dataset=HOSTILE)
    with opened(written(tmp_path / "page.html", model), viewport=DESK) as seen:
        page = seen.page
        page.fill("#find", "script img")
        assert HOSTILE in page.inner_text("#find-found")
        page.keyboard.press("Enter")
        assert HOSTILE in page.inner_text("#chosen-title")
        page.click("#like")
        pick(page, "#find", "#103")
        page.fill("#least", "0")
        assert HOSTILE in page.inner_text("body")
        page.select_option("#colours", HOSTILE)
        page.locator("[data-draw=map] .mark-symbol path").first.hover(force=True)
        page.wait_for_timeout(300)
        assert page.locator("img").count() == 0
        assert page.title().startswith("Explore <")
        assert seen.errors == seen.requests == []


def test_own_data_without_titles_and_genres(tmp_path: Path) -> None:
    train = replace(FILMS, item_features=None)
    model = made_up_kept(tmp_path, vectors=VECTORS, train=train)
    with opened(written(tmp_path / "page.html", model), viewport=DESK) as seen:
        pick(seen.page, "#find", "105")
        assert seen.page.inner_text("#chosen-title") == "105"
        assert len(titles(seen.page, "[data-list='0']")) == 10
        assert seen.page.locator("[data-list='1']").count() == 0
        assert seen.errors == seen.requests == []
