"""The multiverse: its boards one by one, what it says of models and pairs, and wrong input."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.compare.multiverse import Multiverse, Universe, multiverse
from bench.errors import Problem, UnknownName
from bench.evaluation import figures
from bench.evaluation.ledger import Ledger, load
from bench.evaluation.metrics import Standing, hit_rates, ndcgs
from bench.leaderboard.write import board_of
from bench.records.folder import Results

RESULTS = Path(__file__).resolve().parents[2] / "results"
USERS, ITEMS = 40, 1500


def ledger(seed: int, mean_rank: float, ties: int = 0, items: int = ITEMS) -> Ledger:
    """Made up: better is geometric."""
    chance = np.random.default_rng(seed)
    candidates = np.full(USERS, items - 20)
    better = np.minimum(chance.geometric(1 / mean_rank, USERS) - 1, candidates - 1 - ties)
    full = Standing(better, np.full(USERS, ties), candidates)
    sampled = Standing(np.zeros(USERS, int), np.zeros(USERS, int), np.full(USERS, 100))
    none = np.zeros(USERS, dtype=np.float32)
    return Ledger(
        user_ids=np.arange(USERS),
        item_ids=np.arange(USERS) % 7,
        sampled=sampled,
        full=full,
        recommended=np.full((USERS, 10), -1, dtype=np.int32),
        novelty=none,
        popularity=none,
        diversity=None,
        n_items=items,
    )


def of_figures(**columns: list[float]) -> Multiverse:
    """Two universes that differ in the negatives, and two in the cutoff."""
    universes = [
        Universe(negatives, k, "HR", "mean", "equal") for negatives in ("99", "all") for k in "59"
    ]
    return Multiverse(tuple(columns), tuple(universes), np.array(list(columns.values())).T)


def test_there_are_144_boards_and_each_is_its_formula() -> None:
    models = {"near": [ledger(0, 20), ledger(1, 25)], "far": [ledger(2, 60, ties=3)]}
    popularity = np.arange(USERS)  # that of the first user counts as 1
    found = multiverse(models, popularity)
    assert len(found.universes) == len(set(found.universes)) == 144
    inverse = 1 / np.maximum(popularity, 1)
    for universe, row in zip(found.universes, found.figures, strict=True):
        if universe.negatives != "all":
            continue
        metric = {"HR": hit_rates, "NDCG": ndcgs}[universe.metric]
        orders = {"worst": Standing.pessimistic, "best": Standing.optimistic}
        order = orders.get(universe.ties, Standing._replace)
        weights = np.ones(USERS) if universe.users == "equal" else inverse
        for model, figure in zip(models, row, strict=True):
            of_seeds = [metric(order(each.full), int(universe.k)) for each in models[model]]
            assert figure == pytest.approx(np.average(np.mean(of_seeds, axis=0), weights=weights))


def test_at_99_it_is_the_exact_figure_of_the_board() -> None:
    one = ledger(0, 20, ties=2)
    found = multiverse({"m": [one]})
    at = found.universes.index(Universe("99", "10", "NDCG", "mean", "equal"))
    assert found.figures[at, 0] == pytest.approx(figures.figures(one)["ndcg_at_10_expected"])


def test_without_popularity_all_users_count_the_same() -> None:
    models = {"a": [ledger(0, 20)], "b": [ledger(1, 30)]}
    half, whole = multiverse(models), multiverse(models, np.arange(USERS) + 1)
    assert len(half.universes) == 72
    equal = [each.users == "equal" for each in whole.universes]
    assert half.figures == pytest.approx(whole.figures[equal])


def test_a_small_catalogue_has_no_more_negatives_than_items() -> None:
    found = multiverse({"m": [ledger(0, 20, items=300)]})
    assert found.options("negatives") == ["99", "all"]


def test_equal_figures_beat_nobody_by_how_their_sums_were_rounded() -> None:
    one = ledger(0, 20)
    standings = [counts[::-1].copy() for counts in one.full]  # of the same users, the other way
    found = multiverse({"one": [one], "other": [replace(one, full=Standing(*standings))]})
    assert (found.duel("one", "other").wins, found.duel("one", "other").losses) == (0, 0)


def test_places_count_those_ahead() -> None:
    found = of_figures(a=[3, 3, 1, 1], b=[2, 2, 2, 1], c=[1, 1, 3, 1])
    assert found.places.tolist() == [[1, 2, 3], [1, 2, 3], [3, 2, 1], [1, 1, 1]]
    assert found.places_of("a") == (1, 1.0, 3, 3)
    assert found.places_of("b") == (1, 2.0, 2, 1)
    assert found.at_place(1) == {"a": 3, "c": 2, "b": 1}
    assert found.unchanged_pairs() == 0  # none is ahead where all are equal
    assert found.unchanged_pairs(0.75) == 0
    assert found.unchanged_pairs(0.5) == 3


@pytest.mark.parametrize(
    "a, said",
    [
        ([3, 3, 3, 3], "a beats b on all 4"),
        ([1, 1, 1, 1], "a beats b on none of 4"),
        ([2, 1, 1, 1], "a beats b on none of 4, equal on 1"),
        (
            [1, 1, 3, 3],
            "a beats b on 2 of 4; decided by the negatives: none at 99, all at full ranking",
        ),
        (
            [1, 3, 3, 3],
            "a beats b on 3 of 4; decided by the negatives: .50 of boards at 99,"
            " all at full ranking",
        ),
        (
            [1, 3, 1, 3],
            "a beats b on 2 of 4; decided by the cutoff: none at K = 5, all at K = 9",
        ),
        ([1, 3, 3, 1], "a beats b on 2 of 4; no single decision turns it"),
    ],
)
def test_a_duel_says_what_turns_it(a: list[float], said: str) -> None:
    assert str(of_figures(a=a, b=[2, 2, 2, 2]).duel("a", "b")) == said


def test_wrong_input_is_one_line() -> None:
    one = ledger(0, 20)
    with pytest.raises(Problem, match="no ledgers"):
        multiverse({})
    with pytest.raises(Problem, match=r"^other: its ledger is of other users or test items"):
        multiverse({"m": [one], "other": [replace(one, item_ids=one.item_ids[::-1])]})
    with pytest.raises(Problem, match=r"^3 test items in the data, but 40 users in the ledgers$"):
        multiverse({"m": [one]}, np.ones(3))
    with pytest.raises(UnknownName, match="unknown model 'n'"):
        multiverse({"m": [one]}).duel("m", "n")


def test_the_published_board_of_movielens_100k() -> None:
    """Of the rows that were there when a study by other code looked at it."""
    results = Results(RESULTS / "ml-100k-all")
    (section,) = board_of(results)
    models = {
        row.model: [load(results.ledger_of(record)) for record in row.records]
        for row in section.rows
        if not row.model.endswith(" (recent)")
    }
    found = multiverse(models)
    assert found.at_place(1) == {"sasrec": 72}
    duel = found.duel("ials", "neumf")
    assert duel.ends.decision == "negatives"
    assert (duel.ends.least, duel.ends.most, duel.ends.most_share) == ("99", "all", 1.0)
