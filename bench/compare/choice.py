"""One model out of a board, within limits: what stays, what is best, what differs from it.

The one to take is the cheapest of those that the board's users cannot tell apart from the best that
stays. Whether two are told apart is decided for all pairs of the board together, as its tiers are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.compare.limits import COSTS, Cost, Limit
from bench.compare.needs import Need, order_refusal
from bench.compare.selection import name_of
from bench.errors import Problem
from bench.evaluation.metrics import Values
from bench.leaderboard.rows import BoardRow
from bench.leaderboard.sections import Section
from bench.records.folder import Results
from bench.statistics.aligned import Fits, load_aligned
from bench.statistics.paired import PairedDifference, paired_difference
from bench.statistics.randomisation import pair_tests


class NothingStays(Problem):
    """No model keeps the limits; the message says which single one to loosen, and by how much."""


@dataclass(frozen=True)
class Question:
    """What somebody wants."""

    figure: str  # of bench.statistics.user_figures
    limits: tuple[Limit, ...] = ()
    needs: tuple[Need, ...] = ()
    no_order: bool = False
    prefer: str = "train"  # of the shortlist, the one that costs least of this; a name in COSTS

    def refusals(self, row: BoardRow) -> list[str]:
        """The reasons that throw a row out.

        A model is asked for its use of the order where nothing else throws it out: that imports it.
        """
        found = [limit.refusal(row) for limit in self.limits]
        found += [need.refusal(row) for need in self.needs]
        if self.no_order and not any(found):
            found.append(order_refusal(row))
        return [why for why in found if why]


@dataclass(frozen=True)
class Candidate:
    """A row of the board with its figures."""

    row: BoardRow
    fits: Fits
    values: Values  # [seeds, m]
    refusals: tuple[str, ...]  # empty where it stays

    @property
    def name(self) -> str:
        return name_of(self.row)

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def users(self) -> Values:
        """The figure of each user, mean over seeds. [m]"""
        return np.asarray(self.values.mean(axis=0))


@dataclass(frozen=True)
class Choice:
    """The answer."""

    section: Section
    question: Question
    candidates: tuple[Candidate, ...]  # of the whole board, best first
    best: Candidate  # that stays
    cost: PairedDifference | None  # of the limits: best of all less best that stays
    shortlist: tuple[Candidate, ...]  # not told apart from the best that stays, it included
    taken: Candidate

    @property
    def staying(self) -> list[Candidate]:
        """Those within the limits, best first."""
        return [each for each in self.candidates if not each.refusals]

    @property
    def best_of_all(self) -> Candidate:
        """The best, limits or not."""
        return self.candidates[0]

    def frontier(self, cost: Cost) -> list[Candidate]:
        """Those that stay of which no cheaper one has as high a figure, the cheapest first."""
        found: list[Candidate] = []
        priced = [each for each in self.staying if cost.of(each.row) is not None]
        for each in sorted(priced, key=lambda one: (cost.of(one.row), -one.mean)):
            if not found or each.mean > found[-1].mean:
                found.append(each)
        return found


def choose(results: Results, section: Section, question: Question) -> Choice:
    """Take a model.

    Raises:
        NothingStays: no row keeps all limits and needs.
        NotComparable: rows of the section saw different data or splits, or one user alone.
    """
    rows = [row for row in section.rows if row.seeds]
    refusals = {row.model: tuple(question.refusals(row)) for row in rows}
    if all(refusals.values()):
        raise NothingStays(_loosening(rows, question))
    aligned = load_aligned(results, {row.model: row.records for row in rows})
    candidates = [
        Candidate(row, fits, fits.values(question.figure), refusals[row.model])
        for row, fits in zip(rows, aligned.fits, strict=True)
    ]
    candidates.sort(key=lambda each: (-each.mean, each.name))
    staying = [each for each in candidates if not each.refusals]
    best = staying[0]
    others = _told_apart(section, candidates, question.figure)[candidates.index(best)]
    apart = {each.row.model for each, differs in zip(candidates, others, strict=True) if differs}
    shortlist = tuple(each for each in staying if each.row.model not in apart)
    preferred = COSTS[question.prefer]
    return Choice(
        section=section,
        question=question,
        candidates=tuple(candidates),
        best=best,
        cost=None
        if best is candidates[0]
        else paired_difference(candidates[0].values, best.values),
        shortlist=shortlist,
        taken=min(shortlist, key=lambda each: (_price(preferred, each.row), -each.mean)),
    )


def _told_apart(
    section: Section, candidates: Sequence[Candidate], figure: str
) -> NDArray[np.bool_]:
    """Which pairs are told apart: what the board keeps of it, or else tested anew. [K, K]"""
    kept = section.standings
    if kept is None or kept.figure != figure:
        return pair_tests([each.values for each in candidates]).told_apart()
    apart = {frozenset((each.first, each.second)) for each in kept.pairs if kept.told_apart(each)}
    names = [each.row.model for each in candidates]
    return np.array([[frozenset((one, other)) in apart for other in names] for one in names])


def _price(cost: Cost, row: BoardRow) -> float:
    value = cost.of(row)
    return float("inf") if value is None else value


def _loosening(rows: Sequence[BoardRow], question: Question) -> str:
    """Which single limit to loosen, and by how much, so that something stays."""
    ways = []
    for limit in question.limits:
        others = [each for each in question.limits if each is not limit]
        priced = _prices(rows, question, others, limit.cost)
        if priced:
            name = min(priced, key=priced.__getitem__)
            value = limit.cost.text(priced[name])
            ways.append(f"--{limit.cost.name} from {limit.given} to {value} ({name} stays then)")
    if question.no_order:
        free = Question(question.figure, question.limits, question.needs)
        ways += ["--no-order" for _ in range(any(not free.refusals(row) for row in rows))]
    for need in question.needs:
        without = tuple(each for each in question.needs if each is not need)
        freed = Question(question.figure, question.limits, without, question.no_order)
        ways += [f"--{need.option}" for _ in range(any(not freed.refusals(row) for row in rows))]
    if not ways:
        return f"none of {len(rows)} models stays, and no single limit is to blame: loosen two"
    return f"none of {len(rows)} models stays; loosen one limit: {' or '.join(ways)}"


def _prices(
    rows: Sequence[BoardRow], question: Question, limits: Sequence[Limit], cost: Cost
) -> Mapping[str, float]:
    """What rows cost that nothing but one limit throws out."""
    freed = Question(question.figure, tuple(limits), question.needs, question.no_order)
    return {
        name_of(row): _price(cost, row)
        for row in rows
        if cost.of(row) is not None and not freed.refusals(row)
    }
