"""Rank the held-out items by the scores of a fitted model, and time the scoring."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.adapter import Adapter
from bench.interactions import Floats, Ids, Interactions
from bench.ledger import LIST_LENGTH, Ledger
from bench.metrics import Standing, hit_rates
from bench.negatives import train_pairs
from bench.protocol import Cases
from bench.recommended import describe, top

SCORES_AT_ONCE = 1 << 23  # 32 MB of float32
MOST_USERS = 1024  # scored at once
LATENCY_USERS = 200  # whose top 10 is timed one by one
LATENCY_SECONDS = 2.0  # after which no further user is timed


class BadScores(ValueError):
    """A model returned something that cannot be ranked."""


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


def evaluate(
    adapter: Adapter,
    train: Interactions,
    cases: Cases,
    synchronize: Callable[[], None] = lambda: None,
    progress: Callable[[float], None] = lambda share: None,
) -> Evaluation:
    """Rank every held-out item among its sampled negatives and among all untouched items.

    Both come from the same scores. Items that a user has in train are left out, the held-out item
    is placed by counting, never by sorting, and never more than 32 MB of scores are held.

    Raises:
        BadScores: scores() returned another type or shape than agreed, or a non-finite score.
    """
    scoring = Stopwatch(synchronize)
    sampled, full, recommended = [], [], []
    for rows in batches(len(cases.users), train.n_items):
        users, held_out = cases.users[rows], cases.held_out[rows]
        with scoring:
            given = adapter.scores(users.copy())
        scores = checked("scores", given, train, users)
        own = scores[np.arange(len(users)), held_out]
        negatives = cases.negatives
        sampled.append(sampled_standing(scores, own, negatives.items[rows], negatives.drawn[rows]))
        seen_by, seen = train_pairs(train, users)
        scores[seen_by, seen] = -np.inf  # from here on they are below everything
        untouched = train.n_items - np.bincount(seen_by, minlength=len(users))
        full.append(full_standing(scores, own, untouched))
        recommended.append(top(scores, LIST_LENGTH))
        progress(min(1.0, rows.stop / len(cases.users)))
    ledger = describe(train, cases, _join(sampled), _join(full), np.concatenate(recommended))
    return Evaluation(ledger, scoring.seconds)


def look(adapter: Adapter, train: Interactions, cases: Cases) -> float:
    """HR@10 among the sampled candidates of validation cases, for tuning and learning curves."""
    values = []
    for rows in batches(len(cases.users), train.n_items):
        users = cases.users[rows]
        candidates = np.maximum(np.c_[cases.held_out[rows], cases.negatives.items[rows]], 0)
        given = adapter.pair_scores(users.copy(), candidates)
        scores = checked("pair_scores", given, train, users, candidates)
        places = np.broadcast_to(np.arange(1, scores.shape[1], dtype=np.int32), scores[:, 1:].shape)
        drawn = cases.negatives.drawn[rows]
        values.append(hit_rates(sampled_standing(scores, scores[:, 0], places, drawn), 10))
    return float(np.concatenate(values).mean())


def batches(n: int, n_items: int) -> Iterator[slice]:
    """Slices of as many users as may be scored at once."""
    step = max(1, min(MOST_USERS, SCORES_AT_ONCE // n_items))
    for start in range(0, n, step):
        yield slice(start, min(n, start + step))


def checked(
    method: str, given: Any, train: Interactions, users: Ids, items: Ids | None = None
) -> Floats:
    """A copy of what a model returned, if it is what the contract asks for.

    Args:
        method: its name, for the message.
        given: what it returned.
        train: whose catalogue and ids count.
        users: the users scored, [b].
        items: the items scored, [b, c]; None for the whole catalogue.

    Raises:
        BadScores: it is not; the message says what was wanted and what came.
    """
    shape = (len(users), train.n_items) if items is None else items.shape
    if not isinstance(given, np.ndarray):
        raise BadScores(f"{method}() must return a numpy array, not {type(given).__name__}")
    if given.shape != shape:
        raise BadScores(f"{method}() must return shape {shape}, not {given.shape}")
    if given.dtype != np.float32:
        raise BadScores(f"{method}() must return float32, not {given.dtype}")
    scores = np.array(given, order="C")  # the model may use its own array again
    if not np.isfinite(scores).all():
        row, column = np.argwhere(~np.isfinite(scores))[0]
        user = train.user_ids[users[row]]
        item = train.item_ids[column if items is None else items[row, column]]
        value = {np.inf: "infinity", -np.inf: "-infinity"}.get(float(scores[row, column]), "NaN")
        raise BadScores(f"{method}() returned {value} for user {user}, item {item}")
    return scores


def sampled_standing(
    scores: Floats, own: Floats, negatives: Ids, drawn: NDArray[np.int64]
) -> Standing:
    """Count the sampled negatives that score higher, and as high, as the held-out item."""
    theirs = np.take_along_axis(scores, np.maximum(negatives, 0), axis=1)
    exists = negatives >= 0
    return Standing(
        better=((theirs > own[:, None]) & exists).sum(axis=1),
        equal=((theirs == own[:, None]) & exists).sum(axis=1),
        candidates=drawn + 1,
    )


def full_standing(scores: Floats, own: Floats, candidates: NDArray[np.int64]) -> Standing:
    """Count all untouched items that score higher, and as high; seen items are at -infinity."""
    return Standing(
        better=(scores > own[:, None]).sum(axis=1),
        equal=(scores == own[:, None]).sum(axis=1) - 1,  # the held-out item equals itself
        candidates=candidates,
    )


def latencies(
    adapter: Adapter, train: Interactions, users: Ids, synchronize: Callable[[], None]
) -> NDArray[np.float64]:
    """Seconds to the top 10 of one user, for up to 200 users one by one; the first warms up."""
    chosen = users[np.linspace(0, len(users) - 1, min(len(users), LATENCY_USERS + 1), dtype=int)]
    found: list[float] = []
    for user in np.r_[chosen[:1], chosen]:
        watch = Stopwatch(synchronize)
        with watch:
            scores = np.array(adapter.scores(np.array([user], dtype=np.int32)))
            scores[train_pairs(train, np.array([user]))] = -np.inf
            top(scores, LIST_LENGTH)
        found.append(watch.seconds)
        if sum(found) > LATENCY_SECONDS:
            break
    return np.array(found[1:] or found)


def _join(standings: list[Standing]) -> Standing:
    return Standing(*(np.concatenate(column) for column in zip(*standings, strict=True)))
