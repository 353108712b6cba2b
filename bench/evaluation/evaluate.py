"""Rank the held-out items by the scores of a fitted model, and time the scoring."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.adapter import Adapter
from bench.evaluation.ledger import LIST_LENGTH, Ledger
from bench.evaluation.lists import ledger_of
from bench.evaluation.metrics import Standing, hit_rates
from bench.evaluation.ranks import NotFinite, Ranker
from bench.evaluation.scores import checked, not_finite
from bench.evaluation.standings import joined, ranked
from bench.interactions import Floats, Ids, Interactions
from bench.protocol.negatives import Negatives
from bench.protocol.task import Cases

SCORES_AT_ONCE = 1 << 23  # 32 MB of float32
MOST_USERS = 512  # scored at once: a larger batch of a few thousand items leaves the cache
LATENCY_USERS = 200  # whose top 10 is timed one by one
LATENCY_SECONDS = 2.0  # after which no further user is timed


class Stopwatch:
    """Adds up the seconds spent inside its with blocks, waiting for the device first."""

    def __init__(self, synchronize: Callable[[], None]) -> None:
        self.seconds = 0.0
        self._synchronize = synchronize

    def __enter__(self) -> None:
        self._synchronize()
        self._started = perf_counter()

    def __exit__(self, *exc: object) -> None:
        self._synchronize()
        self.seconds += perf_counter() - self._started


class Evaluation(NamedTuple):
    ledger: Ledger
    score_seconds: float


class Scorer(Protocol):
    """Whatever scores users as an adapter does, as a way to serve new people."""

    def scores(self, users: Ids) -> Floats:
        """Score every item for these users: [b] -> float32 [b, n_items]."""


def evaluate(
    adapter: Scorer,
    train: Interactions,
    cases: Cases,
    synchronize: Callable[[], None] = lambda: None,
    progress: Callable[[float], None] = lambda share: None,
) -> Evaluation:
    """Rank every held-out item among its sampled negatives and among all untouched items.

    Both come from the same scores. Items that a user touched are left out, and the held-out item is
    placed by counting, never by sorting. Where the cases have a pool, both are among its items
    alone, and a third standing is among all untouched items. Never more than 32 MB of scores, or
    one user's, are asked for at once.

    Raises:
        BadScores: scores() returned another type or shape than agreed, or a non-finite score.
    """
    scoring = Stopwatch(synchronize)
    ranker = Ranker(LIST_LENGTH)
    parts = []
    for rows in batches(len(cases.users), train.n_items):
        batch = cases.take(rows)
        with scoring:
            given = adapter.scores(batch.users.copy())
        scores = checked("scores", given, (len(batch.users), train.n_items))
        try:
            parts.append(ranked(ranker, scores, train, batch))
        except NotFinite:
            raise not_finite("scores", scores, train, batch.users) from None
        del given, scores  # so that the next take their memory, which is in the cache
        progress(min(1.0, rows.stop / len(cases.users)))
    return Evaluation(ledger_of(train, cases, joined(parts)), scoring.seconds)


def look(adapter: Adapter, train: Interactions, cases: Cases) -> float:
    """HR@10 among the sampled candidates of validation cases, for tuning and learning curves."""
    values = []
    for rows in batches(len(cases.users), train.n_items):
        batch = cases.take(rows)
        users, negatives = batch.users, batch.negatives
        candidates = np.maximum(np.c_[batch.held_out, negatives.items], 0)
        given = adapter.pair_scores(users.copy(), candidates.copy())
        scores = checked("pair_scores", given, candidates.shape)
        if not np.isfinite(scores).all():
            raise not_finite("pair_scores", scores, train, users, candidates)
        standing = sampled_standing(scores[:, 1:], scores[:, 0], negatives)
        values.append(hit_rates(standing, 10))
    return float(np.concatenate(values).mean())


def batches(n: int, n_items: int) -> Iterator[slice]:
    """Slices of as many users as may be scored at once."""
    step = max(1, min(MOST_USERS, SCORES_AT_ONCE // n_items))
    for start in range(0, n, step):
        yield slice(start, min(n, start + step))


def sampled_standing(theirs: Floats, own: Floats, negatives: Negatives) -> Standing:
    """Count the sampled negatives that score higher, and as high, as the held-out item.

    Args:
        theirs: scores of the negatives, [b, 99]; anything where a user has fewer.
        own: scores of the held-out items, [b].
        negatives: of these users.
    """
    exists = negatives.items >= 0
    return Standing(
        better=((theirs > own[:, None]) & exists).sum(axis=1),
        equal=((theirs == own[:, None]) & exists).sum(axis=1),
        candidates=negatives.drawn + 1,
    )


def latencies(
    adapter: Scorer, train: Interactions, users: Ids, synchronize: Callable[[], None]
) -> NDArray[np.float64]:
    """Seconds to the top 10 of one user, for up to 200 users one by one; the first warms up.

    Raises:
        BadScores: as `evaluate`; a model may go wrong only where one user is asked for.
    """
    chosen = users[np.linspace(0, len(users) - 1, min(len(users), LATENCY_USERS + 1), dtype=int)]
    ranker = Ranker(LIST_LENGTH)
    found: list[float] = []
    for user in np.r_[chosen[:1], chosen]:
        watch = Stopwatch(synchronize)
        with watch:
            given = adapter.scores(np.array([user], dtype=np.int32))
            scores = checked("scores", given, (1, train.n_items))
            (first,), (beyond,) = train.rows_of(np.array([user]))
            try:
                ranker.top(scores, train.items[first:beyond])
            except NotFinite:
                raise not_finite("scores", scores, train, np.array([user])) from None
        found.append(watch.seconds)
        if sum(found) > LATENCY_SECONDS:
            break
    return np.array(found[1:] or found)
