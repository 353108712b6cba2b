"""Boards of cold items: both standings side by side, and the word for a model that cannot."""

from records import made_up, read

from bench.leaderboard.sections import sections
from bench.leaderboard.tables import comma_separated, markdown, terminal
from bench.records.record import Record

COLD = ("beside warm HR@10", "beside warm HR@50", "cold in top 10")


def cold(model: str, hr: float, tied: float, share: float) -> Record:
    metrics = {
        **{"hr_at_10": hr, "hr_at_10_low": hr - tied * hr, "hr_at_10_high": hr, "ndcg_at_10": hr},
        **{"beside_hr_at_10": hr / 9, "beside_hr_at_50": hr / 3, "beside_ndcg_at_10": hr / 9},
        **{"cold_share_at_10": share, "all_tied": tied},
    }
    audit = {"users": 943, "cold_items": 170, "interactions_left_out": 10_253}
    return made_up(model, hr, protocol="cold-items", metrics=metrics, audit=audit)


def test_a_model_that_cannot_says_so_and_others_do_not() -> None:
    found = sections([cold("als", 0.1, 1.0, 0.0), cold("content", 0.4, 0.989, 0.043)])
    rows = {row["model"]: row for row in read(comma_separated(found))}
    assert {name: row["cannot"] for name, row in rows.items()} == {"als": "yes", "content": ""}
    assert float(rows["content"]["cold_share_at_10"]) == 0.043
    assert list(rows["als"])[-6:] == [
        *("beside_hr_at_10", "beside_hr_at_50", "beside_ndcg_at_10"),
        *("cold_share_at_10", "all_tied", "cannot"),
    ]
    for text in (terminal(found, 200), markdown(found)):
        assert "als † cannot " in text
        assert "content † " in text
        assert "cannot tell cold items apart: 99% of the ranks or more are ties" in text
        assert "4.3 %" in text
        assert "that is a knob and no quality" in text
    assert "170 cold items, 10,253 interactions left out" in markdown(found)


def test_columns_of_cold_items_are_on_no_other_board() -> None:
    warm, both = (
        sections([made_up("als", 0.5)]),
        sections([made_up("als", 0.5), cold("als", 0.1, 1, 0)]),
    )
    for text in (terminal(warm, 300), markdown(warm)):
        assert "beside" not in text and "cold" not in text
    assert "cannot" not in comma_separated(warm)
    assert all(title in markdown(both) for title in COLD)
    lines = read(comma_separated(both))
    assert [row["all_tied"] for row in lines] == ["1.0", ""]  # of cold-items, of loo
