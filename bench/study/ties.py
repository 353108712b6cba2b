"""F6: what would another order of equal scores change?"""

from collections.abc import Sequence

import numpy as np

from bench.compare.places import places
from bench.evaluation.metrics import Values
from bench.study.boards import StudyBoard
from bench.study.paragraph import Paragraph, Table, Value, decimals, listed

NEGATIVES = 99
K = 10
NOTICED = 0.001  # a wider gap between the bounds has a row of its own


def ties(boards: Sequence[StudyBoard]) -> Paragraph:
    """Bounds of exact and full HR@10, every tie for the model or against it."""
    rows: list[tuple[Value, ...]] = []
    sentences = []
    for board in boards:
        sampled, full = (hit_rate_bounds(board, m) for m in (NEGATIVES, None))
        wide = np.flatnonzero(np.maximum(sampled[1] - sampled[0], full[1] - full[0]) > NOTICED)
        rows += [
            (
                *(board.name, board.models[j], tied_share(board, int(j))),
                *(float(bound[j]) for bound in (*sampled, *full)),
            )
            for j in wide
        ]
        turned = [pairs_that_overlap(*bounds) for bounds in (sampled, full)]
        names = listed([board.models[j] for j in wide]) if len(wide) else "no model"
        sentences.append(
            f"{board.name}: ties move HR@10 of {names} by over {decimals(NOTICED, 3)}. Another"
            f" order of equal scores could turn {turned[0]} of {board.pairs} pairs among"
            f" {NEGATIVES} negatives and {turned[1]} among all items."
        )
    columns = (
        *("board", "model", "users with a tie", "exact HR@10, worst", "exact HR@10, best"),
        *("full HR@10, worst", "full HR@10, best"),
    )
    table = Table("ties", columns, tuple(rows), (0, 0, 3, 4, 4, 4, 4))
    return Paragraph("F6", "What do ties decide?", tuple(sentences), (table,) if rows else ())


def hit_rate_bounds(board: StudyBoard, negatives: int | None) -> tuple[Values, Values]:
    """HR@10 of each model with every tie against it, and with every tie for it. [n], [n]"""
    weights = np.full((1, len(board.aligned)), 1 / len(board.aligned))
    found = np.array(
        [
            np.mean(
                [
                    places(each.full, negatives, weights)[1:, 0, :K].sum(axis=1)
                    for each in model.ledgers
                ],
                axis=0,
            )
            for model in board.aligned.fits
        ]
    )
    return found[:, 0], found[:, 1]


def tied_share(board: StudyBoard, model: int) -> float:
    """Share of users whose test item has the score of another item, in the mean of the seeds."""
    ledgers = board.aligned.fits[model].ledgers
    return float(np.mean([(each.full.equal > 0).mean() for each in ledgers]))


def pairs_that_overlap(low: Values, high: Values) -> int:
    """Pairs of models whose order may be either one, by the bounds of their figures. [n] each"""
    above = low[:, None] > high[None, :]
    equal = (low[:, None] == low) & (high[:, None] == high) & (low[:, None] == high)
    return int(np.triu(~above & ~above.T & ~equal, 1).sum())
