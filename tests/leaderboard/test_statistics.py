"""Tiers and errors on the board: in every form, kept, computed anew, or left out with a reason."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.leaderboard import statistics
from bench.leaderboard.html import html
from bench.leaderboard.sections import Section
from bench.leaderboard.statistics import LATER, statistics_lines, with_statistics
from bench.leaderboard.tables import comma_separated, markdown, terminal
from bench.leaderboard.verify import Difference, verify
from bench.leaderboard.write import board_of, write
from bench.records.folder import Results
from bench.records.standings import Standings
from tests.helpers.ledgers import keep, made_up_ledger, some_results
from tests.helpers.records import made_up, read

SKILLS = {"sasrec": 9.0, "als": 3.0, "ease": 2.9, "random": 1.0}


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return some_results(tmp_path, SKILLS)


def only(results: Results) -> Section:
    (section,) = board_of(results)
    return section


def test_every_form_has_the_tier_and_what_it_means(results: Results) -> None:
    board = board_of(results)
    by_name = {row.model: row for row in board[0].rows}
    assert by_name["sasrec"].tier == 1
    assert by_name["als"].tier == by_name["ease"].tier == 2
    assert by_name["random"].tier == 3
    for text in (terminal(board, 200), markdown(board), html(board)):
        assert "tier 1 is the best row by exact NDCG@10" in text
        assert "40 users can tell two models apart from 0." in text
        assert "closer ones may differ without being told apart" in text
        assert "exact NDCG@10" in text.replace("\n", " ")
    table = {row["model"]: row for row in read(comma_separated(board))}
    found = board[0].standings
    assert found is not None
    for name, row in table.items():
        of_row = found.row(name)
        assert (row["tier"], row["letters"]) == (str(of_row.tier), of_row.letters)
        for figure in (
            *("exact_ndcg_at_10", "exact_ndcg_at_10_se", "exact_ndcg_at_10_ci_low"),
            *("exact_hr_at_10", "exact_hr_at_10_se", "exact_hr_at_10_ci_high"),
            *("hr_at_10_se", "ndcg_at_10_se", "full_hr_at_10_se", "share_first", "share_first_3"),
        ):
            assert float(row[figure]) == of_row.figures[figure]
        assert float(row["hr_at_10"]) == pytest.approx(of_row.figures["hr_at_10"])


def test_columns_for_programs_are_added_at_the_end(results: Results) -> None:
    names = comma_separated(board_of(results)).splitlines()[0].split(",")
    assert names[names.index("invalid") + 1 : names.index("invalid") + 4] == [
        *("tier", "letters", "one_fit")
    ]


def test_one_seed_keeps_the_error_of_its_record(tmp_path: Path) -> None:
    results = some_results(tmp_path, SKILLS, seeds=1)
    for row in only(results).rows:
        assert row.figures["hr_at_10_se"] == row.records[0].metrics["hr_at_10_se"]
        assert row.one_fit
        assert not row.fewer_seeds
    text = terminal(board_of(results), 200)
    assert "one fit of each row: the tiers are of these fits" in text
    assert "¹" not in text


def test_one_fit_beside_several_seeds_is_marked(results: Results) -> None:
    keep(results, "lone", made_up_ledger(seed=77, skill=3.0))
    text = markdown(board_of(results))
    assert "lone ¹" in text
    assert "als ¹" not in text
    assert "¹ one fit: one seed alone" in text
    assert "one fit of each row" not in text
    table = {row["model"]: row["one_fit"] for row in read(comma_separated(board_of(results)))}
    assert table == {"lone": "yes"} | dict.fromkeys(SKILLS, "")


def test_what_is_kept_is_not_computed_again(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(board_of(results), results)
    (path,) = results.statistics.iterdir()
    before = only(results)

    def never(*_: object) -> Standings:
        raise AssertionError("computed again")

    monkeypatch.setattr(statistics, "standings", never)
    assert only(results) == before
    assert board_of(results, compute=False) == [before]
    stood = path.stat().st_mtime_ns
    write([before], results)
    assert path.stat().st_mtime_ns == stood


def test_another_ledger_or_row_is_computed_anew(results: Results) -> None:
    write(board_of(results), results)
    before = only(results).standings
    keep(results, "more", made_up_ledger(seed=55, skill=4.0), seed=0)
    (later,) = board_of(results, compute=False)
    assert later.standings is None
    assert f"statistics: {LATER}" in terminal([later], 200)
    assert {row.tier for row in later.rows} == {0}
    after = only(results).standings
    assert after is not None
    assert before is not None
    assert after.key != before.key
    assert [row.model for row in after.rows] == [row.model for row in only(results).rows]


def test_a_file_that_is_no_statistics_is_computed_anew(
    results: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    write(board_of(results), results)
    before = only(results)
    (path,) = results.statistics.iterdir()
    path.write_text("{")
    assert only(results) == before
    assert "left out:" in capsys.readouterr().err


def test_without_a_ledger_one_line_says_so(results: Results) -> None:
    gone = results.read_records()[0]
    results.ledger_of(gone).unlink()
    section = only(results)
    assert statistics_lines(section) == [f"statistics: none, the ledger of {gone.stem} is missing"]
    assert {row.tier for row in section.rows} == {0}
    assert "tier" not in terminal([section], 200)


def test_of_another_split_one_line_says_so(results: Results) -> None:
    one = results.read_records()[-1]
    for record in results.read_records():
        if record.cell.name == one.cell.name:
            results.save(replace(record, split_sha256="other"))
    (line,) = statistics_lines(only(results))
    assert line.startswith("statistics: none, ")
    assert line.endswith("saw different splits")


def test_a_broken_ledger_is_one_line_and_no_crash(results: Results) -> None:
    results.ledger_of(results.read_records()[0]).write_bytes(b"PAR1")
    (line,) = statistics_lines(only(results))
    assert "not a ledger" in line


def test_an_invalid_section_has_no_tiers(results: Results) -> None:
    invalid = replace(only(results), invalid=("canary oracle: out",))
    bare = replace(
        invalid, standings=None, rows=tuple(replace(row, tier=0) for row in invalid.rows)
    )
    assert with_statistics([bare], results) == [bare]
    assert statistics_lines(bare) == []


def test_a_row_alone_has_no_tier(tmp_path: Path) -> None:
    results = some_results(tmp_path, {"als": 3.0})
    section = only(results)
    assert statistics_lines(section) == []
    assert section.rows[0].tier == 0
    assert "tier" not in terminal([section], 200)
    assert "exact_ndcg_at_10_se" in section.rows[0].figures


def test_rows_that_failed_have_no_tier(results: Results) -> None:
    results.save(made_up("broken", reason="no"))
    by_name = {row.model: row for row in only(results).rows}
    assert by_name["broken"].tier == 0
    assert by_name["sasrec"].tier == 1


def test_a_crossing_of_order_and_tiers_is_explained(results: Results) -> None:
    section = only(results)
    by_figure = sorted(section.rows, key=lambda row: -row.figures["exact_ndcg_at_10"])
    _, second, third, _ = names = [row.model for row in by_figure]
    for tiers, said in (
        ((1, 2, 2, 3), ""),
        ((1, 3, 2, 4), f"{second}, of tier 3, is above {third}, of tier 2"),
    ):
        placed = dict(zip(names, tiers, strict=True))
        rows = tuple(replace(row, tier=placed[row.model]) for row in by_figure)
        lines = statistics_lines(replace(section, rows=rows))
        found = [line for line in lines if "above one of a higher tier" in line]
        assert len(found) == bool(said)
        assert said in "".join(found)
    assert "above one of a higher tier" in "".join(
        statistics_lines(replace(section, rows=tuple(reversed(section.rows))))
    )


def test_verify_computes_them_again(results: Results) -> None:
    write(board_of(results), results)
    checked = verify(results)
    assert checked.endswith("computed again, with their statistics, all equal")
    (path,) = results.statistics.iterdir()
    given = json.loads(path.read_text())
    given["pairs"][0]["mean"] += 1e-6
    path.write_text(json.dumps(given))
    with pytest.raises(Difference, match=r"pairs\[0\]\.mean is 0\.\d+, computed again"):
        verify(results)
    given["pairs"][0]["mean"] -= 1e-6
    given["rows"][1]["tier"] = 9
    path.write_text(json.dumps(given))
    with pytest.raises(Difference, match=r"rows\[1\]\.tier is 9, computed again 2"):
        verify(results)


def test_a_board_that_a_killed_run_left_verifies_without_statistics(results: Results) -> None:
    write(board_of(results, compute=False), results)
    assert not results.statistics.exists()
    assert verify(results).endswith("computed again, all equal")


def test_a_hostile_label_is_text(tmp_path: Path) -> None:
    bad = '"><script>alert(1)</script>\x1b[31m'
    results = some_results(tmp_path, {"sasrec": 9.0, bad: 3.0, "random": 1.0})
    board = board_of(results)
    assert html(board).count("<script>") == 1  # ours
    assert "\x1b" not in terminal(board, 200)
