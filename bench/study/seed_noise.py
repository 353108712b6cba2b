"""F4: how much does a seed alone move a model?"""

from collections.abc import Sequence

import numpy as np

from bench.statistics.user_figures import DEFAULT, FIGURES
from bench.study.boards import StudyBoard
from bench.study.paragraph import Paragraph, Table, Value, decimals

COMPARED = ("exact_hr_at_10", DEFAULT)
ROUNDING = 1e-12  # of a mean
SECOND, LATER = 2, 15  # places whose gap is the yardstick


def seed_noise(boards: Sequence[StudyBoard]) -> Paragraph:
    """The standard deviation over seeds, beside the gap between two places of the board."""
    rows: list[tuple[Value, ...]] = []
    sentences = []
    for board in boards:
        for figure in COMPARED:
            spread = deviations(board, figure)
            if not spread:
                continue
            worst = max(spread, key=spread.__getitem__)
            last, gap = gap_between_places(board, figure)
            rows.append(
                (
                    *(board.name, FIGURES[figure].title, len(spread), len(board.models)),
                    *(float(np.median(list(spread.values()))), spread[worst], worst, gap),
                )
            )
            if figure == COMPARED[0]:
                sentences.append(
                    f"{board.name}: a seed alone moves exact HR@10 of {worst} by"
                    f" {decimals(spread[worst], 4)} (sd);"
                    f" places {SECOND} and {last} are {decimals(gap, 4)} apart."
                )
        if not deviations(board, COMPARED[0]):
            sentences.append(f"{board.name}: no model has two seeds, so each figure is of one fit.")
    columns = (
        *("board", "figure", "models with seeds", "of", "median sd", "largest sd", "of model"),
        f"gap of places {SECOND} and {LATER}, or the last",
    )
    table = Table("seeds", columns, tuple(rows), (0, 0, 0, 0, 4, 4, 0, 4))
    return Paragraph(
        "F4",
        "How much does a seed move?",
        tuple(sentences),
        (table,) if rows else (),
        ("sd: the standard deviation over the seeds of a model, of its mean over users.",),
    )


def deviations(board: StudyBoard, figure: str) -> dict[str, float]:
    """Standard deviation over seeds of the mean over users, of models with two seeds or more.

    Models whose fits are all the same, which know no chance, are left out.
    """
    found = {
        name: float(values.mean(axis=1).std(ddof=1))
        for name, values in zip(board.models, board.values(figure), strict=True)
        if len(values) > 1
    }
    return {name: sd for name, sd in found.items() if sd > ROUNDING}


def gap_between_places(board: StudyBoard, figure: str) -> tuple[int, float]:
    """The later place, and how far the second is ahead of it."""
    means = np.sort(board.means(figure))[::-1]
    later = min(LATER, len(means))
    return later, float(means[min(SECOND, later) - 1] - means[later - 1])
