"""Ranking by counting, and what happens to scores that cannot be ranked."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, some_interactions

from bench.adapter import Adapter, Run
from bench.evaluation.evaluate import evaluate, latencies, look
from bench.evaluation.figures import figures
from bench.evaluation.lists import intra_list_diversity, matrix_of
from bench.evaluation.scores import BadScores
from bench.interactions import Features, Floats, Ids, Interactions
from bench.protocol.negatives import sample
from bench.protocol.split import Split, Touched
from bench.protocol.task import BadProtocol, Cases, Task, prepare


@dataclass(kw_only=True)
class Fixed(Adapter):
    """Scores that were written down beforehand."""

    table: Any = field(default=None)

    def fit(self, train: Interactions, run: Run) -> None:
        pass

    def scores(self, users: Ids) -> Floats:
        return self.table[users]  # type: ignore[no-any-return]


def task_of(n_users: int = 4, n_items: int = 200) -> Task:
    rows = [(u, (7 * u + 3 * i) % n_items, i) for u in range(n_users) for i in range(6)]
    return prepare(interactions(rows, n_users, n_items), "loo-99")


def standings_by_hand(table: Floats, task: Task) -> list[tuple[int, ...]]:
    """better, equal, candidates for sampled and full, by loops over users and items."""
    train, cases, found = task.train, task.cases, []
    for row, (user, held_out) in enumerate(zip(cases.users, cases.held_out, strict=True)):
        touched = set(train.items[train.users == user].tolist()) | {int(held_out)}
        drawn = int(cases.negatives.drawn[row])
        own = table[user, held_out]
        line: list[int] = []
        for others in (
            cases.negatives.items[row, :drawn].tolist(),
            [item for item in range(train.n_items) if item not in touched],
        ):
            theirs = table[user, others]
            line += [int((theirs > own).sum()), int((theirs == own).sum()), len(others) + 1]
        found.append(tuple(line))
    return found


@given(some_interactions(users=5, items=130), st.integers(1, 5), st.integers(0, 2**32))
def test_standings_are_those_of_a_slow_reference(
    data: Interactions, levels: int, seed: int
) -> None:
    try:
        task = prepare(data, "loo-99")
    except BadProtocol:
        return  # nobody has three items
    rng = np.random.default_rng(seed)
    table = rng.integers(0, levels, (data.n_users, data.n_items)).astype(np.float32)
    ledger = evaluate(Fixed(table=table), task.train, task.cases).ledger
    found = list(zip(*ledger.sampled, *ledger.full, strict=True))
    assert [tuple(map(int, line)) for line in found] == standings_by_hand(table, task)


@given(
    some_interactions(users=5, items=130, testable=True),
    st.sampled_from([0.0, 0.2, 1.0]),
    st.booleans(),
    st.integers(1, 4),
    st.integers(0, 2**32),
)
def test_with_a_pool_there_are_three_standings(
    data: Interactions, share: float, with_pool: bool, levels: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    task = prepare(data, "loo-99")
    train, cases = task.train, task.cases
    pool = rng.random(data.n_items) < share
    pool[cases.held_out] = True
    seen = {u: set(train.items[train.users == u].tolist()) for u in cases.users.tolist()}
    own = dict(zip(cases.users.tolist(), cases.held_out.tolist(), strict=True))
    further = {u: [i for i in range(0, 130, 3) if i not in seen[u] | {own[u]}] for u in seen}
    rows = np.repeat(np.arange(len(further)), [len(items) for items in further.values()])
    touched = Touched.of_rows(
        rows, np.concatenate(list(further.values())).astype(np.int32), len(further)
    )
    split = Split(
        train=train,
        users=cases.users,
        held_out=cases.held_out,
        pool=pool if with_pool else None,
        touched=touched,
    )
    negatives = sample(split, stream="0/test", count=7)
    cases = Cases(cases.users, cases.held_out, negatives, split.pool, touched)
    table = rng.integers(0, levels, (data.n_users, data.n_items)).astype(np.float32)
    ledger = evaluate(Fixed(table=table), train, cases).ledger
    assert (ledger.beside is not None) == with_pool
    standings = [ledger.sampled, ledger.full, *([ledger.beside.standing] if ledger.beside else [])]
    for row, user in enumerate(own):
        rest = [i for i in range(130) if i not in seen[user] | set(further[user]) | {own[user]}]
        among = [i for i in rest if pool[i]] if with_pool else rest
        drawn = negatives.items[row, : negatives.drawn[row]].tolist()
        for others, standing in zip((drawn, among, rest), standings, strict=False):
            theirs, mine = table[user, others], table[user, own[user]]
            wanted = [(theirs > mine).sum(), (theirs == mine).sum(), len(others) + 1]
            assert [int(column[row]) for column in standing] == wanted
        best = sorted([*rest, own[user]], key=lambda i: (-table[user, i], i))[:10]
        assert ledger.recommended[row].tolist() == best + [-1] * (10 - len(best))
        if ledger.beside:
            assert ledger.beside.cold_in_top[row] == sum(bool(pool[i]) for i in best)


def test_seen_items_are_never_recommended_and_never_compete() -> None:
    task = task_of()
    table = np.zeros((4, 200), dtype=np.float32)
    table[task.train.users, task.train.items] = 100  # a repeater of what users have seen
    table[task.cases.users, task.cases.held_out] = 1
    found = evaluate(Fixed(table=table), task.train, task.cases).ledger
    assert figures(found)["full_hr_at_1"] == 1
    for user, items in zip(task.cases.users, found.recommended, strict=True):
        assert not set(items) & set(task.train.items[task.train.users == user])


def test_an_oracle_is_always_right_and_an_anti_oracle_never() -> None:
    task = task_of()
    table = np.zeros((4, 200), dtype=np.float32)
    table[task.cases.users, task.cases.held_out] = 1
    oracle = figures(evaluate(Fixed(table=table), task.train, task.cases).ledger)
    anti = figures(evaluate(Fixed(table=-table), task.train, task.cases).ledger)
    assert oracle["hr_at_1"] == oracle["full_hr_at_1"] == 1
    assert oracle["hr_at_10_expected"] == pytest.approx(1)
    assert anti["hr_at_50"] == anti["full_hr_at_100"] == 0


def test_a_constant_model_is_at_ten_in_a_hundred_with_its_bounds() -> None:
    task = task_of()
    found = figures(evaluate(Fixed(table=np.ones((4, 200), "f4")), task.train, task.cases).ledger)
    assert found["hr_at_10"] == pytest.approx(0.1)
    assert found["hr_at_10_expected"] == pytest.approx(0.1)
    assert (found["hr_at_10_low"], found["hr_at_10_high"]) == (0, 1)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.zeros((4, 199), "f4"), r"must return shape \(4, 200\), not \(4, 199\)"),
        (np.zeros((4, 200)), "must return float32, not float64"),
        (np.zeros((4, 200), "i4"), "must return float32, not int32"),
        (np.full((4, 200), np.nan, "f4"), "returned NaN for user 0, item 0"),
        (np.full((4, 200), np.inf, "f4"), "returned infinity for user 0, item 0"),
    ],
    ids=["shape", "float64", "int32", "NaN", "infinity"],
)
def test_bad_scores_are_refused(table: Any, message: str) -> None:
    task = task_of()
    with pytest.raises(BadScores, match=message):
        evaluate(Fixed(table=table), task.train, task.cases)


def test_a_single_nan_is_found_and_named_by_original_ids() -> None:
    rows = [(u, i, i) for u in range(3) for i in range(4)]
    names = np.array(["ann", "bob", "cyd"])
    task = prepare(interactions(rows, user_ids=names, item_ids=np.arange(4) * 10), "loo-99")
    table = np.zeros((3, 4), dtype=np.float32)
    table[1, 2] = np.nan
    with pytest.raises(BadScores, match="NaN for user bob, item 20"):
        evaluate(Fixed(table=table), task.train, task.cases)


def test_a_list_is_refused() -> None:
    task = task_of()

    @dataclass(kw_only=True)
    class Lists(Fixed):
        def scores(self, users: Ids) -> Any:
            return [[0.0] * 200] * len(users)

    with pytest.raises(BadScores, match="must return a numpy array, not list"):
        evaluate(Lists(), task.train, task.cases)


def test_a_buffer_that_the_model_uses_again_gives_the_right_ranks(monkeypatch: Any) -> None:
    task = task_of()
    table = np.random.default_rng(0).random((4, 200)).astype(np.float32)
    buffer = np.empty((4, 200), dtype=np.float32)

    @dataclass(kw_only=True)
    class Reusing(Fixed):
        def scores(self, users: Ids) -> Floats:
            buffer[: len(users)] = self.table[users]
            return buffer[: len(users)]

    monkeypatch.setattr("bench.evaluation.evaluate.MOST_USERS", 1)
    found = evaluate(Reusing(table=table), task.train, task.cases).ledger
    assert list(map(int, found.full.better)) == [row[3] for row in standings_by_hand(table, task)]


def test_read_only_and_transposed_scores_give_the_right_ranks() -> None:
    task = task_of()
    table = np.random.default_rng(0).random((4, 200)).astype(np.float32)
    frozen = np.asfortranarray(table)
    frozen.flags.writeable = False

    @dataclass(kw_only=True)
    class Transposed(Fixed):
        def scores(self, users: Ids) -> Floats:
            return self.table[:, :]  # type: ignore[no-any-return]

    found = evaluate(Transposed(table=frozen), task.train, task.cases).ledger
    lines = list(zip(*found.sampled, *found.full, strict=True))
    assert [tuple(map(int, line)) for line in lines] == standings_by_hand(table, task)


def test_a_look_is_the_sampled_hit_rate() -> None:
    task = task_of(n_users=30)
    table = np.random.default_rng(0).random((30, 200)).astype(np.float32)
    found = figures(evaluate(Fixed(table=table), task.train, task.cases).ledger)
    assert look(Fixed(table=table), task.train, task.cases) == found["hr_at_10"]


def test_latencies_are_one_for_each_user() -> None:
    task = task_of()
    table = np.zeros((4, 200), dtype=np.float32)
    found = latencies(Fixed(table=table), task.train, task.cases.users, lambda: None)
    assert len(found) == 4
    assert (found > 0).all()


def test_beyond_accuracy_by_hand() -> None:
    # Items 0, 1 and 2 are of users 0 and 1; both are recommended items 3 to 12 in that order.
    rows = [(u, i, i) for u in range(2) for i in range(3)] + [(2, i, i) for i in range(3, 7)]
    features = Features(
        categorical=np.zeros((20, 0), dtype=np.int32),
        categorical_names=(),
        categorical_sizes=(),
        multi_hot=np.eye(20, 2, dtype=bool),
        multi_hot_names=("a", "b"),
        dense=np.zeros((20, 0), dtype=np.float32),
        dense_names=(),
    )
    task = prepare(interactions(rows, n_items=20, item_features=features), "loo-99")
    table = np.tile(-np.arange(20, dtype=np.float32), (3, 1))
    ledger = evaluate(Fixed(table=table), task.train, task.cases).ledger
    assert ledger.recommended[0].tolist() == list(range(2, 12))
    shares = np.zeros(20)
    shares[[0, 1, 3, 4, 5]] = [2 / 3, 2 / 3, 1 / 3, 1 / 3, 1 / 3]
    assert ledger.popularity[0] == pytest.approx(shares[2:12].mean())
    information = -np.log2(np.maximum(shares, 1 / 3))
    assert ledger.novelty[0] == pytest.approx(information[2:12].mean())
    assert figures(ledger)["coverage_at_10"] == pytest.approx(len({*range(2, 12), 0, 1, 12}) / 20)


def test_diversity_is_the_mean_over_pairs() -> None:
    genres = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
    lists = matrix_of(np.array([[0, 1, 2], [0, 3, -1]], dtype=np.int32), 4)
    found = intra_list_diversity(genres, lists)
    assert found == pytest.approx([1 - (1 / np.sqrt(2)) / 3, 1.0])
