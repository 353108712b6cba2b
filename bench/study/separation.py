"""F1: which figure tells models apart, and does it order them as others do?"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.stats import kendalltau

from bench.evaluation.metrics import Values
from bench.statistics.holm import holm
from bench.statistics.paired import paired_difference
from bench.statistics.user_figures import DEFAULT, FIGURES
from bench.study.boards import StudyBoard
from bench.study.paragraph import Paragraph, Table, Value, decimals, listed

USUAL = "hr_at_10"  # among the sampled candidates, as it is published everywhere
COMPARED = (
    *(USUAL, "exact_hr_at_10", "ndcg_at_10", DEFAULT, "mrr"),
    *("full_hr_at_10", "full_ndcg_at_10", "full_ndcg_at_100", "full_auc"),
)
ANCHORS = ("exact_hr_at_10", "full_ndcg_at_10")  # whose order the others are compared with
LEVEL = 0.05


def separation(boards: Sequence[StudyBoard]) -> Paragraph:
    """Pairs told apart by each figure, and Kendall's tau with two of them."""
    told = {board.name: [told_apart(board, figure) for figure in COMPARED] for board in boards}
    tau = {board.name: [agreements(board, figure) for figure in COMPARED] for board in boards}
    columns = ["figure", *(f"{board.name}: told apart of {board.pairs}" for board in boards)]
    columns += [
        f"{board.name}: tau with {FIGURES[anchor].title}" for board in boards for anchor in ANCHORS
    ]
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            title(figure),
            *(told[board.name][row] for board in boards),
            *(value for board in boards for value in tau[board.name][row]),
        )
        for row, figure in enumerate(COMPARED)
    )
    return Paragraph(
        "F1",
        "Which figure tells models apart?",
        tuple(_sentence(board, told[board.name], tau[board.name]) for board in boards),
        (
            Table(
                "figures", tuple(columns), rows, (0,) * (1 + len(boards)) + (2,) * 2 * len(boards)
            ),
        ),
        (
            "Paired tests over users, with the error of the seeds where there are two or more; all"
            " pairs of a board together at 5 % by Holm's correction. tau is Kendall's, between the"
            " orders of the models' means.",
        ),
    )


def told_apart(board: StudyBoard, figure: str) -> int:
    """Pairs of models that differ, at 5 % for all pairs together (Holm 1979)."""
    p = [paired_difference(*pair).p for pair in combinations(board.values(figure), 2)]
    return int((holm(p) <= LEVEL).sum())


def agreements(board: StudyBoard, figure: str) -> tuple[float, ...]:
    """Kendall's tau-b of the order by a figure with the orders by the anchors."""
    means = board.means(figure)
    return tuple(tau_between(means, board.means(anchor)) for anchor in ANCHORS)


def tau_between(one: Values, other: Values) -> float:
    """Kendall's tau-b; 0 where all of one are equal, which order nothing."""
    found = float(kendalltau(one, other).statistic)
    return found if np.isfinite(found) else 0.0


def title(figure: str) -> str:
    """A figure's name; that of one among sampled candidates says so."""
    name = FIGURES[figure].title
    return name if name.startswith(("exact", "full")) else f"sampled {name}"


def _sentence(board: StudyBoard, told: list[int], tau: list[tuple[float, ...]]) -> str:
    ours, usual = COMPARED.index(DEFAULT), COMPARED.index(USUAL)
    most = max(range(len(COMPARED)), key=told.__getitem__)
    said = (
        f"{board.name}: {title(DEFAULT)} tells {told[ours]} of {board.pairs} pairs apart, and"
        f" {title(USUAL)}, which is published everywhere, {told[usual]}."
    )
    if told[most] == told[ours]:
        return f"{said} No figure tells more apart."
    said += f" The most, {told[most]}, are told apart by {title(COMPARED[most])}"
    with_full = [row[1] for row in tau]
    if with_full[most] == min(with_full):
        return (
            f"{said}, whose order agrees least with that by {title(ANCHORS[1])} (tau"
            f" {decimals(with_full[most], 2)}): separating is not enough."
        )
    others = [f"{decimals(x, 2)} with {title(y)}" for x, y in zip(tau[most], ANCHORS, strict=True)]
    return f"{said}; its tau is {listed(others)}."
