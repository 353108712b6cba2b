"""F2: where do sampled negatives saturate?"""

from collections.abc import Sequence

import numpy as np

from bench.compare.places import places
from bench.evaluation.metrics import Values
from bench.study.boards import StudyBoard
from bench.study.paragraph import Paragraph, Table, decimals, listed
from bench.study.separation import tau_between

NEGATIVES = (19, 49, 99, 499, 999)  # and all
K = 10


def saturation(boards: Sequence[StudyBoard]) -> Paragraph:
    """HR@10 with more and more negatives: who is first, the range, and what the full order says."""
    tables, sentences = [], []
    for board in boards:
        curves = hit_rate_curves(board)
        tables.append(_table(board, curves, alone=len(boards) == 1))
        sentences.append(_sentence(board, curves))
    return Paragraph(
        "F2",
        "Where do the negatives saturate?",
        tuple(sentences),
        tuple(tables),
        (
            "HR@10 among m negatives, averaged exactly over all draws of them. Without the first"
            " model, the range of the others. tau is Kendall's, with the order by full HR@10.",
        ),
    )


def hit_rate_curves(board: StudyBoard) -> dict[str, Values]:
    """HR@10 of each model among m negatives, by m; "all" is last. [n] each

    A number that no user has untouched items for is left out.
    """
    fits = board.aligned.fits
    most = int(fits[0].ledgers[0].full.candidates.max()) - 1
    weights = np.full((1, len(board.aligned)), 1 / len(board.aligned))
    numbers: list[int | None] = [m for m in NEGATIVES if m < most]
    return {
        "all" if m is None else str(m): np.array(
            [
                np.mean([places(each.full, m, weights)[0, 0, :K].sum() for each in model.ledgers])
                for model in fits
            ]
        )
        for m in [*numbers, None]
    }


def _table(board: StudyBoard, curves: dict[str, Values], *, alone: bool) -> Table:
    rows = []
    for m, rates in curves.items():
        order = np.argsort(-rates, kind="stable")
        names = [board.models[j] for j in order[:2]]
        rows.append(
            (
                *(m, names[0], float(rates[order[0]]), names[1], float(rates[order[1]])),
                *(float(np.median(rates[order[1:]])), float(rates[order[-1]])),
                tau_between(rates, curves["all"]),
            )
        )
    columns = ("negatives", "first", "its HR@10", "second", "second's", "median", "lowest", "tau")
    return Table(
        board.name, columns, tuple(rows), (0, 0, 3, 0, 3, 3, 3, 2), "" if alone else board.name
    )


def _sentence(board: StudyBoard, curves: dict[str, Values]) -> str:
    few, *_, full = curves
    said = []
    for m, rates in curves.items():
        rest = np.sort(rates)[:-1]
        among = "among all items" if m == "all" else f"at {m}"
        said.append(f"{decimals(rest[0], 3)} to {decimals(rest[-1], 3)} {among}")
    first = {m: board.models[int(np.argmax(rates))] for m, rates in curves.items()}
    leaders = list(dict.fromkeys(first.values()))
    lead = (
        f"{leaders[0]} is first at every number."
        if len(leaders) == 1
        else "First is "
        + listed(
            [f"{name} ({', '.join(m for m in first if first[m] == name)})" for name in leaders]
        )
        + "."
    )
    text = f"{board.name}: behind the first model HR@10 spans {listed(said)}. {lead}"
    if few != full:
        tau = decimals(tau_between(curves[few], curves[full]), 2)
        text += f" The order at {few} negatives has tau {tau} with the order among all."
    changed = pairs_that_change(board.means("exact_hr_at_10"), board.means("full_ndcg_at_10"))
    return (
        f"{text} Between exact HR@10 and full NDCG@10, {changed} of {board.pairs} pairs change"
        " order."
    )


def pairs_that_change(one: Values, other: Values) -> int:
    """Pairs of models whose order by one figure is the reverse of that by the other. [n] each"""
    signs = [np.sign(values[:, None] - values[None, :]) for values in (one, other)]
    return int((np.triu(signs[0] * signs[1], 1) < 0).sum())
