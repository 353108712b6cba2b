"""Places of the quick models of a board under other splits, from what `refit` has measured."""

from dataclasses import dataclass

import numpy as np

from bench.evaluation.metrics import Values
from bench.leaderboard.rows import BoardRow
from bench.leaderboard.write import board_of
from bench.records.folder import Results
from bench.study.boards import StudyBoard
from bench.study.paragraph import Table, Value, decimals, listed
from bench.study.refit import SECONDS, VARIANTS, refit_seed
from bench.study.saturation import pairs_that_change
from bench.study.separation import tau_between

FIGURE = "ndcg_at_10_expected"  # exact NDCG@10


@dataclass(frozen=True)
class Refitted:
    """Models of a board under variants of its split."""

    models: tuple[str, ...]  # [n]
    variants: tuple[str, ...]  # titles; the first is the board's own split
    figures: Values  # [variants, n], exact NDCG@10 of one seed


def refitted(board: StudyBoard, results: Results) -> Refitted | None:
    """What a folder has of a board's variants, of the models that are there under each.

    None where it has no variant, or fewer than two models.
    """
    sections = {
        section.protocol: section
        for section in (board_of(results) if results.records.exists() else ())
        if section.dataset == board.section.data and not section.invalid
    }
    found = {"as on the board": [_figure(row, board) for row in board.rows]}
    for variant in VARIANTS:
        section = sections.get(board.section.protocol + variant.suffix)
        if section is not None:
            found[variant.title] = [
                None if again is None else _figure(again, board)
                for again in (_same_row(row, section.rows) for row in board.rows)
            ]
    figures = np.array(list(found.values()), dtype=np.float64)  # NaN for none
    common = np.flatnonzero(np.isfinite(figures).all(axis=0))
    if len(found) < 2 or len(common) < 2:
        return None
    models = tuple(board.rows[j].model for j in common)
    return Refitted(models, tuple(found), figures[:, common])


def table_of(board: StudyBoard, found: Refitted, title: str) -> Table:
    """Figure and place of each model under each variant, best of the board first."""
    order = np.argsort(-found.figures[0], kind="stable")
    places = (found.figures[:, None, :] > found.figures[:, :, None]).sum(axis=2) + 1
    rows: list[tuple[Value, ...]] = [
        (
            found.models[j],
            *(
                x
                for v in range(len(found.variants))
                for x in (float(found.figures[v, j]), int(places[v, j]))
            ),
        )
        for j in order
    ]
    columns = ["model"]
    for variant in found.variants:
        columns += [variant, f"place, {variant}"]
    return Table(
        f"{board.name}: refitted",
        tuple(columns),
        tuple(rows),
        (0, *(4, 0) * len(found.variants)),
        f"{title}{': ' if title else ''}refitted, exact NDCG@10 and place",
    )


def sentence_of(found: Refitted) -> str:
    """How the order under each variant differs from that of the board."""
    pairs = len(found.models) * (len(found.models) - 1) // 2
    base = found.figures[0]
    said = []
    for variant, figures in zip(found.variants[1:], found.figures[1:], strict=True):
        tau = decimals(tau_between(base, figures), 2)
        said.append(f"{variant}, {pairs_that_change(base, figures)} (tau {tau})")
    return (
        f"{len(found.models)} models that train in {SECONDS:g} s or less were refitted, with one"
        f" seed. Of their {pairs} pairs these change order in exact NDCG@10: {listed(said)}."
    )


def _figure(row: BoardRow, board: StudyBoard) -> float | None:
    """The figure of a row's fit with the seed that is refitted with."""
    return next(
        (
            record.metrics.get(FIGURE)
            for record in row.records
            if record.status == "ok" and record.cell.seed == refit_seed(board)
        ),
        None,
    )


def _same_row(row: BoardRow, others: tuple[BoardRow, ...]) -> BoardRow | None:
    """The row of the same model; its code may have parameters by now that it had not before."""
    return next(
        (
            other
            for other in others
            if (other.label, other.adapter) == (row.label, row.adapter)
            and other.params.items() >= row.params.items()
        ),
        None,
    )
