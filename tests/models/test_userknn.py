"""User neighbours, and the similarities shared with item neighbours, against plain loops."""

import math
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import interactions, some_interactions
from numpy.typing import NDArray

from bench.adapter import Run
from bench.interactions import Interactions
from bench.registry.models import adapter_class, load_module

neighbours = import_module("bench.models.shared.neighbours")
Dense = NDArray[np.float64]


def weigh(row: Dense, others: Dense, weights: str) -> Dense:
    """One row of ones, weighted as a document among the others."""
    rarity = np.array([math.log(len(others) / (1 + column.sum())) for column in others.T])
    if weights == "ones":
        return row
    if weights == "tf-idf":
        return np.asarray(row * rarity)
    norm = 1 - 0.75 + 0.75 * row.sum() / max(others.sum(axis=1).mean(), 1e-12)
    return np.asarray(row * 2.2 / (1.2 * norm + 1) * rarity)


def similarity(x: Dense, y: Dense, measure: str, alpha: float, shrinkage: float) -> float:
    """Of two rows, as in the docstring of nearest."""
    product, x_norm, y_norm = float(x @ y), math.hypot(*x), math.hypot(*y)
    denominator = {
        "cosine": x_norm * y_norm,
        "asymmetric": x_norm ** (2 * alpha) * y_norm ** (2 * (1 - alpha)),
        "jaccard": x_norm**2 + y_norm**2 - product,
    }[measure]
    return product / (denominator + shrinkage) if product else 0.0


def weighted(documents: Dense, weights: str) -> Dense:
    return np.array([weigh(row, documents, weights) for row in documents])


def all_similarities(rows: Dense, *how: Any) -> Dense:
    found = np.array([[similarity(x, y, *how) for y in rows] for x in rows])
    np.fill_diagonal(found, 0)
    return found


def fitted(train: Interactions, **params: Any) -> Any:
    model = adapter_class("userknn")(**params)
    model.fit(train, Run(seed=0))
    return model


how = {
    "weights": st.sampled_from(["ones", "tf-idf", "bm25"]),
    "measure": st.sampled_from(["cosine", "asymmetric", "jaccard"]),
    "alpha": st.floats(0, 1),
    "shrinkage": st.sampled_from([0.0, 0.5, 20.0]),
}


@settings(max_examples=60)
@given(train=some_interactions(), k=st.integers(1, 8), **how)
def test_each_row_keeps_its_k_nearest(
    train: Interactions, k: int, weights: str, measure: str, alpha: float, shrinkage: float
) -> None:
    rows = neighbours.weighted(train.matrix(), weights)
    found = neighbours.nearest(rows, k, shrinkage, measure, alpha).toarray()
    documents = train.matrix().toarray().astype(np.float64)
    expected = all_similarities(weighted(documents, weights), measure, alpha, shrinkage)
    kept = found != 0
    np.testing.assert_allclose(found[kept], expected[kept], rtol=1e-4)
    for row, expected_row in zip(found, expected, strict=True):
        # Which of several equally near ones are kept is open.
        best = np.sort(expected_row)[::-1][:k]
        np.testing.assert_allclose(np.sort(row)[::-1][:k], best, rtol=1e-4, atol=1e-9)
        assert (row != 0).sum() <= k


@settings(max_examples=30)
@given(train=some_interactions(), reverse=st.booleans(), **how)
def test_scores_are_the_similarities_of_those_who_have_the_item(
    train: Interactions,
    reverse: bool,
    weights: str,
    measure: str,
    alpha: float,
    shrinkage: float,
) -> None:
    params = {"weights": weights, "measure": measure, "alpha": alpha, "shrinkage": shrinkage}
    model = fitted(train, k=train.n_users, reverse=reverse, **params)
    # Items are the documents, users their words.
    rows = weighted(train.matrix().toarray().T.astype(np.float64), weights).T
    similarities = all_similarities(rows, measure, alpha, shrinkage)
    expected = (similarities.T if reverse else similarities) @ rows
    scores = model.scores(np.arange(train.n_users, dtype=np.int32))
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)


def test_reverse_asks_who_counts_the_user_among_the_nearest() -> None:
    # User 1 is nearest to 0 and to 2; 1's nearest is 0.
    rows = [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0), (1, 2, 0), (2, 2, 0), (2, 3, 0)]
    plain = {"k": 1, "measure": "jaccard", "weights": "ones"}
    own = fitted(interactions(rows), reverse=False, **plain)._similarity.toarray() > 0
    reverse = fitted(interactions(rows), reverse=True, **plain)._similarity.toarray() > 0
    assert own.tolist() == [[False, True, False], [True, False, False], [False, True, False]]
    np.testing.assert_array_equal(reverse, own.T)


@settings(max_examples=40)
@given(train=some_interactions(), k=st.integers(1, 4), measure=how["measure"])
def test_of_equally_near_rows_those_are_kept_that_a_dense_matrix_would_keep(
    train: Interactions, k: int, measure: str
) -> None:
    rows = train.matrix()
    every = neighbours.nearest(rows, train.n_users, 1.0, measure).toarray()
    k = min(k, train.n_users)
    expected = np.zeros_like(every)
    for row, kept in zip(every, expected, strict=True):
        taken = np.argpartition(row, -k)[-k:]
        kept[taken] = row[taken]
    found = neighbours.nearest(rows, k, 1.0, measure)
    np.testing.assert_array_equal(found.toarray(), expected)
    assert found.has_sorted_indices and (found.data > 0).all()


def test_the_size_of_a_block_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = load_module("datasets", "synthetic").load(n_users=50, n_items=40).matrix()
    at_once = neighbours.nearest(rows, 7, 3.0)
    monkeypatch.setattr(neighbours, "NUMBERS_AT_ONCE", 150)  # 3 rows
    in_blocks = neighbours.nearest(rows, 7, 3.0)
    np.testing.assert_array_equal(at_once.toarray(), in_blocks.toarray())


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"measure": "pearson"}, "measure must be one of cosine, asymmetric, jaccard"),
        ({"weights": "okapi"}, "weights must be one of ones, tf-idf, bm25"),
        ({"k": 0}, "k must be at least 1, not 0"),
    ],
)
def test_what_there_is_not_fails_in_one_line(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted(interactions([(0, 0, 0), (1, 0, 0)]), **params)
