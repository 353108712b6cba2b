"""The matrix of paired differences between the rows of a section."""

from collections.abc import Iterator, Sequence
from typing import Any

from bench.compare.multiverse import Multiverse
from bench.leaderboard.sections import Section
from bench.text import one_line


def difference_cells(
    section: Section, order: Sequence[str], multiverse: Multiverse | None
) -> Iterator[dict[str, Any]]:
    """A cell for each two rows and each direction, fit for JSON; none without statistics.

    Args:
        order: names of rows on the board, in the order of the matrix.
        multiverse: of the same rows.
    """
    found = section.standings
    if found is None or not found.pairs:
        return
    places = {name: place for place, name in enumerate(order)}
    # Half of the pairs differ by less than this; far ones would leave all others pale.
    strong = sorted(abs(pair.mean) for pair in found.pairs)[len(found.pairs) // 2] or 1.0
    for pair in found.pairs:
        apart = found.told_apart(pair)
        one = pair.first, pair.second, pair.mean, pair.low, pair.high
        other = pair.second, pair.first, -pair.mean, -pair.high, -pair.low
        for first, second, mean, low, high in (one, other):
            boards = ""
            if multiverse is not None:
                duel = multiverse.duel(first, second)
                boards = f"{duel.wins} of {duel.universes}"
            yield {
                "boards": boards,
                **{"first": one_line(first), "second": one_line(second)},
                **{"i": places[first], "j": places[second]},
                **{"difference": mean, "low": low, "high": high, "p": pair.p},
                **{"apart": apart, "told": "yes" if apart else "no"},
                "strength": min(1.0, 0.25 + 0.75 * abs(mean) / strong) if apart else 0.0,
            }
