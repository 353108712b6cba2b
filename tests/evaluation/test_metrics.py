"""Metrics against a brute-force reference that tries every order of the ties."""

from itertools import pairwise, permutations
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.evaluation.figures import CUTOFFS, summary
from bench.evaluation.metrics import Standing, hit_rates, ndcgs, reciprocal_ranks, standard_error


def one(better: int, equal: int, candidates: int) -> Standing:
    return Standing(np.array([better]), np.array([equal]), np.array([candidates]))


def brute_force(scores: list[int], k: int) -> tuple[float, float, float]:
    """Hit rate, NDCG and reciprocal rank of item 0 over all orders of the candidates.

    Orders are kept in which scores never rise: those that a sort could give.
    """
    hits, gains, reciprocals = [], [], []
    for order in permutations(range(len(scores))):
        if all(scores[a] >= scores[b] for a, b in pairwise(order)):
            place = order.index(0)
            hits.append(1.0 if place < k else 0.0)
            gains.append(1 / log2(place + 2) if place < k else 0.0)
            reciprocals.append(1 / (place + 1) if place < k else 0.0)
    return float(np.mean(hits)), float(np.mean(gains)), float(np.mean(reciprocals))


@given(st.lists(st.integers(0, 2), min_size=1, max_size=6), st.integers(1, 9))
def test_expected_value_over_ties_is_the_mean_over_all_orders(scores: list[int], k: int) -> None:
    standing = one(
        better=sum(score > scores[0] for score in scores),
        equal=scores.count(scores[0]) - 1,
        candidates=len(scores),
    )
    found = (hit_rates(standing, k)[0], ndcgs(standing, k)[0], reciprocal_ranks(standing, k)[0])
    assert found == pytest.approx(brute_force(scores, k))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(1, 120))
def test_bounds_enclose_the_expected_value(better: int, equal: int, worse: int, k: int) -> None:
    standing = one(better, equal, better + equal + 1 + worse)
    for metric in (hit_rates, ndcgs, reciprocal_ranks):
        low = metric(standing.pessimistic(), k)[0]
        high = metric(standing.optimistic(), k)[0]
        assert low - 1e-12 <= metric(standing, k)[0] <= high + 1e-12
        assert equal > 0 or low == pytest.approx(high)


@given(st.integers(1, 300), st.integers(1, 300))
def test_a_constant_model_gets_k_out_of_all_candidates(candidates: int, k: int) -> None:
    standing = one(0, candidates - 1, candidates)
    assert hit_rates(standing, k)[0] == pytest.approx(min(k / candidates, 1))


def test_a_cutoff_beyond_the_candidates_is_a_sure_hit() -> None:
    standing = one(better=2, equal=1, candidates=4)
    assert hit_rates(standing, 100)[0] == 1
    assert ndcgs(standing, 100)[0] == pytest.approx((1 / log2(4) + 1 / log2(5)) / 2)


def test_reciprocal_rank_without_a_cutoff_reaches_the_last_place() -> None:
    assert reciprocal_ranks(one(249, 0, 250))[0] == pytest.approx(1 / 250)


def test_popularity_worked_out_by_hand() -> None:
    # Three users; their held-out items stand first, third, and tied for second and third.
    standing = Standing(np.array([0, 2, 1]), np.array([0, 0, 1]), np.array([4, 4, 4]))
    found = summary(standing)
    assert found["hr_at_1"] == pytest.approx(1 / 3)
    assert found["ndcg_at_5"] == pytest.approx((1 + 1 / 2 + (1 / log2(3) + 1 / 2) / 2) / 3)
    assert found["mrr"] == pytest.approx((1 + 1 / 3 + (1 / 2 + 1 / 3) / 2) / 3)
    assert found["hr_at_10_low"] == found["hr_at_10_high"] == 1


def test_summary_names_every_cutoff() -> None:
    found = summary(one(3, 0, 10), "full_")
    for k in CUTOFFS:
        assert {f"full_hr_at_{k}", f"full_ndcg_at_{k}", f"full_mrr_at_{k}"} <= found.keys()


def test_standard_error_of_a_proportion() -> None:
    values = np.array([1.0] * 30 + [0.0] * 70)
    assert standard_error(values) == pytest.approx(np.sqrt(0.3 * 0.7 / 99))
    assert standard_error(values[:1]) == 0
