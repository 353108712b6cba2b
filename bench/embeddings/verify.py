"""Check a board of embeddings: the page against the figures, and those against kept models."""

from collections.abc import Sequence
from math import isclose
from pathlib import Path

from bench.embeddings.board import embeddings_board
from bench.embeddings.columns import COLUMNS, NAMES
from bench.embeddings.page import markdown
from bench.embeddings.rows import EmbeddingsRow, EmbeddingsSection, read_board
from bench.errors import Problem
from bench.kept.open import kept_models
from bench.records.folder import Results

# Two neighbours that are equal to rounding may change places on another machine.
TOLERANCE = {"skewness": 0.02, "popular": 0.01, "width_used": 0.01, "years": 0.02}
OF_LISTS = 2e-3  # of the other figures
ROUNDING = 1e-9


class EmbeddingsDiffer(Problem):
    """Something on a board of embeddings that its figures, or the kept models, do not give."""


def holds_embeddings(results: Results) -> bool:
    """Whether a board of embeddings stands there."""
    return results.embeddings_table.exists()


def verify_embeddings(results: Results) -> str:
    """Check the page against the CSV, and where models are kept there, the CSV against these.

    Without them it is checked that each figure is one that there can be.

    Raises:
        EmbeddingsDiffer: the first thing that is not what it should be.
        BadRecord: the CSV, a ledger or a kept model cannot be read.
    """
    table, page = results.embeddings_table, results.embeddings_page
    board = read_board(table)
    if not page.exists() or page.read_text(encoding="utf-8") != markdown(board):
        raise EmbeddingsDiffer(f"{page} is not what {table.name} gives; see `bench embeddings`")
    for row in (row for section in board for row in section.rows):
        _check_range(table, row)
    again = _check_again(results, board)
    rows = sum(bool(row.figures) for section in board for row in section.rows)
    return f"{results}: {rows} rows of embeddings, as on their page" + (
        f"; {again} of models that are kept here computed again, all equal" if again else ""
    )


def _check_range(table: Path, row: EmbeddingsRow) -> None:
    for column in COLUMNS:
        value = row.figure(column.name)
        if value is None:
            continue
        most = column.most
        if column.name == "width_used" and row.width is not None:
            most = row.width
        if not column.least - ROUNDING <= value <= most + ROUNDING:
            raise EmbeddingsDiffer(f"{table}: {column.name} of {row.model} is {value}")


def _check_again(results: Results, board: Sequence[EmbeddingsSection]) -> int:
    """Compute the rows again whose models are kept; how many there were."""
    kept = {each.kept.key for each in kept_models(results) if each.kept.kind != "none"}
    given = {
        (section.dataset, section.protocol, row.model): row
        for section in board
        for row in section.rows
        if row.keys
    }
    if not any(kept.issuperset(row.keys) for row in given.values()):
        return 0
    ways = {row.similarity for row in given.values()}
    by = next(iter(ways)) if len(ways) == 1 else None
    computed = 0
    for section in embeddings_board(results, by):  # type: ignore[arg-type]  # it was one of them
        for row in section.rows:
            if not row.keys:
                continue
            old = given.get((section.dataset, section.protocol, row.model))
            if old is None or old.keys != row.keys:
                raise EmbeddingsDiffer(
                    f"{results.embeddings_table} has not what is kept of {row.model};"
                    " see `bench embeddings`"
                )
            _compare(results.embeddings_table, old, row)
            computed += 1
    return computed


def _compare(path: Path, given: EmbeddingsRow, again: EmbeddingsRow) -> None:
    for name in NAMES:
        old, new = given.figure(name), again.figure(name)
        near = TOLERANCE.get(name, OF_LISTS)
        same = old == new if old is None or new is None else isclose(old, new, abs_tol=near)
        if not same:
            raise EmbeddingsDiffer(
                f"{path}: {name} of {given.model} is {old}, computed again {new}"
            )
