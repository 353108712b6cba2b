"""The report's file: figures of the board, hostile words, invalid boards, what is left out."""

import base64
import csv
import io
import json
import re
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from records import made_up

from bench.cli.report import report
from bench.leaderboard.tables import comma_separated
from bench.leaderboard.write import board_of
from bench.records.folder import Results
from bench.records.record import Record
from bench.report.bundle import bundle
from bench.report.write import write_report

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = """</script><img src=x onerror="alert(1)">'{{ 7*7 }}"""


def rated(model: str, ndcg: float, seconds: float = 1.0, **changes: Any) -> Record:
    metrics = {"hr_at_10": ndcg + 0.2, "hr_at_10_se": 0.01, "ndcg_at_10": ndcg}
    metrics |= {"ndcg_at_10_expected": ndcg, "hr_at_10_expected": ndcg + 0.2}
    timings = {"train_seconds": seconds, "latency_p99_ms": 0.5, "peak_memory_mb": 50.0}
    changes = {"metrics": metrics, "timings": timings} | changes
    return made_up(model, ndcg, **changes)


def written(folder: Path, *records: Record) -> str:
    results = Results(folder)
    for each in records:
        results.save(each)
    return write_report(board_of(results), results).read_text(encoding="utf-8")


class Cells(HTMLParser):
    """The values behind the cells of the boards of a page, row by row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._in_board = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self._in_board = "board" in (given.get("class") or "").split()
        if self._in_board and tag == "tr" and "data-model" in given:
            self.rows.append([])
        if self._in_board and self.rows and "data-value" in given:
            self.rows[-1].append(given["data-value"] or "")


def data_of(page: str) -> Any:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(text)


@pytest.mark.parametrize("folder", ["ml-100k-all", "ml-1m", "ncf-ml-1m"])
def test_its_figures_are_those_of_the_board(folder: str, tmp_path: Path) -> None:
    results = Results(ROOT / "results" / folder)
    board = board_of(results)
    page = write_report(board, results, tmp_path / "page.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 3_000_000
    table = {row["model"]: row for row in csv.DictReader(io.StringIO(comma_separated(board)))}
    names = ("ndcg_at_10_expected", "hr_at_10", "full_hr_at_10", "train_seconds")
    names += ("latency_p99_ms", "peak_memory_mb", "published_hr_at_10")
    rows = Cells(page).rows
    assert len(rows) == len(table) >= 25
    if not any(row["published_hr_at_10"] for row in table.values()):
        names = names[:-1]
    for tier, model, *cells in rows:
        assert tier == table[model]["tier"]
        assert cells == [table[model][name] for name in names], model
    (section,) = data_of(page)["sections"]
    for row in section["rows"]:
        for name, value in row.items():
            if name in table[row["model"]] and name != "model":
                assert value == pytest.approx(float(table[row["model"]][name]), abs=1e-15), name


def test_groups_of_users_come_from_the_data_where_they_are_named(tmp_path: Path) -> None:
    results = Results(ROOT / "results" / "ml-100k-all")
    (section,) = board_of(results)
    page = write_report([section], results, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Groups of users are left out: the data are not at hand" in page
    assert "72 boards from the same ledgers" in page
    assert 'class="groups' not in page


def test_the_answer_names_the_best_and_the_best_that_is_cheap(tmp_path: Path) -> None:
    page = written(tmp_path, rated("slow", 0.5, 100.0), rated("quick", 0.4), rated("bad", 0.1))
    (said,) = re.findall(r'<p class="answer">(.*?)</p>', page)
    assert "slow has the highest exact NDCG@10, .5000" in said
    assert "quick trains in 1 s instead of 1.7 min, and reaches .4000, .1000 less" in said


def test_the_answer_of_one_row_or_none_is_one_sentence(tmp_path: Path) -> None:
    alone = written(tmp_path / "one", rated("alone", 0.5))
    (said,) = re.findall(r'<p class="answer">(.*?)</p>', alone)
    assert said == "Only alone was measured, with exact NDCG@10 .5000."
    failed = written(tmp_path / "none", made_up("gone", reason="no memory"))
    (said,) = re.findall(r'<p class="answer">(.*?)</p>', failed)
    assert said == "No model has a figure for exact NDCG@10: there is nothing to compare."


def test_an_invalid_board_says_so_first_and_names_no_winner(tmp_path: Path) -> None:
    metrics = {"hr_at_10": 0.5, "hr_at_10_expected": 0.9, "hr_at_10_sampling_se": 0.001}
    metrics |= {"test_users": 943.0, "ndcg_at_10_expected": 0.4}
    page = written(tmp_path, rated("wrong", 0.5, metrics=metrics), rated("right", 0.6))
    assert 'class="answer"' not in page
    assert page.index("INVALID: wrong seed 0") < page.index("<table")
    done = CliRunner().invoke(report, ["--results", str(tmp_path)], standalone_mode=False)
    assert done.return_value == 1


def test_hostile_words_are_text_in_it(tmp_path: Path) -> None:
    page = written(
        tmp_path,
        rated("a", 0.5, label=HOSTILE, params={HOSTILE: HOSTILE}, tuned=HOSTILE),
        rated("b", 0.4, dataset=HOSTILE, source=HOSTILE),
        made_up("c", reason=HOSTILE, traceback=HOSTILE),
    )
    assert "<img" not in page.replace(bundle(), "")
    assert page.count("<script") == page.count("</script>") == 3
    (section, *_) = [s for s in data_of(page)["sections"] if len(s["rows"]) > 1]
    assert HOSTILE in [row["model"] for row in section["rows"]]
    assert HOSTILE in unescape(page)


def test_only_its_own_scripts_may_run(tmp_path: Path) -> None:
    page = written(tmp_path, rated("a", 0.5), rated("b", 0.6))
    (policy,) = re.findall(r'"Content-Security-Policy" content="(.*?)">', page)
    policy = unescape(policy)
    assert "default-src 'none'" in policy
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = {base64.b64encode(sha256(each.encode()).digest()).decode() for each in scripts}
    assert len(scripts) == 2
    assert set(re.findall(r"sha256-([^']+)'", policy)) == hashes
    assert "unsafe-inline" not in policy.partition("script-src")[2]


def test_a_folder_without_ledgers_says_what_is_left_out(tmp_path: Path) -> None:
    page = written(tmp_path, rated("a", 0.5), rated("b", 0.6), made_up("gone", reason="no memory"))
    assert "What needs ledgers is left out" in page
    assert "No curve of the validation figure" in page
    assert "The hit rate at every k" not in page
    assert "no memory" in page


def test_two_data_sets_are_two_sections(tmp_path: Path) -> None:
    page = written(tmp_path, rated("a", 0.5), rated("a", 0.6, dataset="other"))
    assert page.count('<article class="section"') == 2
    assert page.count('class="answer"') == 2
    assert 'href="#section-1"' in page


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    first = written(tmp_path, rated("a", 0.5), rated("b", 0.6))
    assert written(tmp_path) == first


def test_the_command_writes_where_it_is_told(tmp_path: Path) -> None:
    Results(tmp_path).save(rated("a", 0.5))
    output = tmp_path / "new" / "page.html"
    words = ["--results", str(tmp_path), "--output", str(output)]
    done = CliRunner().invoke(report, words, standalone_mode=False)
    assert done.return_value == 0
    assert done.output == f"Written to {output}.\n"
    assert output.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert not (tmp_path / "report.html").exists()


def test_an_empty_folder_is_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(report, ["--results", str(tmp_path)], standalone_mode=False)
    assert isinstance(done.exception, FileNotFoundError)
    assert "no records in" in str(done.exception)
