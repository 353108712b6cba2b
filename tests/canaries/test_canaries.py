"""Canaries get what they must; and when a piece of the protocol breaks, one of them says so."""

import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from made import interactions, some_interactions

from bench.adapter import Run
from bench.canaries import job as canary_job
from bench.canaries import run
from bench.canaries.leaker import Leaker
from bench.canaries.models import canaries
from bench.canaries.targets import targets
from bench.evaluation import evaluate, figures, ledger
from bench.evaluation.ranks import Ranker, Ranks
from bench.interactions import PublishedSplit
from bench.protocol import task as protocol
from bench.protocol.negatives import Negatives, sample
from bench.protocol.split import Split, in_order
from bench.protocol.task import BadProtocol, Task, prepare
from bench.records.canaries import Canaries
from bench.registry.datasets import load_data

NAMES = {"constant", "random", "oracle", "anti-oracle", "popularity", "repeater", "leaker", "nan"}


@pytest.fixture(autouse=True, scope="module")
def without_the_leaker() -> Iterator[None]:
    """Here it would find what is held out: this process holds it."""
    with pytest.MonkeyPatch.context() as patch:
        rest = {name: one for name, one in canaries(Path()).items() if name != "leaker"}
        patch.setattr(canary_job, "canaries", lambda folder: rest)
        yield


def measured(task: Task) -> Canaries:
    """All canaries but the leaker, in this process."""
    found, users = canary_job.measure(task.train, task.published, Path(), lambda: task.cases)
    return Canaries(
        dataset="d",
        protocol=task.protocol,
        key="0",
        users=users,
        checks={name: tuple(c) for name, c in found.items() if not isinstance(c, str)},
        errors={name: c for name, c in found.items() if isinstance(c, str)},
    )


@pytest.fixture(scope="module")
def made() -> Task:
    return prepare(load_data("synthetic", None), "loo-99")


@given(some_interactions(users=5, items=130) | some_interactions(users=5, items=14))
def test_each_is_within_its_bounds_on_any_data(data: Any) -> None:
    for name in ("loo-99", "loo-99-validation"):
        try:
            found = measured(prepare(data, name))
        except BadProtocol:
            return  # nobody has three items
        assert found.checks.keys() == NAMES - {"leaker"}
        assert found.broken() == {}
        assert found.invalid() == []
        assert str(found) == "canaries: 7 of 7 within their bounds"


@given(some_interactions(users=5, items=14))
def test_the_targets_are_those_of_a_loop_over_places(data: Any) -> None:
    try:
        task = prepare(data, "loo-99")
    except BadProtocol:
        return
    train, cases = task.train, task.cases
    wanted = targets(train, cases, published=False)
    popularity = np.bincount(train.items, minlength=train.n_items)
    hits: dict[str, list[float]] = {"constant": [], "popularity": [], "anti-oracle": []}
    gains: dict[str, list[float]] = {"constant": [], "popularity": [], "anti-oracle": []}
    for user, item in zip(cases.users, cases.held_out, strict=True):
        seen = train.items[train.users == user]
        others = [i for i in range(train.n_items) if i not in seen and i != item]
        better = sum(popularity[i] > popularity[item] for i in others)
        equal = sum(popularity[i] == popularity[item] for i in others)
        for name, first, last in (
            ("constant", 0, len(others)),
            ("popularity", better, better + equal),
            ("anti-oracle", len(others), len(others)),
        ):
            places = range(first, last + 1)
            hits[name].append(sum(place < 10 for place in places) / len(places))
            gain = sum(1 / log2(place + 2) for place in places if place < 10)
            gains[name].append(gain / len(places))
    for name, values in hits.items():
        assert wanted[name]["full_hr_at_10"].value == pytest.approx(np.mean(values))
        assert wanted[name]["full_ndcg_at_10"].value == pytest.approx(np.mean(gains[name]))
        # With fewer than 99 untouched items all of them are candidates of the sampled figure.
        assert wanted[name]["hr_at_10"].value == pytest.approx(np.mean(values))


def test_a_constant_is_at_ten_in_a_hundred_and_an_oracle_at_one(made: Task) -> None:
    wanted = targets(made.train, made.cases, published=False)
    assert wanted["constant"]["hr_at_10"].value == pytest.approx(0.1)
    assert wanted["leaker"] == wanted["constant"]
    assert wanted["repeater"] == wanted["constant"]
    for figure, target in wanted["oracle"].items():
        assert target.value == 1, figure
        assert wanted["anti-oracle"][figure].value == 0


def published(n_items: int = 150, users: int = 60) -> Any:
    """A published split; every fifth user has the held-out item among its own negatives."""
    rows = [(u, (7 * u + i) % n_items, i) for u in range(users) for i in range(6)]
    held_out = np.array([(7 * u + 5) % n_items for u in range(users)], dtype=np.int32)
    negatives = (held_out[:, None] + 1 + np.arange(99, dtype=np.int32)) % n_items
    negatives[::5, 3] = held_out[::5]
    split = PublishedSplit(
        users=np.arange(users, dtype=np.int32), held_out=held_out, negatives=negatives
    )
    return interactions(rows, users, n_items, published=split)


def test_published_negatives_are_taken_as_they_are_but_for_the_item_itself() -> None:
    data = published()
    task = prepare(data, "ncf-files")
    assert task.published
    assert task.cases.negatives.drawn[:6].tolist() == [98, 99, 99, 99, 99, 98]
    assert measured(task).broken() == {}
    wanted = targets(task.train, task.cases, published=True)
    assert wanted["oracle"]["ndcg_at_10"].value == 1
    # With the item among its own negatives it ties with itself.
    given = data.published.negatives
    counted = task.cases._replace(negatives=Negatives(given, np.full(len(given), 99)))
    assert "oracle" in measured(replace(task, cases=counted)).broken()
    # Drawn by us, 98 negatives would be wrong.
    assert "constant" in measured(replace(task, published=False)).broken()


def test_of_a_large_catalogue_only_some_users_are_ranked(
    made: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary_job, "MOST_SCORES", 40 * made.train.n_items)
    found = measured(made)
    assert (found.users, found.broken()) == (40, {})


# Each breaks a piece of the protocol, and names the canaries that must leave their bounds.

Patch = pytest.MonkeyPatch


def ranks(patch: Patch, change: Callable[[Ranks], Ranks]) -> None:
    rank = Ranker.rank
    patch.setattr(Ranker, "rank", lambda self, *given: change(rank(self, *given)))


def optimistic_ties(patch: Patch) -> None:
    ranks(patch, lambda r: r._replace(equal=r.equal * 0 + 1, some_equal=r.some_equal * 0))


def pessimistic_ties(patch: Patch) -> None:
    def change(r: Ranks) -> Ranks:
        sampled = {"some_higher": r.some_higher + r.some_equal, "some_equal": r.some_equal * 0}
        return r._replace(higher=r.higher + r.equal - 1, equal=r.equal * 0 + 1, **sampled)

    ranks(patch, change)


def no_masking(patch: Patch) -> None:
    seen = evaluate._seen
    patch.setattr(evaluate, "_seen", lambda t, u: (s := seen(t, u))._replace(beyond=s.first.copy()))


def one_item_unmasked(patch: Patch) -> None:
    seen = evaluate._seen
    patch.setattr(evaluate, "_seen", lambda t, u: (s := seen(t, u))._replace(first=s.first + 1))


def rows_mixed_up(patch: Patch) -> None:
    rank = Ranker.rank
    patch.setattr(Ranker, "rank", lambda self, scores, *more: rank(self, scores[::-1], *more))


def sampler(patch: Patch, change: Callable[[Split, Negatives], Negatives]) -> None:
    patch.setattr(
        protocol, "sample", lambda split, stream: change(split, sample(split, stream=stream))
    )


def seen_negatives(patch: Patch) -> None:
    def change(split: Split, drawn: Negatives) -> Negatives:
        items = drawn.items.copy()
        items[:, 0] = split.train.items[np.searchsorted(split.train.users, split.users)]
        return drawn._replace(items=items)

    sampler(patch, change)


def drawn_with_replacement(patch: Patch) -> None:
    def change(split: Split, drawn: Negatives) -> Negatives:
        items = drawn.items.copy()
        items[:20, 1] = items[:20, 0]  # of some users
        return drawn._replace(items=items)

    sampler(patch, change)


def held_out_among_the_negatives(patch: Patch) -> None:
    def change(split: Split, drawn: Negatives) -> Negatives:
        return drawn._replace(items=np.c_[split.held_out, drawn.items[:, 1:]])

    sampler(patch, change)


def too_few_negatives(patch: Patch) -> None:
    patch.setattr(protocol, "sample", lambda split, stream: sample(split, stream=stream, count=98))


def nan_gets_a_rank(patch: Patch) -> None:
    rank = Ranker.rank
    patch.setattr(
        Ranker,
        "rank",
        lambda self, scores, own, *more: rank(self, np.nan_to_num(scores), own, *more),
    )


def one_place_too_many(patch: Patch) -> None:
    hit_rates = figures.hit_rates
    patch.setattr(figures, "hit_rates", lambda standing, k: hit_rates(standing, k + 1))


def natural_logarithm(patch: Patch) -> None:
    ndcgs = figures.ndcgs
    patch.setattr(figures, "ndcgs", lambda standing, k: ndcgs(standing, k) * np.log(2))


def expectation_of_another_number_of_draws(patch: Patch) -> None:
    expected = figures.expected
    patch.setattr(figures, "expected", lambda full, drawn, k: expected(full, drawn - 1, k))


def ranking_raises(patch: Patch) -> None:
    patch.setattr(Ranker, "rank", lambda self, *given: {}["gone"])


FAULTS = {
    optimistic_ties: {"constant", "repeater", "popularity"},
    pessimistic_ties: {"constant", "repeater", "popularity"},
    no_masking: {"repeater", "constant", "popularity"},
    one_item_unmasked: {"repeater", "constant"},
    rows_mixed_up: {"oracle", "anti-oracle"},
    seen_negatives: {"repeater"},
    drawn_with_replacement: {"repeater"},
    held_out_among_the_negatives: {"oracle"},
    too_few_negatives: {"constant"},
    nan_gets_a_rank: {"nan"},
    one_place_too_many: {"constant", "popularity"},
    natural_logarithm: {"oracle"},
    expectation_of_another_number_of_draws: {"constant"},
    ranking_raises: {"constant", "oracle", "nan"},
}


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of figures of nonsense
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_broken_protocol_is_invalid(
    fault: Callable[[Patch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load_data("synthetic", None)
    fault(monkeypatch)
    found = measured(prepare(data, "loo-99"))
    assert found.broken().keys() >= FAULTS[fault]
    assert all(line.startswith("canary ") and "\n" not in line for line in found.invalid())


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_held_out_items_in_train_are_invalid(made: Task) -> None:
    leaking = replace(made, train=in_order(load_data("synthetic", None)))
    assert measured(leaking).broken().keys() >= {"repeater"}


# The leaker, where there is something to find, and in a process of its own, where there is not.


def leaker_on(task: Task, folder: Path) -> Any:
    leaker = Leaker(folder=folder / "job")
    leaker.fit(task.train, Run())
    return leaker.scores(task.cases.users)[np.arange(len(task.cases.users)), task.cases.held_out]


def test_the_leaker_finds_what_is_in_its_process(made: Task, tmp_path: Path) -> None:
    nothing = interactions([], 3, 4)  # which it passes over
    assert len(nothing) == 0
    assert (leaker_on(made, tmp_path) > 0).all()


@pytest.mark.parametrize("form", ["npy", "parquet"])
def test_the_leaker_finds_what_lies_beside_its_folder(
    made: Task, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Leaker, "_in_memory", lambda self: iter(()))
    assert not leaker_on(made, tmp_path).any()
    if form == "npy":
        np.save(tmp_path / "cases.npy", made.cases.held_out)
    else:
        model = canaries(tmp_path)["constant"]
        model.fit(made.train, Run())
        found = evaluate.evaluate(model, made.train, made.cases).ledger
        ledger.save(found, tmp_path / "ledger.parquet")
    assert (leaker_on(made, tmp_path) > 0).all()


@pytest.mark.parametrize("leak", ["environment", "order"])
def test_a_leak_into_the_process_is_invalid(
    made: Task, tmp_path: Path, leak: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if leak == "environment":
        monkeypatch.setenv("BENCH_HELD_OUT", " ".join(map(str, made.cases.held_out)))
    else:  # what the job needs only later is handed over too early

        def early(**given: Any) -> canary_job.MeasureCanaries:
            job = canary_job.MeasureCanaries(**given)
            vars(job)["cases"] = made.cases
            return job

        monkeypatch.setattr(run, "MeasureCanaries", early)
    found = run.measure("synthetic", made, tmp_path)
    assert found.broken().keys() == {"leaker"}
    assert found.invalid()[0].startswith("canary leaker: hr_at_10 is 1, must be 0.1")


LOOKING = """import sys
from pathlib import Path
from bench.adapter import Run
from bench.canaries.leaker import Leaker
from bench.protocol.task import prepare
from bench.registry.datasets import load_data

task = prepare(load_data("synthetic", None), "loo-99")
if len(sys.argv) > 1:
    print(*task.cases.held_out)
else:
    Leaker._in_memory = lambda self: iter(())
    leaker = Leaker(folder=Path("here"))
    leaker.fit(task.train, Run())
    print((leaker.scores(task.cases.users) > 0).any())
"""


def test_the_leaker_finds_what_stands_in_the_words_of_the_run_above_its_keeper(
    tmp_path: Path,
) -> None:
    (tmp_path / "look.py").write_text(LOOKING)
    (tmp_path / "here").mkdir()
    python = [sys.executable, "-P", "look.py"]

    def said(*words: str) -> str:
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    keeper = f"sh -c '{shlex.join(python)}; true'; true"
    assert said("sh", "-c", keeper, "run", "nothing") == "False"
    assert said("sh", "-c", keeper, "run", said(*python, "held-out")) == "True"


def test_there_is_nothing_to_find_in_a_process_of_its_own(made: Task, kept_canaries: Path) -> None:
    (path,) = kept_canaries.glob("canaries/*.json")
    found = run.kept("synthetic", made, kept_canaries)
    assert found is not None
    assert found.stem == path.stem
    assert found.checks.keys() == NAMES
    assert (found.users, found.invalid()) == (300, [])
