"""Figures that canaries must get: from train and the held-out items alone, and not by ranking.

Nothing of `bench.evaluation.evaluate`, `bench.evaluation.ranks`, `bench.evaluation.metrics` or
`bench.evaluation.expectation` is used: the candidates of a user are sets here, and a held-out item
with b candidates ahead and e tied with it has each of the places b, ..., b + e with the same
probability. With c candidates a constant gets HR@10 min(1, 10 / c) and NDCG@10 (g(0) + ... +
g(min(10, c) - 1)) / c, where g(r) = 1 / log2(r + 2).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.bounds import ROUNDING, margin
from bench.interactions import Interactions, occurrences
from bench.protocol.negatives import NEGATIVES
from bench.protocol.task import Cases
from bench.records.record import HEADLINE

K = 10
# Sampled figures, those of all items, and the exact expectation of the sampled ones, which is
# computed from logarithms of factorials: their error grows with the catalogue.
LOGARITHMS = 1e-6

Counts = NDArray[np.int64]


class Target(NamedTuple):
    value: float
    margin: float


class Place(NamedTuple):
    """How many candidates are ahead of the held-out items, and how many tie with them. [m]"""

    ahead: Counts
    tied: Counts


class Candidates(NamedTuple):
    """Of each of m users, beside the held-out item. [m]"""

    sampled: Counts  # negatives, by the definition of the protocol
    untouched: Counts  # items that are neither in train, nor touched otherwise, nor held out
    given: Counts  # negatives that are there: distinct ones that the user never touched
    seen: Counts  # of these, in train; only a published split may have any
    popular: Place  # the given ones by how often they occur in train
    popular_full: Place  # all untouched ones
    # Where there is a pool, all of the above are of its items; these are of all items.
    beside: Counts  # that are untouched
    popular_beside: Place
    cold_first: Counts  # of the ten that stand first in the catalogue, how many are of the pool


def candidates(train: Interactions, cases: Cases, published: bool) -> Candidates:
    """Count the candidates of each user, one user after the other, with sets.

    Args:
        train: ordered by user.
        cases: what is held out.
        published: the negatives are taken as they were published, and not drawn by us: repeated
            and seen ones count there, each as often as it occurs; the held-out item never does.
    """
    counts = occurrences(train.items, train.n_items)
    first, beyond = train.rows_of(cases.users)
    pool = np.ones(train.n_items, dtype=bool) if cases.pool is None else cases.pool
    rows = []
    for row, held_out in enumerate(cases.held_out.tolist()):
        in_train = set(train.items[first[row] : beyond[row]].tolist())
        touched = in_train | _further(cases, row)
        anywhere = np.ones(train.n_items, dtype=bool)
        anywhere[list(touched)] = False
        listed = np.flatnonzero(anywhere)[:K]
        anywhere[held_out] = False
        rest = anywhere & pool
        given = [i for i in cases.negatives.items[row].tolist() if i >= 0 and i != held_out]
        n_rest = int(rest.sum())
        by_definition = len(given) if published else min(NEGATIVES, n_rest)
        if not published:
            given = [item for item in set(given) - touched if pool[item]]
        theirs, everybody, own = counts[given], counts[rest], counts[held_out]
        beside = counts[anywhere]
        rows.append(
            (
                *(by_definition, n_rest, len(given)),
                sum(item in in_train for item in given),
                *((theirs > own).sum(), (theirs == own).sum()),
                *((everybody > own).sum(), (everybody == own).sum()),
                len(beside),
                *((beside > own).sum(), (beside == own).sum()),
                pool[listed].sum(),
            )
        )
    sampled, untouched, n_given, seen, *popular, beside, better, equal, first_cold = np.array(
        rows, dtype=np.int64
    ).T
    return Candidates(
        *(sampled, untouched, n_given, seen, Place(*popular[:2]), Place(*popular[2:])),
        *(beside, Place(better, equal), first_cold),
    )


def _further(cases: Cases, row: int) -> set[int]:
    """What a user touched beside train."""
    if cases.touched is None:
        return set()
    starts, items, of_all = cases.touched
    return set(items[starts[row] : starts[row + 1]].tolist()) | set(of_all.tolist())


def targets(train: Interactions, cases: Cases, published: bool) -> dict[str, dict[str, Target]]:
    """The figures of each canary and how far they may lie from them, by the names of a record.

    Only random may lie farther than rounding: by `bench.evaluation.bounds.margin`. Of popularity
    and random the exact expectations are not here: they have to agree with the sampled figures.
    """
    them = candidates(train, cases, published)
    none = np.zeros_like(them.sampled)
    constant, constant_full = Place(none, them.sampled), Place(none, them.untouched)
    first = Place(none, none)
    repeater = Place(them.seen, them.given - them.seen)
    like_constant = _exact(constant, constant_full, constant)
    wanted = {
        "constant": like_constant,
        "random": _random_of(constant, "") | _random_of(constant_full, "full_"),
        "oracle": _exact(first, first, first),
        "anti-oracle": _exact(
            Place(them.given, none), Place(them.untouched, none), Place(them.sampled, none)
        ),
        "popularity": _exact(them.popular, them.popular_full),
        "repeater": _exact(repeater, constant_full, constant),
        "leaker": like_constant,
    }
    return wanted if cases.pool is None else _with_beside(wanted, them)


def _with_beside(
    wanted: dict[str, dict[str, Target]], them: Candidates
) -> dict[str, dict[str, Target]]:
    """The same with the figures of the standing among all untouched items."""
    none = np.zeros_like(them.beside)
    places = {
        "oracle": Place(none, none),
        "anti-oracle": Place(them.beside, none),
        "popularity": them.popular_beside,
    }
    tied = Place(none, them.beside)
    length = np.minimum(K, them.beside + 1)
    first = Target(float((them.cold_first / length).mean()), ROUNDING)
    return {
        name: figures
        | (
            _random_of(tied, "beside_")
            if name == "random"
            else _figures_of(places.get(name, tied), "beside_")
        )
        | ({"cold_share_at_10": first} if name == "constant" else {})
        for name, figures in wanted.items()
    }


def _exact(sampled: Place, full: Place, expected: Place | None = None) -> dict[str, Target]:
    figures = _figures_of(sampled, "") | _figures_of(full, "full_")
    if expected is not None:
        for name, value in _means(expected, "").items():
            figures[f"{name}_expected"] = Target(value, LOGARITHMS)
    return figures


def _figures_of(place: Place, prefix: str) -> dict[str, Target]:
    return {name: Target(value, ROUNDING) for name, value in _means(place, prefix).items()}


def _random_of(place: Place, prefix: str) -> dict[str, Target]:
    """With c candidates every place has probability 1 / c, and users are independent."""
    figures = {}
    for name, mean in _means(place, "").items():
        squares = _values(place, _gains(name) ** 2)
        variances = squares - _values(place, _gains(name)) ** 2
        error = float(np.sqrt(np.clip(variances, 0, None).sum())) / len(variances)
        figures[f"{prefix}{name}"] = Target(mean, margin(error, len(variances)))
    return figures


def _means(place: Place, prefix: str) -> dict[str, float]:
    return {f"{prefix}{name}": float(_values(place, _gains(name)).mean()) for name in HEADLINE}


def _gains(name: str) -> NDArray[np.float64]:
    """What each of the first ten places is worth. [10]"""
    return np.ones(K) if name == "hr_at_10" else 1 / np.log2(np.arange(K) + 2)


def _values(place: Place, gains: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean worth of the places ahead, ..., ahead + tied of each user. [m]"""
    values = np.zeros(len(place.ahead))
    for rank, gain in enumerate(gains):
        values += gain * ((place.ahead <= rank) & (rank <= place.ahead + place.tied))
    return values / (place.tied + 1)
