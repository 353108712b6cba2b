"""The study that is published in results/: it is what its ledgers give, and the page quotes it."""

import re
from pathlib import Path

import pytest

from bench.compare.strata import Measured, NoStrata
from bench.leaderboard.sections import Section
from bench.leaderboard.write import board_of
from bench.records.folder import Results
from bench.study.boards import boards
from bench.study.verify import verify_study
from bench.study.write import MetricStudy, paragraphs_of

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "results" / "study"
# What the page says that is no figure of the study.
DECISIONS = {"99", "499", "999", "5", "10", "20", "144", "2020"}


def numbers(text: str) -> set[str]:
    """Decimals and whole numbers above 9 that stand alone."""
    return set(re.findall(r"(?<![\w.@-])(?:\d*\.\d+|\d{2,})(?![\w@-]|\.\d)", text))


def test_the_page_quotes_figures_that_the_command_printed() -> None:
    page = (ROOT / "docs" / "study.md").read_text(encoding="utf-8")
    quoted = numbers(page.partition("## Your own")[0]) - DECISIONS
    assert len(quoted) > 30
    printed = numbers((STUDY / "study.md").read_text(encoding="utf-8"))
    assert quoted <= printed | {str(len_of_others())}, sorted(quoted - printed)


def len_of_others() -> int:
    """Models behind the first."""
    rows = MetricStudy.read(STUDY / "study.json").paragraphs[2].tables[0].rows
    return len(rows) - 1 - 1  # the first row has shares of users


def test_sentences_on_movielens_100k_that_need_ledgers_alone_come_out_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_data(section: Section, data_dir: Path | None) -> Measured:
        raise NoStrata("they are not asked for: that could need the network")

    monkeypatch.setattr("bench.study.boards.measured_on", no_data)
    kept = MetricStudy.read(STUDY / "study.json")
    results = Results(ROOT / "results" / "ml-100k-all")
    there = {row.model for section in board_of(results) for row in section.rows}
    (board,) = boards([results], [model for model in kept.without if model in there])
    again = {each.name: each for each in paragraphs_of([board], STUDY)}
    for paragraph in kept.paragraphs:
        if paragraph.name not in ("F1", "F2", "F4", "F6"):
            continue
        ours = [said for said in paragraph.sentences if said.startswith("ml-100k-all")]
        assert ours == list(again[paragraph.name].sentences)


@pytest.mark.slow
@pytest.mark.network
def test_every_figure_is_computed_again() -> None:
    assert "all equal" in verify_study(STUDY)
