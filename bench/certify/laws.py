"""Black-box laws: what holds for every recommender, whatever it does inside.

Some laws make the model score everything a second time, in another way, and every item must keep
its rank in every user's list. The others say by themselves whether they hold. A new law is a
function and a line of LAWS.
"""

import pickle
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from bench.adapter import Adapter, Run
from bench.certify.keeping import embeddings, kept
from bench.certify.rewrites import copied, with_items, with_last_swapped, with_rows, with_users
from bench.certify.under_test import PROTOCOL, Broken, ModelUnderTest
from bench.evaluation.evaluate import evaluate
from bench.evaluation.figures import figures
from bench.evaluation.scores import checked
from bench.hashing import fingerprint
from bench.interactions import Floats, Ids, Interactions
from bench.protocol.task import prepare

# Those that must rank as before. Each gives the scores [U, I] again, once or several times. Of
# several draws the first counts; the others are for a hit rate, where that is what may not change.


def pairs(subject: ModelUnderTest, draw: int) -> Iterator[Floats]:
    """pair_scores gives the scores, whatever the order of the candidates."""
    rng, users = subject.rng(draw), np.arange(subject.train.n_users, dtype=np.int32)
    for those in (users, rng.permutation(users)):
        everything = np.tile(np.arange(subject.train.n_items, dtype=np.int32), (len(users), 1))
        items = rng.permuted(everything, axis=1)
        given = subject.fitted.pair_scores(those.copy(), items.copy())
        found = np.empty_like(subject.scores)
        found[those[:, None], items] = checked("pair_scores", given, items.shape)
        yield found


def batches(subject: ModelUnderTest, draw: int) -> Iterator[Floats]:
    """Users one by one, and in other batches in another order."""
    users = np.arange(subject.train.n_users, dtype=np.int32)
    shuffled = subject.rng(draw).permutation(users)
    for parts in (np.split(users, len(users)), np.array_split(shuffled, 7)):
        found = np.empty_like(subject.scores)
        for part in parts:
            found[part] = subject.scores_of(subject.fitted, part)
        yield found


def pickled(subject: ModelUnderTest, draw: int) -> Iterator[Floats]:
    """Pickled and read again, before it is fitted and after."""
    try:
        before = pickle.loads(pickle.dumps(subject.make()))
        after = pickle.loads(pickle.dumps(subject.fitted))
    except Exception as error:
        raise Broken(f"cannot be pickled: {type(error).__name__}: {error}") from error
    yield subject.scores_of(subject.fit(adapter=before))
    yield subject.scores_of(after)


def refit(subject: ModelUnderTest, draw: int) -> Iterator[Floats]:
    """The same object fitted to other data with another seed, then as at first."""
    adapter = subject.fit(
        with_items(subject.train, _order(subject, draw, "items")), seed=subject.seed + 1
    )
    subject.scores_of(adapter)
    yield subject.scores_of(subject.fit(adapter=adapter))


def users(subject: ModelUnderTest, draw: int) -> Iterator[Floats]:
    """Users numbered in another way."""
    order = _order(subject, draw, "users")
    found = np.empty_like(subject.scores)
    found[order] = subject.scores_of(_fit(subject, draw, with_users(subject.train, order)))
    yield found


def items(subject: ModelUnderTest, draw: int) -> Iterator[Floats]:
    """Items numbered in another way."""
    order = _order(subject, draw, "items")
    found = np.empty_like(subject.scores)
    found[:, order] = subject.scores_of(_fit(subject, draw, with_items(subject.train, order)))
    yield found


def _order(subject: ModelUnderTest, draw: int, what: Literal["users", "items"]) -> Any:
    return subject.rng(draw).permutation(getattr(subject.train, f"n_{what}"))


def _fit(subject: ModelUnderTest, draw: int, train: Interactions) -> Adapter:
    """By the seed that the hit rate of this draw is compared with: see ModelUnderTest.hit_rates."""
    return subject.fit(train, seed=subject.seed + draw)


def rows(subject: ModelUnderTest, draw: int) -> Iterator[Floats]:
    """The training rows in another order."""
    yield subject.scores_of(_fit(subject, draw, with_rows(subject.train, subject.rng(draw))))


def process(subject: ModelUnderTest, draw: int) -> Iterator[Floats]:
    """Fitted in this process, which is not that of the scores before."""
    yield subject.scores


# Those that say by themselves whether they hold, and by what evidence.


def form(subject: ModelUnderTest) -> str:
    """It can be fitted, and its scores are float32 [b, I] and finite."""
    count, wide = subject.scores.shape
    return f"finite float32 for {count} users x {wide} items"


def inputs(subject: ModelUnderTest) -> str:
    """The training arrays are what they were."""
    train = copied(subject.train)
    before = fingerprint(train)
    adapter = subject.make()
    run = Run(seed=subject.seed)
    adapter.fit(train, run)
    subject.scores_of(adapter)
    if fingerprint(train) != before:
        names = ("users", "items", "times")
        changed = [
            n for n in names if not np.array_equal(getattr(train, n), getattr(subject.train, n))
        ]
        raise Broken(f"fit changed the training data: {', '.join(changed) or 'its features'}")
    return f"{len(train):,} training rows unchanged"


def global_random(subject: ModelUnderTest) -> str:
    """The global random states are what they were."""
    _seed_all(987_654_321)  # or a model that seeds them as its last fit did would not show
    before = _random_states()
    subject.scores_of(subject.fit())
    after = _random_states()
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        raise Broken(f"the global random state of {' and '.join(changed)} was used or changed")
    return f"of {', '.join(before)} unchanged"


def _seed_all(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    if torch := sys.modules.get("torch"):  # the model's, if it has any: bench itself has none
        torch.manual_seed(seed)


def _random_states() -> dict[str, bytes]:
    states: dict[str, Any] = {"random": random.getstate(), "numpy": np.random.get_state()}
    if torch := sys.modules.get("torch"):
        states["torch"] = torch.get_rng_state().tolist()
    return {name: pickle.dumps(state) for name, state in states.items()}


class Doubled(Adapter):
    """A model whose scores are twice as high."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def fit(self, train: Interactions, run: Run) -> None:
        self._adapter.fit(train, run)

    def scores(self, users: Ids) -> Floats:
        with np.errstate(over="ignore"):  # infinity is found where scores are checked
            return 2 * self._adapter.scores(users)


def doubled(subject: ModelUnderTest) -> str:
    """Twice the scores are the same ranks and the same figures."""
    task = subject.task()
    first, second = (
        evaluate(adapter, task.train, task.cases).ledger
        for adapter in (subject.fitted, Doubled(subject.fitted))
    )
    one, other = figures(first), figures(second)
    different = [name for name in one if one[name] != other[name]]
    if different:
        name = different[0]
        raise Broken(f"{name} is {one[name]:.4f}, and {other[name]:.4f} of scores twice as high")
    if fingerprint(asdict(first)) != fingerprint(asdict(second)):
        raise Broken("the ranks of scores twice as high are others")
    return f"ranks of {len(first)} held-out items and all figures equal"


def hidden(subject: ModelUnderTest) -> str:
    """Other held-out items change nothing, although here they are in memory while it fits."""
    bait = prepare(with_last_swapped(subject.data, subject.tested, subject.rng(0)), PROTOCOL)
    swapped = int((bait.cases.held_out != subject.held_out).sum())
    adapter = subject.fit(bait.train)
    lists = evaluate(adapter, bait.train, bait.cases).ledger.recommended
    scores = subject.scores_of(adapter)
    task = subject.task()
    before = evaluate(subject.fitted, task.train, task.cases).ledger.recommended
    found = {"scores": (scores, subject.scores), "recommended items": (lists, before)}
    for what, (one, other) in found.items():
        if not np.array_equal(one, other):
            raise Broken(
                f"{int((one != other).sum()):,} of {one.size:,} {what} changed with the held-out"
                f" items of {swapped} users"
            )
    return f"{swapped} held-out items exchanged, {scores.size:,} scores equal"


def never(subject: ModelUnderTest, draw: int) -> Iterator[Floats]:
    """Nothing again: the law says by itself whether it holds."""
    return iter(())


@dataclass(frozen=True, kw_only=True)
class Law:
    """Something that holds for every recommender, and how it is tried."""

    name: str
    tried: str  # for the report
    # Either `again`, which gives scores that must rank as before, or `alone`, which gives the
    # evidence or raises Broken.
    again: Callable[[ModelUnderTest, int], Iterator[Floats]] = never
    alone: Callable[[ModelUnderTest], str] | None = None
    renumbers: bool = False  # then a tolerance may be one of HR@10
    process: Literal["first", "fresh", "two threads"] = "first"


FIRST = "form"  # without it there is nothing to compare
LAWS = {  # in the order in which they are tried
    law.name: law
    for law in (
        Law(name=FIRST, tried="read-only data in, finite float32 scores out", alone=form),
        Law(name="pairs", tried="pair_scores, in any order of candidates", again=pairs),
        Law(name="batches", tried="users one by one, and in other batches", again=batches),
        Law(name="pickled", tried="pickled before fit and after", again=pickled),
        Law(name="inputs", tried="the training arrays after fit", alone=inputs),
        Law(name="random", tried="the global random states after fit", alone=global_random),
        Law(name="doubled", tried="scores times 2", alone=doubled),
        Law(name="refit", tried="a second fit of the same object", again=refit),
        Law(name="users", tried="users numbered in another way", again=users, renumbers=True),
        Law(name="items", tried="items numbered in another way", again=items, renumbers=True),
        Law(name="rows", tried="training rows in another order", again=rows, renumbers=True),
        Law(name="hidden", tried="other held-out items, lying open", alone=hidden),
        Law(name="embeddings", tried="user . item against scores", alone=embeddings),
        Law(name="process", tried="fitted in a fresh process", again=process, process="fresh"),
        Law(name="kept", tried="restored in a fresh process", alone=kept, process="fresh"),
        Law(name="threads", tried="fitted with 2 threads", again=process, process="two threads"),
    )
}
