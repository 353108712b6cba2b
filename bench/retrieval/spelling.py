"""Names that are near in spelling, among many."""

import difflib
from collections.abc import Iterable
from heapq import nlargest

CUTOFF = 0.65  # of difflib's ratio: about one letter in three may be another
COMPARED = 40  # names with the most pairs of letters in common; the others are left out
LONGEST = 100  # letters that are compared


def nearest(wanted: Iterable[str], known: Iterable[str]) -> list[str]:
    """The known names that are nearest to one of the wanted, nearest first."""
    names = list(dict.fromkeys(known))
    found: dict[str, float] = {}
    for each in wanted:
        pairs = _pairs(each[:LONGEST])
        some = nlargest(COMPARED, names, key=lambda name: _in_common(pairs, _pairs(name[:LONGEST])))
        for name in some:
            matcher = difflib.SequenceMatcher(None, name[:LONGEST], each[:LONGEST], autojunk=False)
            if (ratio := matcher.ratio()) >= CUTOFF:
                found[name] = max(ratio, found.get(name, 0.0))
    return sorted(found, key=lambda name: (-found[name], name))


def _pairs(name: str) -> set[str]:
    """The pairs of neighbouring letters, as if a blank stood around the name."""
    padded = f" {name} "
    return {padded[at : at + 2] for at in range(len(padded) - 1)}


def _in_common(one: set[str], other: set[str]) -> float:
    """Dice's coefficient of two sets that are not empty."""
    return 2 * len(one & other) / (len(one) + len(other))
