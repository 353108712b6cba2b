"""What was found about each side of a comparison, and who is ahead in what."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from plan import OURS, PEERS

Record = dict[str, Any]

EVEN = 1.02  # medians closer than this are even
# What is compared beside accuracy, and the figures that tell it: the first that was measured.
SPEED, SCORING, EVALUATION, MEMORY = "training", "scoring", "evaluation", "memory"
FIGURES = {
    SPEED: ("samples_per_second",),
    SCORING: ("score_seconds",),
    EVALUATION: ("both_evaluation_seconds", "full_evaluation_seconds"),
    MEMORY: ("peak_memory_mb",),
}


@dataclass(frozen=True)
class Found:
    """What is known of one side of a comparison: the rounds that went well."""

    side: str
    records: Sequence[Record]

    def values(self, figure: str) -> list[float]:
        """A figure in every round that has it; what could not be measured is NaN there."""
        found = [r["figures"].get(figure, math.nan) for r in self.records]
        return [value for value in found if math.isfinite(value)]

    def median(self, *figures: str) -> float | None:
        """The median of the first of these figures that was measured."""
        return next((median(found) for f in figures if (found := self.values(f))), None)

    def metric(self, name: str) -> float | None:
        """A metric of the first round that was trained to the end."""
        whole = (r for r in self.records if "metrics" in r)
        return next((record["metrics"][name] for record in whole), None)


@dataclass(frozen=True)
class Pair:
    """Us and a peer, on one model with one size of batch."""

    model: str
    batch: int | None
    ours: Found
    peer: Found

    def ratio(self, quantity: str) -> float | None:
        """How many times better we are: above 1, we are ahead."""
        ours, theirs = (side.median(*FIGURES[quantity]) for side in (self.ours, self.peer))
        if not ours or not theirs:
            return None
        return ours / theirs if quantity == SPEED else theirs / ours

    def lead(self, metric: str) -> float | None:
        """By how many standard errors we are more accurate."""
        ours, theirs = self.ours.metric(metric), self.peer.metric(metric)
        if ours is None or theirs is None:
            return None
        return (ours - theirs) / (self.peer.metric(f"{metric}_se") or 1.0)

    def ahead(self) -> dict[str, list[str]]:
        """In what each side is ahead."""
        found: dict[str, list[str]] = {OURS: [], self.peer.side: []}
        for quantity in (SPEED, SCORING, EVALUATION, MEMORY):
            ratio = self.ratio(quantity)
            if ratio is not None and not 1 / EVEN <= ratio <= EVEN:
                found[OURS if ratio > 1 else self.peer.side].append(quantity)
        for metric, title in (("hr_at_10", "HR@10"), ("ndcg_at_10", "NDCG@10")):
            lead = self.lead(metric)
            if lead is not None and abs(lead) > 1:
                found[OURS if lead > 0 else self.peer.side].append(title)
        return found


def pairs(records: Iterable[Record]) -> list[Pair]:
    """Every peer with us, in the order of PEERS."""
    groups: dict[tuple[str, int | None], dict[str, list[Record]]] = {}
    for record in sorted(records, key=_place):
        cell = record["cell"]
        sides = groups.setdefault((cell["model"], cell["samples_per_batch"]), {})
        sides.setdefault(cell["side"], []).append(record)
    return [
        Pair(*group, *(Found(name, good(sides.get(name, []))) for name in (OURS, peer)))
        for group, sides in groups.items()
        for peer in sides
        if peer != OURS
    ]


def _place(record: Record) -> tuple[int, int, int, int]:
    cell = record["cell"]
    sides = (OURS, *PEERS[cell["model"]])
    return (
        list(PEERS).index(cell["model"]),
        cell["samples_per_batch"] or 0,
        sides.index(cell["side"]),
        cell["round"],
    )


def good(records: Iterable[Record]) -> list[Record]:
    """Those that gave figures."""
    return [record for record in records if record["status"] == "ok"]
