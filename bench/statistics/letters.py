"""Compact letters: two models share a letter exactly where they are not told apart."""

from string import ascii_letters

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.metrics import Values


def letters(means: Values, told_apart: NDArray[np.bool_]) -> list[str]:
    """The letters of each of K models, by insertion and absorption (Piepho 2004).

    The best model has an "a". Past 52 letters there are "a2", "b2", and so on.

    Args:
        means: [K], which decide the order of the letters.
        told_apart: [K, K].
    """
    groups = [frozenset(range(len(means)))] if len(means) else []
    for i, j in zip(*np.nonzero(np.triu(told_apart)), strict=True):
        split = [
            part
            for group in groups
            for part in ((group - {i}, group - {j}) if {i, j} <= group else (group,))
        ]
        split = sorted(set(split), key=len, reverse=True)
        groups = []
        for group in split:  # the larger ones absorb the smaller
            if not any(group <= other for other in groups):
                groups.append(group)
    places = np.argsort(np.argsort(-means, kind="stable"), kind="stable")
    groups.sort(key=lambda group: sorted(int(places[model]) for model in group))
    return [
        "".join(_letter(n) for n, group in enumerate(groups) if model in group)
        for model in range(len(means))
    ]


def _letter(number: int) -> str:
    again, place = divmod(number, len(ascii_letters))
    return ascii_letters[place] + (str(again + 1) if again else "")
