"""Rows of a board: records averaged over seeds, best first."""

import pytest
from records import made_up, read

from bench.leaderboard.rows import rows as board_rows
from bench.leaderboard.sections import sections
from bench.leaderboard.tables import comma_separated, markdown, terminal
from bench.records.record import Record


def models(records: list[Record]) -> list[str]:
    return [row.model for row in board_rows(records)]


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
    for text in (markdown(sections(records)), terminal(sections(records), 120)):
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
    assert "bpr [ok 2/3]" in terminal(sections(records), 120)
    assert "over 2 GB" in markdown(sections(records))
    assert read(comma_separated(sections(records)))[0]["seeds"] == "2"


def test_different_reasons_name_their_seeds() -> None:
    records = [made_up("bpr", status="oom", reason="big"), made_up("bpr", seed=1, reason="bad")]
    (row,) = board_rows(records)
    assert (row.status, row.reason) == ("failed/oom", "seed 0: big; seed 1: bad")


def test_the_latest_record_of_a_seed_counts() -> None:
    old = made_up("als", 0.9, started="2026-01-01T00:00:00+00:00", key="a" * 16)
    new = made_up("als", 0.4, started="2026-02-01T00:00:00+00:00", key="b" * 16)
    (row,) = board_rows([new, old])
    assert row.figures["hr_at_10"] == 0.4
    assert read(comma_separated(sections([old, new])))[0]["key"] == "b" * 16


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
    assert [(s.dataset, len(s.rows)) for s in sections(records)] == [
        ("ml-100k", 1),
        ("ml-1m", 1),
    ]
    assert models(records) == ["als", "als"]


@pytest.mark.parametrize(("few", "easy"), [(0, False), (94, False), (95, True), (943, True)])
def test_a_row_of_few_candidates_has_a_mark(few: int, easy: bool) -> None:
    audit = {"users": 943, "scored_users": 943, "users_with_few_negatives": few}
    records = [made_up("als", 1.0, audit=audit), made_up("ease", 1.0, audit=audit)]
    text = terminal(sections(records), 120)
    assert ("als easy " in text) == ("1.0000 ±0.0000 is no merit" in text) == easy
    assert [row.few_candidates for row in board_rows(records)] == [easy, easy]
