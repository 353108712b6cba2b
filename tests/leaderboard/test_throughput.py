"""Throughput of rows: one rate that compares, and one with its unit."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import made_up, read

from bench.leaderboard.html import html
from bench.leaderboard.sections import sections
from bench.leaderboard.tables import comma_separated, markdown, terminal
from bench.leaderboard.throughput import sample_unit
from bench.leaderboard.write import board_of
from bench.records.folder import Results

RESULTS = Path(__file__).resolve().parents[2] / "results"
AUDIT = {"users": 943, "items": 1682, "interactions": 100_000, "train_interactions": 99_057}


def row(an_epoch: float, epochs: int = 7, **changes: Any) -> Any:
    """A row whose model counted so many samples in each epoch of 2.5 s / 7."""
    rates = {
        "train_seconds": 2.5,
        "train_samples_per_second": an_epoch * epochs / 2.5,
        "interactions_per_second": AUDIT["train_interactions"] * epochs / 2.5,
    }
    audit = AUDIT | changes.pop("audit", {})
    (section,) = sections([made_up("als", 0.5, timings=rates, audit=audit, **changes)])
    return section.rows[0]


@pytest.mark.parametrize(
    ("an_epoch", "unit"),
    [
        (99_057, "interactions"),
        (2 * 99_057, "pairs, 1 negative each"),
        (9 * 99_057, "pairs, 8 negatives each"),
        (943, "users"),
        (1682, "items"),
        (50_000, "0.5 an interaction"),
    ],
)
def test_a_sample_is_what_an_epoch_has_so_many_of(an_epoch: int, unit: str) -> None:
    assert sample_unit(row(an_epoch)) == unit
    assert sample_unit(row(an_epoch, epochs=1)) == unit


def test_what_only_train_has_is_told_too() -> None:
    assert sample_unit(row(900, audit={"new_people": 43})) == "users"
    assert sample_unit(row(1679, audit={"items_not_in_train": 3})) == "items"
    assert sample_unit(row(65_000, uses_order=True)) == "positions"


def test_seeds_that_count_otherwise_have_no_unit() -> None:
    both = [row(99_057).records[0], row(943, seed=1).records[0]]
    (section,) = sections(both)
    assert sample_unit(section.rows[0]) == ""
    (section,) = sections([made_up("als", 0.5)])  # records of before, without the other rate
    assert sample_unit(section.rows[0]) == ""


@given(st.integers(1, 40), st.integers(1, 300))
def test_negatives_are_counted(negatives: int, epochs: int) -> None:
    unit = sample_unit(row((1 + negatives) * 99_057, epochs))
    assert unit.startswith(f"pairs, {negatives} negative")


def test_tables_name_the_unit_and_the_page_sorts_by_what_compares() -> None:
    records = [row(9 * 99_057).records[0]]
    board = sections(records)
    assert "2.5 M pairs, 8 negatives each" in markdown(board)
    assert read(comma_separated(board))[0]["train_sample_unit"] == "pairs, 8 negatives each"
    rate = records[0].timings["interactions_per_second"]
    page = html(board)
    assert f'data-value="{rate}"' in page
    assert f'data-value="{records[0].timings["train_samples_per_second"]}"' not in page
    narrow = terminal(board, 110)
    assert "interactions/s" in narrow and "samples/s" not in narrow


def test_the_published_rows_all_have_a_unit_and_models_of_one_kind_the_same() -> None:
    (section,) = board_of(Results(RESULTS / "ncf-ml-1m"), compute=False)
    units = {row.label: sample_unit(row) for row in section.rows}
    assert units["als"] == units["ials"] == units["dssm"] == "interactions"
    assert units["gmf"] == units["mf"] == "pairs, 8 negatives each"
    assert units["bpr"] == "pairs, 1 negative each"
    assert units["multvae"] == "users" and units["autorec"] == "items"
    assert units["sasrec"] == "positions"
    assert all(units.values())
