"""The boards that are published in results/: every model is there, and at what it should reach."""

import csv
import re
from datetime import datetime
from pathlib import Path

import pytest

from bench.records.folder import Results
from bench.registry import suites

RESULTS = Path(__file__).resolve().parents[2] / "results"
BOARDS = ["ml-100k-all", "ncf-ml-1m", "ml-1m"]
NEAR = 0.005  # how far below a target a figure may lie
LONG = {"sasrec", "lightgcn"}  # the whole suite but these may take so many seconds
MOST_SECONDS = 90 * 60
MOST_MEMORY_MB = 12_000

# HR@10 and NDCG@10 on the NCF authors' files: a published figure for the method, or, where there
# is none or a weak one, what trials of it had reached before. Set before the board was measured.
TARGETS = {
    "knn": (0.667, 0.397),
    "userknn": (0.673, 0.407),
    "ease": (0.719, 0.449),
    "slim": (0.716, 0.447),
    "puresvd": (0.693, 0.430),
    "als": (0.711, 0.438),
    "ials": (0.730, 0.451),
    "eals": (0.712, 0.440),
    "bpr": (0.695, 0.420),
    "mf": (0.725, 0.447),
    "gmf": (0.705, 0.425),
    "ncf": (0.695, 0.420),
    "neumf": (0.705, 0.426),
    "neumf (pre-trained)": (0.722, 0.440),
    "fm": (0.722, 0.445),
    "deepfm": (0.710, 0.430),
    "dlrm": (0.710, 0.430),
    "dssm": (0.700, 0.422),
    "multvae": (0.712, 0.432),
    "multdae": (0.712, 0.432),
    "lightgcn": (0.708, 0.430),
    "sasrec": (0.80, 0.57),
}
MISSED: set[str] = set()  # results/README.md says what was tried


def board(name: str) -> dict[str, dict[str, str]]:
    """The rows of a board by their labels."""
    with (RESULTS / name / "leaderboard.csv").open(newline="") as file:
        return {row["label"] or row["model"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_has_every_row_of_its_suite_with_all_seeds(name: str) -> None:
    whole = suites.load(name)
    found = board(name)
    assert found.keys() == {row.label or row.model for row in whole.rows}
    for row in whole.rows:
        of_row = found[row.label or row.model]
        assert of_row["status"] == "ok"
        assert int(of_row["seeds"]) == len(row.seeds or whole.seeds)
        assert not of_row["invalid"]


def test_popularity_is_as_published() -> None:
    row = board("ncf-ml-1m")["popularity"]
    assert f"{float(row['hr_at_10']):.4f}" == "0.4535"
    assert f"{float(row['ndcg_at_10']):.4f}" == "0.2543"


@pytest.mark.parametrize("model", TARGETS)
def test_each_model_reaches_its_target_or_is_reported(model: str) -> None:
    row = board("ncf-ml-1m")[model]
    figures = float(row["hr_at_10"]), float(row["ndcg_at_10"])
    reached = all(
        figure >= target - NEAR for figure, target in zip(figures, TARGETS[model], strict=True)
    )
    assert reached == (model not in MISSED), figures
    if not reached:
        assert f"- {model}:" in (RESULTS / "README.md").read_text()


def test_the_suite_takes_ninety_minutes_and_no_model_much_memory() -> None:
    records = Results(RESULTS / "ncf-ml-1m").read_records()
    spent = {
        r.cell.name: (datetime.fromisoformat(r.ended) - datetime.fromisoformat(r.started)).seconds
        for r in records
    }
    assert sum(seconds for name, seconds in spent.items() if name not in LONG) < MOST_SECONDS
    assert all(r.timings["total_memory_mb"] < MOST_MEMORY_MB for r in records)


def tiers_of(name: str) -> list[list[str]]:
    """The models of each tier, best first, as the page on reading a board has them."""
    rows = sorted(board(name).items(), key=lambda row: -float(row[1]["exact_ndcg_at_10"]))
    last = max(int(row["tier"]) for _, row in rows)
    return [
        [model for model, row in rows if row["tier"] == str(tier)] for tier in range(1, last + 1)
    ]


def test_the_tiers_are_those_that_the_page_tells_of() -> None:
    found = tiers_of("ml-100k-all")
    assert found[0] == ["als (recent)", "sasrec"]
    assert tiers_of("ml-1m")[:2] == [["sasrec"], ["ease (recent)", "als (recent)"]]
    assert tiers_of("ncf-ml-1m")[:2] == [["sasrec"], ["eals", "ials"]]
    page = (RESULTS.parent / "docs" / "reading-the-board.md").read_text()
    rows = [line for line in page.splitlines() if re.match(r"\| [1-4] \| ", line)]
    said = [re.sub(r"[ ]\.\d+", "", line.split(" | ")[1].rstrip(" |")).split(", ") for line in rows]
    assert said == found[:4]


def test_an_error_over_seeds_is_that_of_fits_with_nothing_in_common_or_all() -> None:
    rows = board("ml-100k-all")
    one_seed = (0.1 * 0.9 / 943) ** 0.5
    assert float(rows["random"]["hr_at_10_se"]) == pytest.approx(one_seed / 3**0.5, rel=0.05)
    of_records = [
        record.metrics["hr_at_10_se"]
        for record in Results(RESULTS / "ml-100k-all").read_records()
        if record.cell.name == "popularity"
    ]
    assert float(rows["popularity"]["hr_at_10_se"]) == pytest.approx(of_records[0])
