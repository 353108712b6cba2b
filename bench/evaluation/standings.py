"""Where held-out items stand by the scores of some users: among which candidates, and in lists."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from bench.evaluation.metrics import Standing
from bench.evaluation.rank_arrays import LeftOut, Ranks
from bench.evaluation.ranks import Ranker
from bench.interactions import Floats, Ids, Interactions
from bench.protocol.task import Cases


class Ranked(NamedTuple):
    """What is found of b cases."""

    sampled: Standing  # among the negatives
    full: Standing  # among all candidates: of the pool, where there is one
    beside: Standing | None  # among all untouched items, where the pool is not all of them
    recommended: Ids  # [b, L], the best of all untouched items


def ranked(ranker: Ranker, scores: Floats, train: Interactions, cases: Cases) -> Ranked:
    """Count what scores higher than the held-out items; what users touched is left out.

    Args:
        ranker: of lists of L items.
        scores: of the cases' users, [b, n_items].
        train: ordered by user.
        cases: what is held out.

    Raises:
        NotFinite: a score is.
    """
    own = scores[np.arange(len(scores)), cases.held_out]
    left_out, negatives = left_out_by(train, cases), cases.negatives
    if cases.pool is None:
        found = ranker.rank(scores, own, left_out, negatives.items)
        return among_all_items(found, left_out, train, cases)
    among_all = ranker.rank(scores, own, left_out, negatives.items[:, :0])
    pool = np.flatnonzero(cases.pool)
    place_of = np.full(train.n_items + 1, -1, dtype=np.int32)  # the last is of no item, -1
    place_of[pool] = np.arange(len(pool), dtype=np.int32)
    in_pool = _renumbered(left_out, place_of)
    found = ranker.rank(scores[:, pool], own, in_pool, place_of[negatives.items])
    return Ranked(
        Standing(found.some_higher, found.some_equal, negatives.drawn + 1),
        _standing(found, in_pool, len(pool)),
        _standing(among_all, left_out, train.n_items),
        among_all.best,
    )


def among_all_items(found: Ranks, left_out: LeftOut, train: Interactions, cases: Cases) -> Ranked:
    """Standings of cases without a pool, from ranks of all items in which negatives are some."""
    return Ranked(
        Standing(found.some_higher, found.some_equal, cases.negatives.drawn + 1),
        _standing(found, left_out, train.n_items),
        None,
        found.best,
    )


def joined(parts: Sequence[Ranked]) -> Ranked:
    """Those of all cases from those of batches."""
    sampled, full, beside, recommended = zip(*parts, strict=True)
    return Ranked(
        _joined(sampled),
        _joined(full),
        None if None in beside else _joined(beside),
        np.concatenate(recommended),
    )


def _joined(standings: Iterable[Standing]) -> Standing:
    return Standing(*(np.concatenate(column) for column in zip(*standings, strict=True)))


def _standing(found: Ranks, left_out: LeftOut, n_items: int) -> Standing:
    return Standing(
        better=found.higher,
        equal=found.equal - 1,  # the held-out item equals itself
        candidates=n_items - (left_out.beyond - left_out.first),
    )


def left_out_by(train: Interactions, cases: Cases) -> LeftOut:
    """What each user has in train, which is ordered by user, and touched beside it."""
    seen = LeftOut(*train.rows_of(cases.users), train.items)
    if cases.touched is None:
        return seen
    (rows, items), (further_rows, further) = seen.pairs(), cases.touched.pairs()
    rows, items = np.concatenate([rows, further_rows]), np.concatenate([items, further])
    return LeftOut.of_pairs(rows, items, len(cases.users))


def _renumbered(left_out: LeftOut, place_of: Ids) -> LeftOut:
    """The same items by their places; those without one, -1, are gone."""
    rows, items = left_out.pairs()
    places = place_of[items]
    return LeftOut.of_pairs(rows[places >= 0], places[places >= 0], len(left_out.first))
