"""Tables of a board: columns, marks, width, and words that could do harm."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import made_up, read

from bench.leaderboard.columns import with_unit
from bench.leaderboard.html import html
from bench.leaderboard.rows import DRIFT_BOUND
from bench.leaderboard.sections import sections
from bench.leaderboard.tables import comma_separated, markdown, terminal
from bench.records.record import Record

COLUMNS = (
    "dataset,protocol,model,status,seeds,hr_at_10,hr_at_10_se,ndcg_at_10,ndcg_at_10_se,"
    "hr_at_10_expected,ndcg_at_10_expected,full_hr_at_10,full_ndcg_at_10,train_seconds,"
    "train_samples_per_second,interactions_per_second,score_users_per_second,latency_p50_ms,"
    "latency_p99_ms,peak_memory_mb,params,key"
)


def test_columns_of_the_csv() -> None:
    text = comma_separated(sections([made_up("als", 0.6, params={"factors": 64, "l2": 0.1})]))
    assert text.splitlines()[0].startswith(COLUMNS + ",")
    (row,) = read(text)
    assert row["params"] == '{"factors":64,"l2":0.1}'
    assert float(row["hr_at_10"]) == 0.6
    assert row["latency_p50_ms"] == ""  # not measured


def test_rows_that_depend_on_ties_or_a_busy_clock_are_marked() -> None:
    metrics = {"hr_at_10": 0.3, "hr_at_10_low": 0.2, "hr_at_10_high": 0.4}
    tied = made_up("constant", 0.3, metrics=metrics)
    busy = made_up("busy", 0.2, timings={"train_seconds": 9.0, "train_cpu_seconds": 2.0})
    records = [tied, busy, made_up("als", 0.5)]
    text = terminal(sections(records), 120)
    assert "constant †" in text
    assert "busy ‡" in text
    assert not re.search("als [†‡]", text)
    by_name = {row["model"]: row for row in read(comma_separated(sections(records)))}
    assert (by_name["constant"]["tie_sensitive"], by_name["als"]["tie_sensitive"]) == ("yes", "")


def test_rows_that_use_the_order_of_items_are_marked() -> None:
    found = sections([made_up("ease", 0.6), made_up("sasrec", 0.5, uses_order=True)])
    text = terminal(found, 120)
    assert "sasrec °" in text
    assert "° uses the order of a user's items" in text
    assert not re.search("ease [°]", text)
    assert [row["uses_order"] for row in read(comma_separated(found))] == ["", "yes"]


def clocked(model: str, hr: float, drift: float, **changes: Any) -> Record:
    """A record of before and after which the reference kernel was timed."""
    timings = {
        **{"train_seconds": 3.0, "train_cpu_seconds": 3.0, "train_reference_units": 1.5},
        **{"reference_seconds_before": 2.0, "reference_seconds_after": 2.0 * (1 + drift)},
        "reference_drift": drift,
    }
    return made_up(model, hr, timings=timings, **changes)


def test_a_row_is_marked_where_the_speed_changed_beside_one_of_its_seeds() -> None:
    killed = {"train_seconds": 3.0, "train_cpu_seconds": 3.0, "reference_seconds_before": 2.0}
    records = [clocked("steady", 0.6, DRIFT_BOUND), made_up("killed", 0.4, timings=killed)]
    records += [clocked("moved", 0.5, drift, seed=n) for n, drift in enumerate((0.0, 0.3, 0.0))]
    failed = made_up("failed", timings={"reference_drift": 9.0})
    for text in (terminal(sections([*records, failed]), 140), html(sections(records))):
        assert re.search("moved §", text)
        assert re.search("killed §", text)
        assert not re.search("(steady|failed) §", text)
        assert (
            "§ the speed of the machine changed: the reference kernel took over 25% longer" in text
        )
    drifted = {row["model"]: row["drifted"] for row in read(comma_separated(sections(records)))}
    assert drifted == {"steady": "", "moved": "yes", "killed": "yes"}
    assert "§" not in markdown(sections([records[0]]))


def test_train_time_in_units_of_the_reference_stands_where_it_was_measured() -> None:
    old, new = made_up("old", 0.4), clocked("new", 0.5, 0.1)
    assert "units" not in terminal(sections([old]), 140) + markdown(sections([old]))
    for text in (markdown(sections([old, new])), html(sections([old, new]))):
        assert "train units" in text
        assert "reference kernel 2.00 to 2.20 s" in text
    assert "1.50" in terminal(sections([old, new]), 140)
    assert "units" not in terminal(sections([old, new]), 80)  # the first to give way
    by_name = {row["model"]: row for row in read(comma_separated(sections([old, new])))}
    assert float(by_name["new"]["train_reference_units"]) == 1.5
    assert by_name["old"]["train_reference_units"] == ""


def test_figures_that_are_not_finite_are_empty_cells() -> None:
    odd = made_up("odd", 0.5, timings={"train_seconds": float("inf")})
    assert read(comma_separated(sections([odd])))[0]["train_seconds"] == ""
    assert "inf" not in terminal(sections([odd]), 120)


@pytest.mark.parametrize("width", [70, 80, 120])
def test_the_terminal_table_fits(width: int) -> None:
    records = [made_up("factorization_machine", 0.5, seed=s) for s in range(3)]
    records += [made_up("popularity", 0.3, timings={"latency_p50_ms": 0.123456})]
    lines = terminal(sections(records), width).splitlines()
    assert max(len(line) for line in lines if "±" in line) <= width
    assert "0.5000 ±0.0154" in "\n".join(lines)


def test_markdown_says_on_what_it_was_measured() -> None:
    text = markdown(sections([made_up("als", 0.5)]))
    for wanted in (
        "943 users",
        "100,000 interactions",
        "CPU, 2 cores, 8 GB",
        "git abc123",
        "HR@10",
    ):
        assert wanted in text


def test_html_shows_text_of_a_model_as_text() -> None:
    bad = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    records = [made_up("evil", reason=bad), made_up("a", 0.5, label=bad, params={"x": bad})]
    page = html(sections([*records, made_up("b", 0.6)]))
    assert page.count("<script>") == 1  # ours
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_reason_cannot_steer_the_terminal_or_break_a_table() -> None:
    bad = made_up("evil", label="a|b", reason="one\ntwo\x1b[31m|three <b>")
    assert "\x1b" not in terminal(sections([bad]), 100)
    assert "a\\|b" in markdown(sections([bad]))
    assert "<b>" not in markdown(sections([bad]))


def test_one_page_holds_everything_it_needs() -> None:
    page = html(sections([made_up("a", 0.5), made_up("b", 0.6)]))
    page = page.replace('<a href="report.html">', "")  # a page that may stand beside it
    assert not re.search(r"(src|href)=|https?:|@import|url\(", page)


@given(st.floats(0.001, 9e11))
def test_short_numbers_are_close_and_short(value: float) -> None:
    number, _, unit = with_unit(value).partition(" ")
    size = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[unit]
    assert float(number) * size == pytest.approx(value, rel=0.005)
    assert "e" not in number
