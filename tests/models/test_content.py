"""What is known of items, and the models that learn from it, against scikit-learn and numpy."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import interactions
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from bench.adapter import Run
from bench.evaluation.evaluate import evaluate
from bench.evaluation.figures import figures
from bench.interactions import Features, Interactions
from bench.protocol.task import prepare
from bench.registry.models import adapter_class

shared = import_module("bench.models.shared.content")
synthetic = import_module("bench.datasets.synthetic").load(
    n_users=60, n_items=40, interactions_per_user=8
)
NEW = np.array([3, 17, 30])  # of these items nobody has one
TRAIN: Interactions = synthetic.take(~np.isin(synthetic.items, NEW))
EVERYBODY = np.arange(TRAIN.n_users, dtype=np.int32)


def features(n: int, **known: Any) -> Features:
    """Of n items, of which nothing is known but what is given."""
    nothing: dict[str, Any] = {
        **{"categorical": np.zeros((n, 0), np.int32), "categorical_names": ()},
        **{"categorical_sizes": (), "multi_hot": np.zeros((n, 0), np.bool_)},
        **{"multi_hot_names": (), "dense": np.zeros((n, 0), np.float32), "dense_names": ()},
    }
    return Features(**nothing | known)


def rows_of(n: int, **known: Any) -> NDArray[np.float32]:
    found: NDArray[np.float32] = shared.content(features(n, **known), n).toarray()
    assert found.dtype == np.float32
    return found


def tags(*rows: Sequence[int]) -> dict[str, Any]:
    return {
        "multi_hot": np.array(rows, np.bool_),
        "multi_hot_names": tuple("abcdef"[: len(rows[0])]),
    }


def test_rare_tags_count_for_more_and_all_of_an_item_have_length_1() -> None:
    found = rows_of(4, **tags((1, 1), (1, 0), (1, 0), (0, 0)))
    common, rare = np.log(5 / 4) + 1, np.log(5 / 2) + 1  # ln((1 + n) / (1 + n with it)) + 1
    expected = np.array([[common, rare], [1, 0], [1, 0], [0, 0]])
    expected[0] /= np.hypot(common, rare)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_all_tags_together_are_a_category_of_two_items_or_more() -> None:
    many = tags((1, 1), (1, 1), (1, 0), (0, 1), (0, 1), (0, 0), (0, 0))
    found = rows_of(7, **many)
    both = shared.content(features(7, **many), 7, tag_sets=0.4).toarray()
    assert np.array_equal(both[:, :2], found)
    sets = both[:, 2:][:, both[:, 2:].any(axis=0)]
    expected = np.array([[0, 1], [0, 1], [0, 0], [1, 0], [1, 0], [0, 0], [0, 0]])
    np.testing.assert_allclose(sets, 0.4 * expected, rtol=1e-6)


def test_numbers_lie_in_bins_of_as_many_items_and_missing_ones_in_none() -> None:
    years = np.array([*range(1900, 1938), np.nan], np.float32)[:, None]
    found = rows_of(39, dense=years, dense_names=("year",))
    assert found.shape == (39, 19)
    assert found.sum(axis=0).tolist() == pytest.approx([1.4] * 19)  # two of each
    np.testing.assert_allclose(found[0::2][:19], 0.7 * np.eye(19), rtol=1e-6)
    assert not found[38].any()


def test_equal_numbers_share_a_bin() -> None:
    found = rows_of(
        6, dense=np.array([[1], [5], [5], [5], [5], [9]], np.float32), dense_names=("x",)
    )
    assert (found[1:5] == found[1]).all()
    assert len(np.unique(found, axis=0)) == 3


def test_a_category_of_one_item_tells_nothing() -> None:
    codes = np.array([[0], [1], [1]], np.int32)
    known = {"categorical": codes, "categorical_names": ("c",), "categorical_sizes": (2,)}
    np.testing.assert_allclose(rows_of(3, **known), [[0, 0], [0, 0.7], [0, 0.7]], rtol=1e-6)


def test_words_are_of_two_items_and_no_stop_words_and_labels_count_once() -> None:
    titles = ("The Toy Story", "toy story II", "a Godfather", "")
    found = rows_of(4, labels=titles)
    assert found.shape == (4, 2)  # toy, story
    np.testing.assert_allclose(found, [[0.7 / 2**0.5] * 2] * 2 + [[0, 0]] * 2, rtol=1e-6)
    text = {"text": (titles, ("sea sea", "air", "sea", "")), "text_names": ("title", "plot")}
    both = rows_of(4, labels=titles, **text)
    assert np.array_equal(both[:, :2], found)
    np.testing.assert_allclose(both[:, 2], [0.7, 0, 0.7, 0], rtol=1e-6)


def test_nothing_known_gives_no_column() -> None:
    assert rows_of(3, labels=("", "", "")).shape == (3, 0)
    assert shared.content(None, 3).shape == (3, 0)


def test_the_most_frequent_columns_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "MOST_COLUMNS", 2)
    found = rows_of(3, **tags((1, 0, 1), (1, 0, 1), (0, 1, 1)))
    assert found.shape == (3, 2)
    assert (found > 0).sum(axis=0).tolist() == [2, 3]


@given(st.permutations(range(TRAIN.n_items)))
def test_numbers_of_items_mean_nothing(order: list[int]) -> None:
    known = TRAIN.item_features
    assert known is not None and known.labels is not None
    other = replace(
        known,
        multi_hot=known.multi_hot[order],
        dense=known.dense[order],
        categorical=known.categorical[order],
        labels=tuple(known.labels[k] for k in order),
    )
    found, before = (shared.content(each, TRAIN.n_items).toarray() for each in (other, known))
    np.testing.assert_allclose(found, before[order], rtol=1e-6)


def fitted(name: str, train: Interactions = TRAIN, **params: Any) -> Any:
    model = adapter_class(name)(**params)
    model.fit(train, Run(seed=3))
    return model


def known_of(train: Interactions) -> NDArray[np.float64]:
    found: NDArray[np.float64] = (
        shared.content(train.item_features, train.n_items).toarray().astype(float)
    )
    return found


def test_content_is_a_ridge_regression_for_each_user() -> None:
    known, chosen = known_of(TRAIN), TRAIN.matrix().toarray()
    model = Ridge(alpha=5.0, fit_intercept=False).fit(known, chosen.T)
    expected = (known @ model.coef_.T).T
    np.testing.assert_allclose(fitted("content", l2=5.0).scores(EVERYBODY), expected, atol=1e-5)


def test_what_users_share_is_learned_with_an_l2_of_its_own() -> None:
    known, chosen = known_of(TRAIN), TRAIN.matrix().toarray()
    common = np.outer(chosen.sum(axis=1), chosen.sum(axis=0) / chosen.sum())
    parts = ((2.0, common), (9.0, chosen - common))
    expected = sum(
        known @ Ridge(alpha=l2, fit_intercept=False).fit(known, part.T).coef_.T
        for l2, part in parts
    )
    found = fitted("content", l2=9.0, shared_l2=2.0)
    np.testing.assert_allclose(found.scores(EVERYBODY), np.asarray(expected).T, atol=1e-5)
    same = fitted("content", l2=9.0, shared_l2=9.0).scores(EVERYBODY)
    np.testing.assert_allclose(same, fitted("content", l2=9.0).scores(EVERYBODY), atol=1e-6)


def test_content_without_features_scores_all_alike() -> None:
    assert not fitted("content", replace(TRAIN, item_features=None)).scores(EVERYBODY).any()


@pytest.mark.parametrize("name", ["content", "als_content", "ease_features"])
def test_all_three_say_that_they_need_features(name: str) -> None:
    cls: Any = adapter_class(name)
    assert "item features" in cls().needs()
    assert "order" not in cls().needs()


@pytest.mark.parametrize("name", ["als_content", "ease_features"])
def test_a_half_life_needs_the_order_too(name: str) -> None:
    cls: Any = adapter_class(name)
    assert cls(half_life=5.0).needs() == ("order", "item features")


@pytest.mark.parametrize("half_life", [None, 4.0])
def test_als_content_scores_what_was_chosen_exactly_as_als(half_life: float | None) -> None:
    params = {"factors": 6, "iterations": 4, "half_life": half_life}
    plain, mapped = fitted("als", **params), fitted("als_content", **params, features_l2=2.0)
    chosen = np.setdiff1d(np.arange(TRAIN.n_items), NEW)
    before, after = plain.scores(EVERYBODY), mapped.scores(EVERYBODY)
    assert np.array_equal(before[:, chosen], after[:, chosen])
    known = known_of(TRAIN)
    model = Ridge(alpha=2.0, fit_intercept=False).fit(known[chosen], plain._items[chosen])
    vectors = known[NEW] @ model.coef_.T
    np.testing.assert_allclose(mapped._items[NEW], vectors, atol=1e-5)


def test_a_boost_makes_scores_of_new_items_as_many_times_as_high() -> None:
    params = {"factors": 6, "iterations": 4}
    plain, boosted = (fitted("als_content", **params, new_item_boost=b) for b in (1.0, 4.0))
    before, after = plain.scores(EVERYBODY), boosted.scores(EVERYBODY)
    np.testing.assert_allclose(after[:, NEW], 4 * before[:, NEW], rtol=1e-4, atol=1e-6)
    assert np.array_equal(np.delete(before, NEW, axis=1), np.delete(after, NEW, axis=1))


def ease_by_hand(gram: NDArray[Any], l2: float) -> NDArray[np.float64]:
    inverse = np.linalg.inv(gram.astype(float) + l2 * np.eye(len(gram)))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return np.asarray(weights)


@pytest.mark.parametrize("additive", [0.0, 0.3, 1.0])
def test_ease_features_is_ease_of_users_and_features(additive: float) -> None:
    model = fitted("ease_features", l2=9.0, collective=4.0, additive=additive, features_l2=3.0)
    chosen, known = TRAIN.matrix().toarray(), known_of(TRAIN)
    stacked = np.vstack([chosen, 2.0 * known.T])  # features as users of weight 4
    together = ease_by_hand(stacked.T @ stacked, 9.0)
    alone = ease_by_hand(known @ known.T, 3.0)
    expected = chosen @ ((1 - additive) * together + additive * alone)
    np.testing.assert_allclose(model.scores(EVERYBODY), expected, atol=2e-4)


def test_ease_features_without_their_weight_is_ease() -> None:
    plain, without = fitted("ease", l2=9.0), fitted("ease_features", l2=9.0, collective=0.0)
    assert np.array_equal(plain.scores(EVERYBODY), without.scores(EVERYBODY))


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("content", {"l2": 0.0}, "l2 of features must be above 0, not 0"),
        ("content", {"shared_l2": 0.0}, "l2 of features must be above 0, not 0"),
        ("als_content", {"tag_sets": -0.1}, "tag_sets must be at least 0, not -0.1"),
        ("als_content", {"features_l2": -1.0, "factors": 2}, "l2 of features must be above 0"),
        ("als_content", {"new_item_boost": 0.0}, "new_item_boost must be above 0, not 0"),
        ("ease_features", {"additive": 1.5}, r"additive within 0\.\.1"),
        ("ease_features", {"collective": -1.0}, "collective must be at least 0"),
    ],
)
def test_bad_values_are_told(name: str, params: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fitted(name, **params)


@pytest.mark.parametrize("shared_l2", [None, 3.0])
def test_content_welcomes_people_and_is_restored_to_the_bit(shared_l2: float | None) -> None:
    model = fitted("content", shared_l2=shared_l2)
    people = interactions([(0, 5, 1), (0, 9, 2), (2, 7, 1)], 3, TRAIN.n_items)
    found = model.welcome(people).scores(np.arange(3, dtype=np.int32))
    assert found[0].any()
    assert not found[1].any()  # who chose nothing
    restored: Any = adapter_class("content")(shared_l2=shared_l2)
    restored.restore(model.state(), TRAIN)
    assert np.array_equal(restored.scores(EVERYBODY), model.scores(EVERYBODY))


def test_features_of_other_items_do_harm() -> None:
    """Of people with few items, ease learns more from what the items are, if it is said of them."""
    task = prepare(
        import_module("bench.datasets.synthetic").load(
            n_users=150, n_items=200, interactions_per_user=5, strength=0.9
        ),
        "loo-99",
    )
    known = task.train.item_features
    assert known is not None and known.labels is not None
    order = np.random.default_rng(1).permutation(task.train.n_items)
    others = replace(
        known,
        multi_hot=known.multi_hot[order],
        dense=known.dense[order],
        labels=tuple(known.labels[k] for k in order),
    )

    def ndcg(name: str, features: Features, **params: Any) -> float:
        train = replace(task.train, item_features=features)
        found = evaluate(fitted(name, train, l2=50.0, **params), train, task.cases)
        return figures(found.ledger)["ndcg_at_10_expected"]

    own, plain, wrong = (
        ndcg("ease_features", known, collective=1.0),
        ndcg("ease", known),
        ndcg("ease_features", others, collective=1.0),
    )
    assert own > plain + 0.03
    assert wrong < plain - 0.005
