"""Multiverse: the places of models on every board that the same ledgers could have given.

A board takes decisions that another might take otherwise: how many negatives, the cutoff, the
metric, the order of equal scores, whether each user counts the same. Each combination is a
universe. Figures for drawn negatives are exact expectations over all draws. The method is that of
Steegen, Tuerlinckx, Gelman & Vanpaemel (2016), "Increasing transparency through a multiverse
analysis".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.compare.places import LENGTH, TIES, places
from bench.errors import Problem, unknown
from bench.evaluation.ledger import Ledger
from bench.evaluation.metrics import Counts, Values

NEGATIVES = (99, 499, 999)  # and all
CUTOFFS = (5, 10, 20)
DIGITS = 9  # behind these, figures that are equal differ by how they were rounded
CLEAR = 0.1  # a choice that moves the share of boards by less decides nothing


class Universe(NamedTuple):
    """The decisions behind one board."""

    negatives: str  # "99", "499", "999" or "all"
    k: str  # the cutoff
    metric: str  # "HR" or "NDCG"
    ties: str  # "mean", "worst" or "best" order of equal scores
    users: str  # "equal", or weighted by "inverse popularity" of the test item


# How a decision, and an option of it, are called in a sentence.
DECISIONS = {
    "negatives": "the negatives",
    "k": "the cutoff",
    "metric": "the metric",
    "ties": "the ties",
    "users": "the weights of users",
}
OPTIONS: dict[str, Callable[[str], str]] = {
    "negatives": lambda option: "full ranking" if option == "all" else option,
    "k": lambda option: f"K = {option}",
    "metric": str,
    "ties": lambda option: f"their {option} order" if option != "mean" else "their mean",
    "users": lambda option: "equal weights" if option == "equal" else option,
}


class Places(NamedTuple):
    """Places of one model over all universes; 1 is first."""

    best: int
    median: float
    worst: int
    first: int  # universes in which nobody is ahead of it


class Ends(NamedTuple):
    """The decision that moves a pair most, and the shares of boards at its two ends."""

    decision: str
    least: str  # the option under which the first model wins on the smallest share of boards
    least_share: float
    most: str
    most_share: float


@dataclass(frozen=True)
class Duel:
    """Two models over all universes."""

    first: str
    second: str
    wins: int  # universes in which the first has the higher figure
    losses: int
    universes: int
    ends: Ends

    @property
    def decided_by(self) -> str:
        """The decision that turns the pair; empty where it never turns, or none does alone."""
        turns = self.ends.most_share - self.ends.least_share >= CLEAR
        return self.ends.decision if self.wins not in (0, self.universes) and turns else ""

    def __str__(self) -> str:
        """For example "als beats mf on 111 of 144; decided by the negatives: ..."."""
        said = f"{self.first} beats {self.second} on {_of(self.wins, self.universes)}"
        equal = self.universes - self.wins - self.losses
        if equal:
            said += f", equal on {equal}"
        if self.wins in (0, self.universes):
            return said
        if not self.decided_by:
            return f"{said}; no single decision turns it"
        decision, least, low, most, high = self.ends
        name = OPTIONS[decision]
        few, many = _share(low), _share(high)
        if "." in few:
            few += " of boards"
        elif "." in many:
            many += " of boards"
        by = DECISIONS[decision]
        return f"{said}; decided by {by}: {few} at {name(least)}, {many} at {name(most)}"


@dataclass(frozen=True)
class Multiverse:
    """The figures of n models in u universes."""

    models: tuple[str, ...]  # [n]
    universes: tuple[Universe, ...]  # [u]
    figures: Values  # [u, n]

    @property
    def places(self) -> NDArray[np.int64]:
        """1 + how many models have a higher figure. [u, n]"""
        higher = self.figures[:, None, :] > self.figures[:, :, None]  # [u, n, n]
        return np.asarray(1 + higher.sum(axis=2), dtype=np.int64)

    def options(self, decision: str) -> list[str]:
        """The options of a decision, in their order."""
        return list(dict.fromkeys(getattr(each, decision) for each in self.universes))

    def places_of(self, model: str) -> Places:
        """Best, median and worst place of a model.

        Raises:
            UnknownName: it is not among the models.
        """
        own = self.places[:, self._column(model)]
        return Places(int(own.min()), float(np.median(own)), int(own.max()), int((own == 1).sum()))

    def duel(self, first: str, second: str) -> Duel:
        """On how many boards the first model beats the second, and which decision turns it.

        Raises:
            UnknownName: one of them is not among the models.
        """
        ahead = self.figures[:, self._column(first)] - self.figures[:, self._column(second)]
        wins = ahead > 0
        found = [self._ends(wins, decision) for decision in Universe._fields]
        widest = max(found, key=lambda ends: ends.most_share - ends.least_share)
        return Duel(
            first, second, int(wins.sum()), int((ahead < 0).sum()), len(self.universes), widest
        )

    def unchanged_pairs(self, share: float = 1.0) -> int:
        """Pairs of models of which one beats the other in at least this share of the universes.

        A pair that is equal in some, and never turned round, is not among those of all universes.
        """
        least = share * len(self.universes) - 1e-9
        return sum(max(self._wins(*pair)) >= least for pair in combinations(self.figures.T, 2))

    def at_place(self, place: int) -> dict[str, int]:
        """In how many universes each model stands at a place; only those that ever do."""
        counts = (self.places == place).sum(axis=0)
        order = np.argsort(-counts, kind="stable")
        return {self.models[j]: int(counts[j]) for j in order if counts[j]}

    def _ends(self, wins: NDArray[np.bool_], decision: str) -> Ends:
        given = np.array([getattr(each, decision) for each in self.universes])
        options = self.options(decision)
        shares = [float(wins[given == option].mean()) for option in options]
        # Of several that are as far apart in their shares, those farthest apart in their order.
        low, high = max(
            product(range(len(options)), repeat=2),
            key=lambda ends: (shares[ends[1]] - shares[ends[0]], abs(ends[1] - ends[0])),
        )
        return Ends(decision, options[low], shares[low], options[high], shares[high])

    def _column(self, model: str) -> int:
        if model not in self.models:
            raise unknown("model", model, self.models)
        return self.models.index(model)

    @staticmethod
    def _wins(one: Values, other: Values) -> tuple[int, int]:
        return int((one > other).sum()), int((one < other).sum())


def multiverse(
    ledgers: Mapping[str, Iterable[Ledger]], popularity: Counts | None = None
) -> Multiverse:
    """The figures of models in every universe that their ledgers know.

    Args:
        ledgers: of each model, one for each seed; a model's figure is the mean over its seeds.
        popularity: interactions in train of the test item of each user, [m]; without it all users
            count the same in every universe, and there are half as many.

    Raises:
        Problem: there are no ledgers, or they are not of the same users and test items.
    """
    weighting = ("equal",) if popularity is None else ("equal", "inverse popularity")
    weights: Values | None = None
    columns, drawn, first = [], tuple[int | None, ...](), None
    for model, of_seeds in ledgers.items():
        found = []
        for ledger in of_seeds:
            if weights is None:
                first, weights = ledger, _weights(len(ledger), popularity)
                most = int(ledger.full.candidates.max(initial=1)) - 1
                drawn = (*(each for each in NEGATIVES if each < most), None)
            elif not _same_cases(ledger, first):
                raise Problem(f"{model}: its ledger is of other users or test items than the rest")
            found.append(_figures(ledger, drawn, weights))
        columns.append(np.mean(found, axis=0))
    if not columns:
        raise Problem("no ledgers, so nothing to compare")
    names = ["all" if each is None else str(each) for each in drawn]
    cutoffs = [str(k) for k in CUTOFFS]
    universes = product(names, cutoffs, ("HR", "NDCG"), TIES, weighting)
    figures = np.round(np.stack(columns, 1), DIGITS)
    return Multiverse(tuple(ledgers), tuple(map(Universe._make, universes)), figures)


def _weights(users: int, popularity: Counts | None) -> Values:
    """Of the users, equal and by the inverse popularity of the test item, [1 or 2, m]."""
    equal = np.ones(users)
    if popularity is None:
        return equal[None] / users
    if len(popularity) != users:
        raise Problem(f"{len(popularity)} test items in the data, but {users} users in the ledgers")
    # A test item that nobody has in train counts as if one user had it.
    rows = np.stack([equal, 1 / np.maximum(popularity, 1)])
    return np.asarray(rows / rows.sum(axis=1, keepdims=True))


def _figures(ledger: Ledger, drawn: Sequence[int | None], weights: Values) -> Values:
    """The figure of one ledger in every universe, in the order of their product. [u]"""
    found = np.stack([places(ledger.full, each, weights) for each in drawn])  # [d, 3, w, 20]
    gains = np.zeros((len(CUTOFFS), 2, LENGTH))
    for row, k in enumerate(CUTOFFS):
        gains[row, 0, :k] = 1
        gains[row, 1, :k] = 1 / np.log2(np.arange(k) + 2)
    return np.asarray(np.einsum("dtwr,kmr->dkmtw", found, gains).ravel())


def _same_cases(ledger: Ledger, other: Ledger | None) -> bool:
    return other is not None and all(
        np.array_equal(getattr(ledger, name), getattr(other, name))
        for name in ("user_ids", "item_ids")
    )


def _of(count: int, total: int) -> str:
    if count == total:
        return f"all {total}"
    return f"{count or 'none'} of {total}"


def _share(share: float) -> str:
    if share in (0.0, 1.0):
        return "all" if share else "none"
    return f"{min(max(share, 0.01), 0.99):.2f}".removeprefix("0")
