"""Judge whether a model keeps a law, and give the evidence."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from scipy.stats import rankdata

from bench.adapter import Tolerance, Tolerances
from bench.certify.laws import LAWS, Law
from bench.certify.under_test import SEEDS, Broken, ModelUnderTest
from bench.errors import unknown
from bench.evaluation.scores import BadScores
from bench.interactions import Floats
from bench.records.certificates import Finding

# Of the range of a user's scores: what another order of a sum in float32 may change.
ROUNDING = 64 * float(np.finfo(np.float32).eps)


class Comparison(NamedTuple):
    """Two times the scores of the same users and items."""

    equal: int  # ranks, of every item in every user's list
    ranks: int
    difference: float  # the largest of a score, as a share of the range of all scores

    @classmethod
    def of(cls, scores: Floats, again: Floats) -> Self:
        """Compare [U, I] with [U, I]."""
        same = rankdata(-scores, axis=1) == rankdata(-again, axis=1)
        largest = float(np.abs(scores.astype(np.float64) - again).max())
        span = float(scores.max()) - float(scores.min())
        return cls(int(same.sum()), same.size, largest / span if span else largest)

    def __str__(self) -> str:
        if self.equal == self.ranks:
            return f"{self.equal:,} of {self.ranks:,} ranks equal"
        return (
            f"{self.equal:,} of {self.ranks:,} ranks equal,"
            f" scores differ by up to {self.difference:.1g} of their range"
        )


def declared(subject: ModelUnderTest) -> Tolerances:
    """The tolerances that a model declares.

    Raises:
        UnknownName: for a law that there is not, or that has none.
        ValueError: of HR@10, for a law that has none such.
    """
    tolerances = subject.make().tolerances
    known = {name: law for name, law in LAWS.items() if law.alone is None}
    for name, tolerance in tolerances.items():
        if name not in known:
            raise unknown("law in the model's tolerances", name, known)
        if tolerance.figure != "scores" and not known[name].renumbers:
            raise ValueError(f"the law {name!r} takes a tolerance of scores, not of HR@10")
    return tolerances


def check(name: str, subjects: Sequence[ModelUnderTest]) -> Finding:
    """Whether a model keeps a law on all data that it is tried on.

    What else the model raises goes on.
    """
    law, tolerances = LAWS[name], declared(subjects[0])
    try:
        if law.alone is not None:
            return Finding(name, "pass", "; ".join(dict.fromkeys(map(law.alone, subjects))))
        compared = [
            Comparison.of(subject.expected, again)
            for subject in subjects
            for again in law.again(subject, 0)
        ]
        return _judged(law, subjects, compared, tolerances.get(name))
    except (Broken, BadScores) as error:
        return Finding(name, "fail", str(error))


def _judged(
    law: Law,
    subjects: Sequence[ModelUnderTest],
    compared: list[Comparison],
    allowed: Tolerance | None,
) -> Finding:
    equal, ranks, difference = (list(column) for column in zip(*compared, strict=True))
    found = Comparison(sum(equal), sum(ranks), max(difference))
    if found.equal == found.ranks:
        return Finding(law.name, "pass", str(found))
    if found.difference <= ROUNDING:
        return Finding(law.name, "pass", f"{found}, which is rounding")
    if allowed is None:
        return Finding(law.name, "fail", str(found))
    if allowed.figure == "scores":
        by, words = found.difference, str(found)
    else:
        by, words = _by_hit_rate(law, subjects)
    words = f"{words}, tolerance {allowed.value:g}: {allowed.why}"
    return Finding(law.name, "tolerance" if by <= allowed.value else "fail", words)


def _by_hit_rate(law: Law, subjects: Sequence[ModelUnderTest]) -> tuple[float, str]:
    """How far the mean HR@10 over some seeds moves, and in words also how far by chance."""
    subjects = _distinct(subjects)
    rates = np.array([subject.hit_rates for subject in subjects]).mean(axis=0)
    others = np.zeros_like(rates)
    for subject in subjects:
        for draw in range(SEEDS):
            (scores,) = law.again(subject, draw)
            others[draw] += subject.hit_rate(scores) / len(subjects)
    error = float((others - rates).std(ddof=1)) / SEEDS**0.5
    words = (
        f"HR@10 {others.mean():.3f}, before {rates.mean():.3f}, over {SEEDS} seeds,"
        f" by chance ±{error:.3f}"
    )
    return abs(float(others.mean() - rates.mean())), words


def _distinct(subjects: Sequence[ModelUnderTest]) -> list[ModelUnderTest]:
    """Without those where a model that uses no features only does the same again."""
    found: list[ModelUnderTest] = []
    for subject in subjects:
        if not any(np.array_equal(subject.scores, other.scores) for other in found):
            found.append(subject)
    return found
