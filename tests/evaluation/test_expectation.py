"""The closed form against enumeration of every draw, and against simulation."""

from fractions import Fraction
from itertools import combinations
from math import comb
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.evaluation import expectation
from bench.evaluation.expectation import expected, place_probabilities
from bench.evaluation.metrics import Standing, hit_rates, ndcgs


def standing(better: object, equal: object, candidates: object) -> Standing:
    return Standing(*(np.atleast_1d(np.asarray(x)) for x in (better, equal, candidates)))


@given(st.integers(0, 4), st.integers(0, 3), st.integers(0, 4), st.data())
def test_it_is_the_mean_over_every_draw(
    better: int, equal: int, worse: int, data: st.DataObject
) -> None:
    others = [1] * better + [0] * equal + [-1] * worse
    drawn = data.draw(st.integers(0, len(others)))
    k = data.draw(st.integers(1, 6))
    hits, gains = [], []
    for sample in combinations(others, drawn):
        sampled = standing(sample.count(1), sample.count(0), drawn + 1)
        hits.append(hit_rates(sampled, k)[0])
        gains.append(ndcgs(sampled, k)[0])
    found = expected(standing(better, equal, len(others) + 1), np.array([drawn]), k)
    assert found.hit_rate == pytest.approx(np.mean(hits), abs=1e-9)
    assert found.ndcg == pytest.approx(np.mean(gains), abs=1e-9)
    assert found.hit_rate_sampling_se >= np.std(hits) - 1e-6
    assert found.ndcg_sampling_se >= np.std(gains) - 1e-6


def test_simulated_sampling_agrees_in_mean_and_error() -> None:
    rng = np.random.default_rng(0)
    better = rng.integers(0, 400, size=200)
    full = standing(better, np.zeros(200, int), np.full(200, 1500))
    figures = []
    for _ in range(400):
        ahead = rng.hypergeometric(better, 1499 - better, 99)
        sampled = standing(ahead, np.zeros(200, int), np.full(200, 100))
        figures.append((hit_rates(sampled, 10).mean(), ndcgs(sampled, 10).mean()))
    found = expected(full, np.full(200, 99), 10)
    means, errors = np.mean(figures, axis=0), np.std(figures, axis=0)
    assert abs(means[0] - found.hit_rate) < 4 * found.hit_rate_sampling_se / np.sqrt(400)
    assert abs(means[1] - found.ndcg) < 4 * found.ndcg_sampling_se / np.sqrt(400)
    assert errors[0] == pytest.approx(found.hit_rate_sampling_se, rel=0.15)
    assert errors[1] == pytest.approx(found.ndcg_sampling_se, rel=0.15)


def test_a_constant_model_is_at_ten_in_a_hundred_in_a_large_catalogue() -> None:
    found = expected(standing(0, 59_999, 60_000), np.array([99]), 10)
    assert found.hit_rate == pytest.approx(0.1, abs=1e-12)


def exactly(others: int, better: int, ties: int, drawn: int, k: int) -> list[float]:
    """P(place = r) in whole numbers, by the sum over the values of j or by Vandermonde's."""

    def up_to(last: int, r: int) -> int:
        ahead, behind = last + 1, others - last
        return sum(comb(ahead, x) * comb(behind, drawn + 1 - x) for x in range(r + 1, drawn + 2))

    whole = comb(others, drawn) * ties
    return [
        float(Fraction(up_to(better + ties - 1, r) - up_to(better - 1, r), whole)) for r in range(k)
    ]


@pytest.mark.parametrize("others", [5, 99, 120, 1_681, 84_000, 2_900_000, 10**7, 10**9])
@given(st.data())
@settings(max_examples=30)
def test_it_is_right_to_twelve_digits_whatever_the_catalogue(
    others: int, data: st.DataObject
) -> None:
    drawn = data.draw(st.sampled_from([min(others, 99), min(others, 5), min(others, 120)]))
    tenth = st.integers(0, 9).map(lambda digits: min(others, 10**digits))
    few = st.integers(0, 20)
    all_but_few = few.map(lambda n: max(0, others - n))
    better = min(others, data.draw(st.one_of(st.integers(0, others), few, tenth, all_but_few)))
    equal = data.draw(st.one_of(st.integers(0, others), few, tenth))
    equal = min(equal, others - better)
    found = place_probabilities(standing(better, equal, others + 1), np.array([drawn]), 10)[0]
    wanted = exactly(others, better, equal + 1, drawn, 10)
    assert np.abs(found - wanted).max() < 1e-12


@pytest.mark.parametrize(
    ("others", "better", "equal", "drawn"),
    [(2_900_000, 0, 3, 99), (10**9, 10**9 - 13, 10, 5), (10**9, 999_529_927, 470_073, 5)],
)
def test_few_equal_ones_at_either_end_are_as_exact(
    others: int, better: int, equal: int, drawn: int
) -> None:
    found = place_probabilities(standing(better, equal, others + 1), np.array([drawn]), 10)[0]
    assert np.abs(found - exactly(others, better, equal + 1, drawn, 10)).max() < 1e-13


@pytest.mark.parametrize("items", [70_000, 2_900_000, 10**7, 10**9])
def test_a_perfect_a_constant_and_a_reversed_model_are_as_known(items: int) -> None:
    drawn = np.array([99])
    assert expected(standing(0, 0, items), drawn, 10).hit_rate == pytest.approx(1, abs=1e-12)
    assert expected(standing(0, items - 1, items), drawn, 10).hit_rate == pytest.approx(
        0.1, abs=1e-12
    )
    assert expected(standing(items - 1, 0, items), drawn, 10).hit_rate == 0.0


def test_nearly_all_items_drawn_are_as_exact() -> None:
    for drawn in (400, 399, 390, 200):
        for better, equal in [(0, 0), (4, 2), (9, 0), (8, 300)]:
            full = standing(better, equal, 401)
            found = place_probabilities(full, np.array([drawn]), 10)[0]
            wanted = exactly(400, better, equal + 1, drawn, 10)
            assert np.abs(found - wanted).max() < 1e-12


def test_probabilities_of_all_places_add_up_to_one() -> None:
    full = standing([0, 10, 700], [0, 30, 5], [1000, 1000, 1000])
    places = place_probabilities(full, np.array([99, 99, 99]), 100)
    assert places.sum(axis=1) == pytest.approx([1, 1, 1])
    assert (places >= 0).all()


def test_drawing_everything_leaves_nothing_to_chance() -> None:
    full = standing([3, 12], [2, 0], [50, 50])
    found = expected(full, np.array([49, 49]), 10)
    assert found.hit_rate == pytest.approx(hit_rates(full, 10).mean())
    assert found.ndcg == pytest.approx(ndcgs(full, 10).mean())


def test_however_many_users_are_worked_on_at_a_time_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    better, drawn = rng.integers(0, 400, size=50), rng.integers(0, 100, size=50)
    full = standing(better, rng.choice([0, 1, 30], size=50), np.full(50, 1500))
    at_once = place_probabilities(full, drawn, 10)
    for users in (1, 7):
        with patch.object(expectation, "USERS", users):
            assert np.array_equal(place_probabilities(full, drawn, 10), at_once)
