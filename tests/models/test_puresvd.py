"""PureSVD against the full SVD of the dense matrix."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import interactions, some_interactions

from bench.adapter import Run
from bench.interactions import Interactions
from bench.registry.models import adapter_class, load_module

PLAIN = load_module("datasets", "synthetic").load(n_users=40, n_items=30)


def fitted(train: Interactions, seed: int = 0, **params: Any) -> Any:
    model = adapter_class("puresvd")(**params)
    model.fit(train, Run(seed=seed))
    return model


def every_score(model: Any, train: Interactions) -> Any:
    return model.scores(np.arange(train.n_users, dtype=np.int32))


@pytest.mark.parametrize("factors", [1, 5, 29])
def test_scores_are_the_best_approximation_of_that_rank(factors: int) -> None:
    left, values, right = np.linalg.svd(PLAIN.matrix().toarray().astype(np.float64))
    expected = (left[:, :factors] * values[:factors]) @ right[:factors]
    scores = every_score(fitted(PLAIN, factors=factors), PLAIN)
    np.testing.assert_allclose(scores, expected, atol=1e-4)


def test_the_seed_changes_nothing_but_rounding() -> None:
    one, other = (every_score(fitted(PLAIN, seed, factors=5), PLAIN) for seed in (0, 1))
    np.testing.assert_allclose(one, other, atol=1e-4)


@settings(max_examples=60)
@given(train=some_interactions(), factors=st.integers(1, 12))
def test_small_data_of_any_rank_are_approximated_as_well_as_can_be(
    train: Interactions, factors: int
) -> None:
    pairs = train.matrix().toarray().astype(np.float64)
    scores = every_score(fitted(train, factors=factors), train)
    values = np.linalg.svd(pairs, compute_uv=False)
    kept = min(factors, min(pairs.shape) - 1)
    # Where two singular values are equal the vectors are open, but not how far they reach.
    left_out = np.sqrt((values[kept:] ** 2).sum())
    assert np.linalg.norm(pairs - scores) == pytest.approx(left_out, abs=1e-3)


@pytest.mark.parametrize("rows", [[(0, 0, 0), (0, 2, 0)], []], ids=["one user", "no interaction"])
def test_a_matrix_without_a_second_row_is_its_own_approximation(
    rows: list[tuple[int, int, int]],
) -> None:
    train = interactions(rows, 1, 3)
    np.testing.assert_allclose(every_score(fitted(train), train), train.matrix().toarray())


def test_no_factors_fail_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"^puresvd: factors must be at least 1, not 0$"):
        fitted(PLAIN, factors=0)
