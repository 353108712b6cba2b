"""The published boards of embeddings: whole, and with what was asked for beforehand."""

from itertools import takewhile
from pathlib import Path

import pytest

from bench.embeddings.rows import EmbeddingsRow, read_board
from bench.embeddings.verify import verify_embeddings
from bench.records.folder import Results

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "results" / "embeddings"
NAMES = ["ml-100k", "ml-1m"]


def rows(name: str) -> dict[str, EmbeddingsRow]:
    (section,) = read_board(Results(PUBLISHED / name).embeddings_table)
    return {row.model: row for row in section.rows if row.figures}


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_that_of_the_table(name: str) -> None:
    assert "rows of embeddings" in verify_embeddings(Results(PUBLISHED / name))


@pytest.mark.parametrize("name", NAMES)
def test_what_knows_nothing_shows_nothing(name: str) -> None:
    (section,) = read_board(Results(PUBLISHED / name).embeddings_table)
    random, popularity = rows(name)["random vectors"], rows(name)["popularity"]
    assert random.figures["next_item"] <= 0.13
    assert random.figures["genre"] == pytest.approx(section.genre_of_any, abs=0.005)
    assert random.figures["genre"] == pytest.approx(0.22, abs=0.01)
    assert random.figures["lost"] < 0.0005
    assert random.figures["popular"] == pytest.approx(1, abs=0.02)
    assert random.figures["genre_probe"] == pytest.approx(0.5, abs=0.03)
    assert popularity.figures["lost"] > 0.99


def test_what_als_and_ease_were_to_reach_on_ml_100k() -> None:
    als, ease = rows("ml-100k")["als"], rows("ml-100k")["ease"]
    assert als.figures["next_item"] >= 0.60
    assert als.figures["stable"] == pytest.approx(0.84, abs=0.03)
    assert ease.kind == "profile"
    assert ease.figures["next_item"] >= 0.58


def table(path: Path) -> list[dict[str, str]]:
    """The rows of the first table of a page whose first column is the model."""
    lines = path.read_text(encoding="utf-8").split("\n")
    first = next(at for at, line in enumerate(lines) if line.startswith("| model"))
    found = list(takewhile(lambda line: line.startswith("|"), lines[first:]))
    titles, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found]
    return [dict(zip(titles, row, strict=True)) for row in rows]


def test_the_page_about_them_shows_the_published_figures() -> None:
    shown = table(ROOT / "docs" / "good-embeddings.md")
    published = table(PUBLISHED / "ml-100k" / "embeddings.md")
    assert len(shown[0]) > 5
    assert shown == [{title: row[title] for title in shown[0]} for row in published]
