"""Statistics of the rows of a section of the board: a JSON file, computed from their ledgers.

`bench.statistics.standings` computes them. They are kept so that a board that has not changed is
not computed again, and `bench verify` compares them with what it computes anew.
"""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from bench.records.files import Kept

FAMILY = 0.05  # probability that anything equal is told apart, over all pairs of a section


class RowStanding(NamedTuple):
    """A row of the section."""

    model: str  # the name on the board
    stems: tuple[str, ...]  # of the records of its seeds that are ok
    tier: int  # from 1; see bench.statistics.tiers
    letters: str  # rows that share one are not told apart
    one_fit: bool  # one seed: what is found is of this fit
    figures: dict[str, float]  # means over users and seeds, errors, ends of intervals, shares


class PairStanding(NamedTuple):
    """Two rows; figures are the first's less the second's, of the figure that tiers are by."""

    first: str
    second: str
    mean: float
    se: float  # over users and seeds
    low: float  # 95 % interval of this pair alone
    high: float
    p: float  # adjusted for all pairs of the section


@dataclass(frozen=True, kw_only=True)
class Standings(Kept):
    """All rows of a section, and all pairs of them."""

    KIND = "statistics"
    SCHEMA = 1

    dataset: str
    protocol: str
    key: str  # 16 hex digits of the ledgers, the rows they belong to, and how it is computed
    figure: str  # that tiers and pairs are by, as exact_ndcg_at_10
    users: int
    rows: tuple[RowStanding, ...]  # in the order of the board
    pairs: tuple[PairStanding, ...]
    detectable: float  # smallest difference of two rows named beforehand; 0 without pairs
    detectable_in_all: float  # the same where all pairs are looked at
    started: str = ""  # never: the same ledgers give the same file
    schema: int = SCHEMA

    @property
    def stem(self) -> str:
        """Name of its file, without the ending."""
        return re.sub(r"[^\w.-]", "_", f"{self.dataset}.{self.protocol}")

    def row(self, model: str) -> RowStanding:
        """The row of this name."""
        return next(row for row in self.rows if row.model == model)

    def told_apart(self, pair: PairStanding) -> bool:
        """Whether the two rows differ, at 5 % for all pairs together."""
        return pair.p <= FAMILY

    def to_dict(self) -> dict[str, Any]:
        """Its fields, fit for JSON."""
        rows = [row._asdict() for row in self.rows]
        return super().to_dict() | {"rows": rows, "pairs": [pair._asdict() for pair in self.pairs]}

    @classmethod
    def parts(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The rows and pairs."""
        rows = [row | {"stems": tuple(row["stems"])} for row in values["rows"]]
        return {
            "rows": tuple(RowStanding(**row) for row in rows),
            "pairs": tuple(PairStanding(**pair) for pair in values["pairs"]),
        }
