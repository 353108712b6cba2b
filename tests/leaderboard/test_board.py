"""The board as a pure function of made-up records."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import made_up, read

from bench.leaderboard import sections
from bench.leaderboard.columns import with_unit
from bench.leaderboard.rows import DRIFT_BOUND
from bench.leaderboard.rows import rows as board_rows
from bench.leaderboard.write import to_csv, to_html, to_markdown, to_terminal, write
from bench.records.record import Record

COLUMNS = (
    "dataset,protocol,model,status,seeds,hr_at_10,hr_at_10_se,ndcg_at_10,ndcg_at_10_se,"
    "hr_at_10_expected,ndcg_at_10_expected,full_hr_at_10,full_ndcg_at_10,train_seconds,"
    "train_samples_per_second,interactions_per_second,score_users_per_second,latency_p50_ms,"
    "latency_p99_ms,peak_memory_mb,params,key"
)


def models(records: list[Record]) -> list[str]:
    return [row.model for row in board_rows(records)]


def test_columns_of_the_csv() -> None:
    text = to_csv([made_up("als", 0.6, params={"factors": 64, "l2": 0.1})])
    assert text.splitlines()[0].startswith(COLUMNS + ",")
    (row,) = read(text)
    assert row["params"] == '{"factors":64,"l2":0.1}'
    assert float(row["hr_at_10"]) == 0.6
    assert row["latency_p50_ms"] == ""  # not measured


def test_best_first_and_what_failed_last() -> None:
    records = [
        made_up("skip", status="skipped", reason="needs lightfm"),
        made_up("random", 0.1),
        made_up("crash", reason="ValueError: no"),
        made_up("ease", 0.7),
        made_up("slow", status="timeout", reason="over 60 s"),
        made_up("twin", 0.1),
    ]
    assert models(records) == ["ease", "random", "twin", "crash", "slow", "skip"]
    rows = board_rows(records)
    assert [row.status for row in rows[3:]] == ["failed", "timeout", "skipped"]
    assert rows[-1].reason == "needs lightfm"
    for text in (to_markdown(records), to_terminal(records, 120)):
        assert "skip: skipped, needs lightfm" in text


def test_equal_hit_rates_go_by_ndcg_then_by_name() -> None:
    better = made_up("zeta", 0.5, metrics={"hr_at_10": 0.5, "ndcg_at_10": 0.4})
    assert models([made_up("b", 0.5), made_up("a", 0.5), better]) == ["zeta", "a", "b"]


def test_seeds_are_averaged_and_their_error_is_not_divided() -> None:
    (row,) = board_rows([made_up("bpr", hr, seed=i) for i, hr in enumerate((0.5, 0.6, 0.7))])
    assert (row.seeds, row.status) == (3, "ok")
    assert row.figures["hr_at_10"] == pytest.approx(0.6)
    assert row.figures["hr_at_10_se"] == pytest.approx(0.0154)
    assert row.figures["hr_at_10_sd"] == pytest.approx(0.1)


def test_a_row_with_a_failed_seed_says_so() -> None:
    records = [made_up("bpr", 0.5), made_up("bpr", 0.6, seed=1)]
    records += [made_up("bpr", seed=2, status="oom", reason="over 2 GB")]
    (row,) = board_rows(records)
    assert (row.status, row.seeds, row.tried) == ("ok 2/3", 2, 3)
    assert "bpr [ok 2/3]" in to_terminal(records, 120)
    assert "over 2 GB" in to_markdown(records)
    assert read(to_csv(records))[0]["seeds"] == "2"


def test_different_reasons_name_their_seeds() -> None:
    records = [made_up("bpr", status="oom", reason="big"), made_up("bpr", seed=1, reason="bad")]
    (row,) = board_rows(records)
    assert (row.status, row.reason) == ("failed/oom", "seed 0: big; seed 1: bad")


def test_the_latest_record_of_a_seed_counts() -> None:
    old = made_up("als", 0.9, started="2026-01-01T00:00:00+00:00", key="a" * 16)
    new = made_up("als", 0.4, started="2026-02-01T00:00:00+00:00", key="b" * 16)
    (row,) = board_rows([new, old])
    assert row.figures["hr_at_10"] == 0.4
    assert read(to_csv([old, new]))[0]["key"] == "b" * 16


def test_seeds_that_saw_other_data_are_not_averaged_in() -> None:
    old = made_up("als", 0.9, seed=1, data_sha256="old")
    new = made_up("als", 0.4, data_sha256="new", started="2026-02-01T00:00:00+00:00")
    (row,) = board_rows([old, new])
    assert (row.seeds, row.figures["hr_at_10"]) == (1, 0.4)


@pytest.mark.parametrize("basis", ["code_sha256", "split_sha256"])
def test_seeds_of_other_code_or_another_split_are_not_averaged_in(basis: str) -> None:
    old = made_up("als", 0.5, seed=0, **{basis: "old"})
    new = made_up("als", 0.7, seed=1, started="2026-02-01T00:00:00+00:00", **{basis: "new"})
    (row,) = board_rows([old, new])
    assert (row.seeds, row.figures["hr_at_10"]) == (1, 0.7)


def test_a_model_that_is_skipped_now_does_not_keep_its_old_figure() -> None:
    old = made_up("mix", 0.5, params={"factor": 1.0})
    new = made_up("mix", status="skipped", reason="needs x", started="2026-02-01T00:00:00+00:00")
    (row,) = board_rows([old, new])
    assert (row.status, row.seeds, row.reason) == ("skipped", 0, "needs x")


def test_the_same_label_twice_is_told_apart_by_what_differs() -> None:
    shared = {"l2": 0.1, "loss": "bpr"}
    records = [made_up("als", 0.5, params={"factors": 16, **shared})]
    records += [made_up("als", 0.6, params={"factors": 64, **shared}), made_up("ease", 0.7)]
    assert models(records) == ["ease", "als (factors=64)", "als (factors=16)"]
    devices = [made_up("als", 0.5), made_up("als", 0.6, device="cuda")]
    assert models(devices) == ["als (device=cuda)", "als (device=cpu)"]


def test_sections_are_kept_apart() -> None:
    records = [made_up("als", 0.5), made_up("als", 0.6, dataset="ml-1m")]
    assert [(s.dataset, len(s.rows)) for s in sections.sections(records)] == [
        ("ml-100k", 1),
        ("ml-1m", 1),
    ]
    assert models(records) == ["als", "als"]


def test_rows_that_depend_on_ties_or_a_busy_clock_are_marked() -> None:
    metrics = {"hr_at_10": 0.3, "hr_at_10_low": 0.2, "hr_at_10_high": 0.4}
    tied = made_up("constant", 0.3, metrics=metrics)
    busy = made_up("busy", 0.2, timings={"train_seconds": 9.0, "train_cpu_seconds": 2.0})
    records = [tied, busy, made_up("als", 0.5)]
    text = to_terminal(records, 120)
    assert "constant †" in text
    assert "busy ‡" in text
    assert not re.search("als [†‡]", text)
    by_name = {row["model"]: row for row in read(to_csv(records))}
    assert (by_name["constant"]["tie_sensitive"], by_name["als"]["tie_sensitive"]) == ("yes", "")


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
    for text in (to_terminal([*records, failed], 140), to_html(records)):
        assert re.search("moved §", text)
        assert re.search("killed §", text)
        assert not re.search("(steady|failed) §", text)
        assert (
            "§ the speed of the machine changed: the reference kernel took over 25% longer" in text
        )
    drifted = {row["model"]: row["drifted"] for row in read(to_csv(records))}
    assert drifted == {"steady": "", "moved": "yes", "killed": "yes"}
    assert "§" not in to_markdown([records[0]])


def test_train_time_in_units_of_the_reference_stands_where_it_was_measured() -> None:
    old, new = made_up("old", 0.4), clocked("new", 0.5, 0.1)
    assert "units" not in to_terminal([old], 140) + to_markdown([old])
    for text in (to_markdown([old, new]), to_html([old, new])):
        assert "train units" in text
        assert "reference kernel 2.00 to 2.20 s" in text
    assert "1.50" in to_terminal([old, new], 140)
    assert "units" not in to_terminal([old, new], 80)  # the first to give way
    by_name = {row["model"]: row for row in read(to_csv([old, new]))}
    assert float(by_name["new"]["train_reference_units"]) == 1.5
    assert by_name["old"]["train_reference_units"] == ""


def test_figures_that_are_not_finite_are_empty_cells() -> None:
    odd = made_up("odd", 0.5, timings={"train_seconds": float("inf")})
    assert read(to_csv([odd]))[0]["train_seconds"] == ""
    assert "inf" not in to_terminal([odd], 120)


@pytest.mark.parametrize("width", [70, 80, 120])
def test_the_terminal_table_fits(width: int) -> None:
    records = [made_up("factorization_machine", 0.5, seed=s) for s in range(3)]
    records += [made_up("popularity", 0.3, timings={"latency_p50_ms": 0.123456})]
    lines = to_terminal(records, width).splitlines()
    assert max(len(line) for line in lines if "±" in line) <= width
    assert "0.5000 ±0.0154" in "\n".join(lines)


def test_markdown_says_on_what_it_was_measured() -> None:
    text = to_markdown([made_up("als", 0.5)])
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
    page = to_html([*records, made_up("b", 0.6)])
    assert page.count("<script>") == 1  # ours
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<svg" in page


def test_a_reason_cannot_steer_the_terminal_or_break_a_table() -> None:
    bad = made_up("evil", label="a|b", reason="one\ntwo\x1b[31m|three <b>")
    assert "\x1b" not in to_terminal([bad], 100)
    assert "a\\|b" in to_markdown([bad])
    assert "<b>" not in to_markdown([bad])


@pytest.mark.parametrize("form", [to_markdown, to_html])
def test_no_records_is_no_error(form: Callable[[list[Record]], str]) -> None:
    assert "No records yet." in form([])
    assert to_terminal([], 80) == "No records yet.\n"
    assert read(to_csv([])) == []


def test_one_page_holds_everything_it_needs() -> None:
    page = to_html([made_up("a", 0.5), made_up("b", 0.6)])
    assert not re.search(r"(src|href)=|https?:|@import|url\(", page)


def test_write(tmp_path: Path) -> None:
    write(iter([made_up("a", 0.5)]), tmp_path, [])
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["leaderboard.csv", "leaderboard.html", "leaderboard.md"]


POOL = st.builds(
    lambda model, hr, second, **changes: made_up(
        model, hr, started=f"2026-01-01T00:00:0{second}", **changes
    ),
    st.sampled_from(["als", "ease"]),
    st.none() | st.floats(0, 1),
    st.integers(0, 2),
    seed=st.integers(0, 2),
    params=st.sampled_from([{}, {"factors": 8}, {"factors": 16, "l2": 0.1}]),
    threads=st.sampled_from([1, 2]),
    reason=st.sampled_from(["", "no", "out of memory"]),
)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), records=st.lists(POOL, max_size=8))
def test_any_order_gives_the_same_bytes(data: st.DataObject, records: list[Record]) -> None:
    shuffled = data.draw(st.permutations(records))
    for form in (to_csv, to_markdown, to_html):
        assert form(shuffled) == form(records)
    assert to_terminal(shuffled, 100) == to_terminal(records, 100)
    named = [(row.dataset, row.protocol, row.model) for row in board_rows(records)]
    assert len(set(named)) == len(named)


@given(st.floats(0.001, 9e11))
def test_short_numbers_are_close_and_short(value: float) -> None:
    number, _, unit = with_unit(value).partition(" ")
    size = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[unit]
    assert float(number) * size == pytest.approx(value, rel=0.005)
    assert "e" not in number


def test_importing_the_board_is_cheap() -> None:
    heavy = "{'pandas', 'mlflow', 'torch', 'sklearn', 'tabulate', 'jinja2'} & set(sys.modules)"
    code = f"import sys, bench.leaderboard.sections; sys.exit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0
