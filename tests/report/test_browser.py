"""Every control of the report, in a real browser without a network."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Seen, names_that_meet, needs_chromium, opened, zoom_in
from records import made_up

from bench.leaderboard.write import board_of
from bench.records.folder import Results
from bench.records.record import Record
from bench.report.write import write_report

pytestmark = [pytest.mark.slow, needs_chromium]

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = """</script><img src=x onerror="document.title='owned'"> {{ 7*7 }} [0].x"""
DESK = {"width": 1400, "height": 1000}
PHONE = {"width": 400, "height": 800}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of a published board."""
    results = Results(ROOT / "results" / "ml-1m")
    folder = tmp_path_factory.mktemp("report")
    return write_report(board_of(results), results, folder / "report.html")


@pytest.fixture
def seen(report: Path) -> Iterator[Seen]:
    """The page at a desk. Nothing was asked for, and nothing went wrong, also after the test."""
    with opened(report, viewport=DESK) as found:
        yield found
        found.page.wait_for_timeout(300)  # for what a click began
        assert found.requests == []
        assert found.errors == []


def column(page: Any, name: str) -> list[str]:
    """The values of a column of the board, of the rows that are shown."""
    titles = [title.strip() for title in page.locator("table.board thead th").all_inner_texts()]
    at = titles.index(name) + 1
    cells = f"table.board tbody tr:not([hidden]) > :nth-child({at})"
    return [
        str(v) for v in page.eval_on_selector_all(cells, "all => all.map(e => e.dataset.value)")
    ]


def drawn(page: Any, chart: str) -> str:
    """What stands in a chart now, when it stands still."""
    page.wait_for_timeout(400)
    return str(page.inner_html(f"[data-draw={chart}]"))


def names_in(page: Any, chart: str) -> list[str]:
    """The texts of a chart that can be seen."""
    texts = page.locator(f"[data-draw={chart}] text")
    return [
        str(each)
        for each in texts.evaluate_all(
            "all => all.filter(e => e.getAttribute('opacity') !== '0').map(e => e.textContent)"
        )
    ]


def test_a_click_sorts_and_a_second_turns_it_round(seen: Seen) -> None:
    page = seen.page
    assert column(page, "model")[:2] == ["sasrec", "ease (recent)"]
    for name, first in (("training", "up"), ("HR@10", "down"), ("memory", "up")):
        button = page.locator("table.board thead button", has_text=re.compile(f"^{name}$"))
        for order in (first, "down" if first == "up" else "up"):
            button.click()
            values = [float(value) for value in column(page, name)]
            assert values == sorted(values, reverse=order == "down"), name
    page.locator("table.board thead button", has_text="model").click()
    assert column(page, "model") == sorted(column(page, "model"), key=str.lower)


def test_words_and_limits_leave_rows_out_of_the_board_and_the_charts(seen: Seen) -> None:
    page = seen.page
    everything = column(page, "model")
    page.fill("input[name=text]", "als, EASE")
    named = {each for each in everything if "als" in each or "ease" in each}
    assert named >= {"als", "als (recent)", "eals", "ials", "ease", "ease_features"}
    assert set(column(page, "model")) == named
    said = page.inner_text("form[data-filter] output")
    assert said == f"{len(named)} of {len(everything)} models"
    shown = drawn(page, "tradeoff")
    assert ">ease<" in shown and ">gmf<" not in shown
    for limit, seconds in (("5s", 5), ("0.1 min", 6)):
        page.fill("input[name=train_seconds]", limit)
        assert "ease" in column(page, "model") and "ials" not in column(page, "model")
        assert all(float(value) <= seconds for value in column(page, "training"))
    page.click("form[data-filter] button[type=reset]")
    page.wait_for_function("document.querySelector('output').textContent === ''")
    assert column(page, "model") == everything
    page.fill("input[name=latency_p99_ms]", "1 ms")
    page.fill("input[name=peak_memory_mb]", "0.048 GB")  # of 1,024 MB, as for `bench choose`
    assert column(page, "model")
    assert all(float(value) <= 1 for value in column(page, "p99"))
    assert all(float(value) <= 50 for value in column(page, "memory"))
    page.fill("input[name=text]", "zzz")
    assert column(page, "model") == []
    assert "Nothing to draw" in drawn(page, "tradeoff")


def test_a_limit_without_sense_is_said_and_changes_nothing(seen: Seen) -> None:
    page = seen.page
    everything = column(page, "model")
    for words in ("ten minutes", "10", "5 parsec", "-3", "5 MB", "Infinity"):
        page.fill("input[name=train_seconds]", words)
        assert page.get_attribute("input[name=train_seconds]", "aria-invalid") == "true"
        assert "A limit is a number and a unit, as 10 min" in page.inner_text("output")
        assert column(page, "model") == everything


def test_accuracy_against_every_cost(seen: Seen) -> None:
    page = seen.page
    before = drawn(page, "tradeoff")
    for name, values in (
        ("accuracy", ["hr_at_10", "full_ndcg_at_10", "ndcg_at_10_expected"]),
        ("cost", ["latency_p99_ms", "peak_memory_mb", "latency_p50_ms", "train_seconds"]),
    ):
        for value in values:
            page.select_option(f"select[data-chart=tradeoff][name={name}]", value)
            after = drawn(page, "tradeoff")
            assert after != before, value
            before = after
    assert ">sasrec<" in before


def test_the_crowded_corner_has_room_for_names(seen: Seen) -> None:
    page = seen.page
    assert "Outside of the picture: popularity" in page.inner_text("[data-absent=tradeoff]")
    page.select_option("select[name=view]", "crowded")
    drawn(page, "tradeoff")
    outside = page.inner_text("[data-absent=tradeoff]")
    assert "sasrec" in outside and "popularity" in outside
    shown = [text for text in names_in(page, "tradeoff") if re.match(r"[a-z]", text)]
    assert len(shown) >= 15
    page.select_option("select[name=view]", "everything")
    drawn(page, "tradeoff")
    assert page.inner_text("[data-absent=tradeoff]") == ""


@pytest.mark.parametrize("view", ["competing", "crowded", "everything"])
def test_no_name_covers_another(seen: Seen, view: str) -> None:
    page = seen.page
    page.select_option("select[name=view]", view)
    drawn(page, "tradeoff")
    assert names_that_meet(page, "tradeoff") == []
    zoom_in(page, "tradeoff")
    assert names_that_meet(page, "tradeoff") == []


def test_the_wheel_zooms_with_ctrl_and_a_point_says_what_it_is(seen: Seen) -> None:
    page = seen.page
    before = drawn(page, "tradeoff")
    zoom_in(page, "tradeoff")
    assert drawn(page, "tradeoff") != before
    box = page.locator("[data-draw=tradeoff]").bounding_box()
    page.mouse.dblclick(box["x"] + 80, box["y"] + 30)
    page.locator("[data-draw=tradeoff] path[aria-roledescription=point]").last.hover(force=True)
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert "accuracy" in page.inner_text("#vg-tooltip-element")


def test_the_matrix_and_the_multiverse_follow_the_filter(seen: Seen) -> None:
    page = seen.page
    page.fill("input[name=text]", "ease sasrec gmf")
    assert set(names_in_order(page, "differences")) == {"sasrec", "ease", "gmf"}
    assert set(names_in_order(page, "places")) - {"place"} == {"sasrec", "ease", "gmf"}
    cell = page.locator("[data-draw=differences] .mark-rect.role-mark path").first
    cell.hover(force=True)
    page.wait_for_selector("#vg-tooltip-element.visible")
    said = page.inner_text("#vg-tooltip-element")
    for words in ("less that", "told apart", "boards won"):
        assert words in said


def names_in_order(page: Any, chart: str) -> list[str]:
    """The models on the axes of a chart."""
    drawn(page, chart)
    return [text for text in names_in(page, chart) if re.fullmatch(r"[a-z]{2,}", text)]


def test_hit_rates_of_both_kinds_of_ranks(seen: Seen) -> None:
    page = seen.page
    sampled = drawn(page, "cutoffs")
    page.select_option("select[name=kind]", "full")
    full = drawn(page, "cutoffs")
    assert full != sampled
    assert "sasrec" in full and "others" in full


def test_learning_curves_against_epochs_and_seconds(seen: Seen) -> None:
    page = seen.page
    epochs = drawn(page, "losses")
    page.select_option("select[name=against]", "seconds")
    assert drawn(page, "losses") != epochs
    assert "multvae" in epochs


def test_the_whole_story_by_mouse(seen: Seen) -> None:
    page = seen.page
    page.click("[data-story] >> text=neumf (pre-trained)")
    story = page.locator("dialog[open]")
    words = story.inner_text()
    for said in ("Parameters", "learning_rate", "How they were found", "Certificate", "Canaries"):
        assert said in words
    assert "records/movielens_1m.loo-99.neumf" in words
    story.locator("button[aria-label=Close]").click()
    assert page.locator("dialog[open]").count() == 0


def test_everything_by_keyboard(seen: Seen) -> None:
    page = seen.page
    page.focus("form[data-filter] input[name=text]")
    page.keyboard.type("eals")
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
        if page.evaluate("document.activeElement.matches('[data-story]')"):
            break
    assert "training" in reached and reached[-1] == "eals"
    page.keyboard.press("Enter")
    assert page.locator("dialog[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert page.evaluate("document.activeElement.textContent.trim()") == "eals"
    page.focus("select[name=view]")
    page.keyboard.press("ArrowDown")
    assert page.input_value("select[name=view]") == "crowded"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(report: Path, scheme: str) -> None:
    with opened(report, viewport=PHONE, color_scheme=scheme, has_touch=True) as seen:
        page = seen.page
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.locator("[data-story]").first.tap()
        box = page.locator("dialog[open]").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
        assert seen.errors == seen.requests == []


def test_light_dark_and_print_differ_by_style_alone(report: Path) -> None:
    with opened(report, viewport=DESK, color_scheme="dark") as seen:
        page = seen.page
        paper = "getComputedStyle(document.body).backgroundColor"
        label = "getComputedStyle(document.querySelector('[data-draw] text')).fill"
        dark = page.evaluate(paper), page.evaluate(label)
        page.emulate_media(color_scheme="light")
        light = page.evaluate(paper), page.evaluate(label)
        assert dark[0] != light[0] and dark[1] != light[1]
        page.emulate_media(color_scheme="dark", media="print")
        assert (page.evaluate(paper), page.evaluate(label)) == light
        assert not page.locator("form[data-filter]").is_visible()
        assert len(page.pdf()) > 10_000


def test_hostile_words_are_text_in_the_board_the_charts_and_the_stories(tmp_path: Path) -> None:
    def rated(model: str, ndcg: float, seconds: float, **changes: Any) -> Record:
        metrics = {"hr_at_10": ndcg, "ndcg_at_10_expected": ndcg}
        curve = [{"number": n, "seconds": n, "samples": 1, "loss": 1 / n} for n in (1, 2, 3)]
        timings = {"train_seconds": seconds}
        return made_up(model, ndcg, metrics=metrics, timings=timings, curve=curve, **changes)

    results = Results(tmp_path)
    results.save(rated("a", 0.5, 3.0, label=HOSTILE, tuned=HOSTILE, params={HOSTILE: HOSTILE}))
    results.save(rated("b", 0.6, 1.0, label="[0].x || alert(1)"))
    with opened(write_report(board_of(results), results), viewport=DESK) as seen:
        page = seen.page
        assert column(page, "model")[1] == HOSTILE
        assert HOSTILE in names_in(page, "losses") or "…" in "".join(names_in(page, "losses"))
        page.locator("[data-story]").nth(1).click()
        assert HOSTILE in page.inner_text("dialog[open]")
        page.keyboard.press("Escape")
        points = page.locator("[data-draw=tradeoff] path[aria-roledescription=point]")
        points.first.hover(force=True)
        page.wait_for_selector("#vg-tooltip-element.visible")
        assert page.locator("img").count() == 0
        assert "owned" not in page.title()
        assert seen.errors == seen.requests == []


def test_its_policy_stops_scripts_and_requests_that_are_not_its_own(seen: Seen) -> None:
    page = seen.page
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.owned = 1';"
        " document.body.append(s); fetch('https://example.org/').catch(() => 0); }"
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.owned") is None
    assert seen.requests == []
    assert all("Content Security Policy" in said for said in seen.errors)
    assert len(seen.errors) >= 2
    seen.errors.clear()
