"""Places among drawn negatives against scipy, enumeration of every draw, and the harness's own."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from bench.compare.places import LENGTH, TIES, place_chances, places
from bench.evaluation.expectation import expected
from bench.evaluation.metrics import Standing, hit_rates, ndcgs

GAINS = 1 / np.log2(np.arange(LENGTH) + 2)
EQUAL = {"mean": Standing._replace, "worst": Standing.pessimistic, "best": Standing.optimistic}


def standings(least: int = 1, most: int = 12) -> st.SearchStrategy[Standing]:
    """Of up to 12 users."""

    def user(others: int) -> st.SearchStrategy[tuple[int, int, int]]:
        better = st.integers(0, others)
        return better.flatmap(
            lambda b: st.tuples(st.just(b), st.integers(0, others - b), st.just(others + 1))
        )

    users = st.lists(st.integers(0, 60).flatmap(user), min_size=least, max_size=most)
    return users.map(lambda rows: Standing(*np.array(rows, dtype=np.int64).T))


@given(st.integers(1, 4000), st.data())  # scipy knows none of 0
def test_chances_are_scipys(others: int, data: st.DataObject) -> None:
    ahead = data.draw(st.integers(0, others))
    drawn = data.draw(st.integers(0, others))
    found = place_chances(*(np.array([n]) for n in (ahead, others, drawn)))[0]
    again = hypergeom(others, ahead, drawn).pmf(np.arange(LENGTH))
    assert found == pytest.approx(again, abs=1e-9)


def test_chances_add_up_to_one_in_a_huge_catalogue() -> None:
    others = np.full(4, 10**9)
    found = place_chances(np.array([0, 10**7, 3, 10**6]), others, np.full(4, 99))
    assert found.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-12)


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.data())
def test_places_are_the_mean_over_every_draw(
    better: int, equal: int, worse: int, data: st.DataObject
) -> None:
    others = [1] * better + [0] * equal + [-1] * worse
    drawn = data.draw(st.integers(0, len(others)))
    full = Standing(*(np.array([n]) for n in (better, equal, len(others) + 1)))
    found = places(full, drawn, np.ones((1, 1)))[:, 0]
    sums = dict.fromkeys(TIES, np.zeros(LENGTH))
    draws = list(combinations(others, drawn))
    for draw in draws:
        ahead, tied = draw.count(1), draw.count(0)
        sums["best"] = sums["best"] + np.eye(LENGTH)[ahead]
        sums["worst"] = sums["worst"] + np.eye(LENGTH)[ahead + tied]
        spread = np.eye(LENGTH)[ahead : ahead + tied + 1].mean(axis=0)
        sums["mean"] = sums["mean"] + spread
    for name, row in zip(TIES, found, strict=True):
        assert row == pytest.approx(sums[name] / len(draws))


@given(standings(), st.sampled_from([1, 5, 99]), st.sampled_from([5, 10, 20]))
def test_they_give_the_exact_figures_of_the_board(full: Standing, drawn: int, k: int) -> None:
    m = len(full.better)
    weights = np.full((1, m), 1 / m)
    for name, row in zip(TIES, places(full, drawn, weights)[:, 0], strict=True):
        one_order = EQUAL[name](full)
        again = expected(one_order, np.minimum(full.candidates - 1, drawn), k)
        assert row[:k].sum() == pytest.approx(again.hit_rate)
        assert (row * GAINS)[:k].sum() == pytest.approx(again.ndcg)


@given(standings(), st.sampled_from([5, 10, 20]))
def test_among_all_items_they_give_the_full_figures(full: Standing, k: int) -> None:
    m = len(full.better)
    weights = np.random.default_rng(0).dirichlet(np.ones(m), 2)
    for name, row in zip(TIES, places(full, None, weights), strict=True):
        one_order = EQUAL[name](full)
        assert row[:, :k].sum(axis=1) == pytest.approx(weights @ hit_rates(one_order, k))
        assert row[:, :k] @ GAINS[:k] == pytest.approx(weights @ ndcgs(one_order, k))


@given(standings())
def test_as_many_as_there_are_is_all_of_them(full: Standing) -> None:
    weights = np.full((1, len(full.better)), 1 / len(full.better))
    assert places(full, 10_000, weights) == pytest.approx(places(full, None, weights))
