"""The multiverse of a section: places of models on all boards that its ledgers could have given."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from bench.compare.multiverse import DECISIONS, Duel, Multiverse, multiverse
from bench.evaluation.metrics import Counts
from bench.statistics.aligned import Aligned
from bench.text import one_line

TOLD, OF_EACH = 6, 2  # pairs that are told of, and of each decision that turns them


def multiverse_of(aligned: Aligned, popularity: Counts | None) -> Multiverse:
    """Of all rows that have a ledger.

    Args:
        popularity: interactions in train of each user's test item, [m]; None without the data.
    """
    return multiverse({fits.name: fits.ledgers for fits in aligned.fits}, popularity)


def place_points(found: Multiverse) -> Iterator[dict[str, Any]]:
    """Best, median and worst place of each model, fit for JSON."""
    for model in found.models:
        best, median, worst, first = found.places_of(model)
        yield {
            **{"model": one_line(model), "best": best, "median": median, "worst": worst},
            "first": first,
        }


def multiverse_lines(found: Multiverse) -> list[str]:
    """How many boards there are, who is first on them, which pairs never change and which most."""
    total = len(found.universes)
    varied = [
        words
        for decision, words in DECISIONS.items()
        if len({getattr(each, decision) for each in found.universes}) > 1
    ]
    first = [f"{one_line(m)} on {count}" for m, count in list(found.at_place(1).items())[:3]]
    pairs = len(found.models) * (len(found.models) - 1) // 2
    lines = [
        f"{total} boards from the same ledgers; varied are {', '.join(varied)}. First: "
        f"{', '.join(first)}.",
    ]
    if pairs:
        lines.append(f"{found.unchanged_pairs()} of {pairs} pairs never change their order.")
    return lines + [f"{one_line(str(duel))}." for duel in contested(found)]


def contested(found: Multiverse, most: int = TOLD) -> Sequence[Duel]:
    """The pairs whose order changes that are nearest to half and half, a few for each decision."""
    duels = [found.duel(*pair) for pair in combinations(found.models, 2)]
    turning = [duel for duel in duels if duel.wins and duel.losses and duel.decided_by]
    turning.sort(key=lambda duel: abs(duel.wins - duel.losses))
    told: Counter[str] = Counter()
    nearest = []
    for duel in turning:
        told[duel.decided_by] += 1
        if told[duel.decided_by] <= OF_EACH:
            nearest.append(duel)
    return nearest[:most]
