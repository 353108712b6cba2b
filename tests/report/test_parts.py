"""Parts of the report: scales, figures for people, curves, groups of users, the multiverse."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from records import made_up

from bench.compare.strata import Grouping
from bench.evaluation.metrics import Standing, hit_rates
from bench.leaderboard.statistics import records_of_rows
from bench.leaderboard.write import board_of
from bench.protocol.task import prepare
from bench.records.folder import Results
from bench.registry.datasets import load_data
from bench.report import figures
from bench.report.bundle import bundle
from bench.report.charts import charts
from bench.report.curves import hit_rates_over, validation_points
from bench.report.groups import groups
from bench.report.scale import views
from bench.report.universes import contested, multiverse_lines, multiverse_of
from bench.report.users import Users, users_of
from bench.statistics.aligned import Aligned, load_aligned

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def aligned() -> Aligned:
    """Three models of a published board."""
    results = Results(ROOT / "results" / "ml-100k-all")
    (section,) = board_of(results)
    rows = records_of_rows(section)
    return load_aligned(results, {name: rows[name] for name in ("als", "ease", "popularity")})


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
@example([0.0, 0.000999, 0.000999, 0.000999])
def test_each_view_is_within_the_next_and_everything_has_all(values: list[float]) -> None:
    found = views(values)
    assert found.everything.low < min(values) <= max(values) < found.everything.high
    assert found.everything.low <= found.competing.low
    assert found.everything.high >= found.competing.high
    for view in found:
        assert view.low < view.high
        assert all(0 <= view.share(value) <= 1 for value in values)


def test_what_is_far_below_does_not_squeeze_the_others() -> None:
    values = [0.04, 0.25, *np.linspace(0.40, 0.45, 20), 0.61]
    found = views(values)
    assert found.competing.low > 0.3 and found.competing.high > 0.61
    assert 0.38 < found.crowded.low < 0.40 and 0.45 < found.crowded.high < 0.47


@given(st.floats(0, 1e6))
def test_seconds_are_short_and_near(value: float) -> None:
    number, unit = figures.seconds(value).rsplit(" ", 1)
    size = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}[unit]
    assert len(number) <= 6
    if number != "<1":
        assert float(number) * size == pytest.approx(value, rel=0.06, abs=0.0006)


def test_figures_that_are_not_there_are_nothing() -> None:
    forms = (figures.seconds, figures.milliseconds, figures.megabytes, figures.share)
    assert [form(None) for form in forms] == [""] * 4
    assert [figures.share(value) for value in (0.454, 1.0, 0.0)] == [".4540", "1.0000", ".0000"]


STANDINGS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 60)), min_size=1, max_size=20
)


@given(STANDINGS)
def test_hit_rates_over_k_are_those_of_each_k(users: list[tuple[int, int, int]]) -> None:
    standing = Standing(*np.array([(b, e, b + e + more) for b, e, more in users]).T)
    cutoffs = np.array([1, 2, 5, 17, 60])
    wanted = [hit_rates(standing, int(k)).mean() for k in cutoffs]
    assert hit_rates_over(standing, cutoffs) == pytest.approx(wanted, abs=1e-12)


def test_the_validation_curve_is_that_of_the_best_trial() -> None:
    def trial(model: str, *values: float | None) -> object:
        curve = [
            {"number": n, "seconds": n / 2, "samples": 1, "loss": 1.0, "validation": value}
            for n, value in enumerate(values, start=1)
        ]
        return made_up(model, 0.5, curve=curve)

    trials = [trial("als", 0.1, 0.2), trial("als", 0.3, 0.25), trial("gmf", None, None)]
    found = list(validation_points([*trials, trial("other", 0.9, 0.9)], {"als", "gmf"}))
    assert [(each["model"], each["epochs"], each["value"]) for each in found] == [
        ("als", 1, 0.3),
        ("als", 2, 0.25),
    ]
    assert [each["seconds"] for each in found] == [0.5, 1.0]


def test_groups_are_means_over_their_users_and_small_ones_are_not_shown(aligned: Aligned) -> None:
    place = np.arange(len(aligned)) % 2
    place[:5] = 2
    grouping = Grouping(
        name="history", labels=("even", "odd", "few"), stem="", endings=("",) * 3, groups=place
    )
    found = groups(aligned, {"history": grouping})
    assert [(group.title, group.label) for group in found] == [
        ("history of", "even"),
        ("history of", "odd"),
    ]
    for number, group in enumerate(found):
        assert group.users == int((place == number).sum())
        for fits in aligned.fits:
            mean = fits.values()[:, place == number].mean()
            assert group.cells[fits.name].value == pytest.approx(float(mean), abs=1e-12)
        best = max(group.cells, key=lambda name: group.cells[name].value)
        assert [name for name, cell in group.cells.items() if cell.best] == [best]


def test_the_multiverse_says_who_is_first_and_what_turns_pairs(aligned: Aligned) -> None:
    found = multiverse_of(aligned, None)
    lines = multiverse_lines(found)
    assert lines[0].startswith("72 boards from the same ledgers; varied are the negatives")
    assert "the weights" not in lines[0]
    assert "of 3 pairs never change" in lines[1]
    assert [f"{duel}." for duel in contested(found)] == lines[2:]


def test_users_of_a_run_are_those_of_its_task() -> None:
    task = prepare(load_data("synthetic", None), "loo-99")
    found = Users.of_task(task)
    assert set(found.strata) == {"popularity", "history", "cold"}
    assert found.popularity is not None and len(found.popularity) == len(task.cases.users)
    results = Results(ROOT / "results" / "ml-100k-all")
    (section,) = board_of(results)
    other = users_of(section, task, None)  # a task of other data says nothing
    assert not other.strata and "--data-dir" in other.missing


def test_charts_are_the_same_each_time_and_name_no_address() -> None:
    once = charts()
    assert once == charts()
    assert "http" not in str(once)
    assert once.keys() >= {"tradeoff", "cutoffs", "losses", "validation", "differences", "places"}


def test_the_bundle_is_kept_and_closes_no_script() -> None:
    script = bundle()
    assert bundle() == script
    assert "vegaEmbed" in script and "</script" not in script and "<!--" not in script
    assert not math.isclose(len(script), 0)
