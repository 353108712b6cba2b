"""Reasons add up to the scores that they explain."""

import re
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from catalogues import catalogue
from hypothesis import given
from hypothesis import strategies as st
from kept import FILMS, TITLES, made_up_kept
from made import interactions

from bench.adapter import Adapter, Run
from bench.fold_in.shares import Shares
from bench.interactions import Floats, Ids, Interactions
from bench.kept.model import KeptModel
from bench.retrieval.in_use import InUse
from bench.retrieval.labels import Labels
from bench.retrieval.reasons import Parts, Reasons, own_parts
from bench.retrieval.similar import Index

NAMES = list(TITLES)
LABELS = Labels(catalogue([(j, name, None, 5) for j, name in enumerate(NAMES)]))


@pytest.fixture(scope="module")
def als(tmp_path_factory: pytest.TempPathFactory) -> KeptModel:
    return made_up_kept(tmp_path_factory.mktemp("als"), "als", factors=4, l2=0.5, alpha=6.0)


def test_shares_of_als_are_those_of_its_normal_equations(als: KeptModel) -> None:
    liked = (0, 2, 7)
    parts = InUse(als).parts(liked, "own")
    vectors = als.item_vectors.astype(np.float64)
    weights = np.ones(len(vectors))
    weights[list(liked)] = 6.0
    left = (vectors.T * weights) @ vectors + 0.5 * np.eye(vectors.shape[1])
    wanted = [vectors @ np.linalg.inv(left) @ (6.0 * vectors[item]) for item in liked]
    assert parts.shares is not None
    np.testing.assert_allclose(parts.shares.of_items, wanted, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(np.sum(wanted, axis=0), parts.scores, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("way", ["own", "prior", "alike"])
@pytest.mark.parametrize("dislikes", [(), (9, 12)])
def test_shares_sum_to_the_scores(als: KeptModel, way: str, dislikes: tuple[int, ...]) -> None:
    use = InUse(als)
    parts = use.parts((0, 3), way)
    if dislikes:
        parts = parts.less(use.parts(dislikes, way), use.parts((), way))
    assert parts.shares is not None and parts.items == (0, 3, *dislikes)
    summed = parts.shares.of_items.sum(axis=0) + parts.shares.of_all
    np.testing.assert_allclose(summed, parts.scores, rtol=1e-4, atol=1e-5)


def test_a_disliked_item_takes_away_half_of_what_it_would_add(als: KeptModel) -> None:
    use = InUse(als)
    liked, disliked, nobody = (use.parts(items, "prior") for items in ((0, 3), (9,), ()))
    found = liked.less(disliked, nobody)
    wanted = liked.scores - 0.5 * (disliked.scores - nobody.scores)
    np.testing.assert_allclose(found.scores, wanted)
    assert found.scores[9] < liked.scores[9]


def test_shares_of_a_user_of_the_data_sum_to_their_solved_scores(als: KeptModel) -> None:
    use = InUse(als)
    parts = use.user_parts(5)
    assert parts.shares is not None
    assert set(parts.items) == set(FILMS.items[FILMS.users == 5].tolist())
    again = use.parts(parts.items, "own")
    np.testing.assert_allclose(parts.shares.of_items.sum(axis=0), again.scores, atol=1e-5)
    assert np.corrcoef(parts.scores, again.scores)[0, 1] > 0.99


@dataclass(kw_only=True)
class Weights(Adapter):
    """Scores are sums of item weights over a history; or their squares, which are no sums."""

    power: float = 1.0

    def fit(self, train: Interactions, run: Run) -> None:
        rng = np.random.default_rng(run.seed)
        self.weights = rng.normal(size=(train.n_items, train.n_items)).astype(np.float32)
        self.history = train.matrix()

    def scores(self, users: Ids) -> Floats:
        return np.asarray((self.history[users] @ self.weights) ** self.power, dtype=np.float32)

    def welcome(self, people: Interactions) -> Self:
        found = copy(self)
        found.history = people.matrix()
        return found


def test_where_scores_are_sums_a_share_is_a_weight() -> None:
    person = interactions([(0, 1, 0), (0, 3, 1)], 1, 6)
    for power, exact in ((1.0, True), (2.0, False)):
        model = Weights(power=power)
        model.fit(interactions([(0, 0, 0)], 1, 6), Run(seed=0))
        scores = model.welcome(person).scores(np.zeros(1, dtype=np.int32))[0]
        parts = own_parts(model, scores, person, person)
        assert (parts.shares is not None) == exact
        if parts.shares is not None:
            np.testing.assert_allclose(parts.shares.of_items, model.weights[[1, 3]], atol=1e-6)


@pytest.mark.parametrize("model", ["ease", "knn", "slim"])
def test_of_models_of_item_weights_the_shares_are_exact(tmp_path: Path, model: str) -> None:
    found = InUse(made_up_kept(tmp_path, model)).parts((0, 7), "own")
    assert found.shares is not None
    summed = found.shares.of_items.sum(axis=0)
    np.testing.assert_allclose(summed, found.scores, rtol=1e-4, atol=1e-6)


def test_of_one_liked_item_a_model_that_is_no_sum_gives_no_share(tmp_path: Path) -> None:
    vae = InUse(made_up_kept(tmp_path / "vae", "multvae", epochs=1, latent=4))
    assert vae.parts((0,), "own").shares is None
    assert vae.parts((0, 1), "own").shares is None
    ease = InUse(made_up_kept(tmp_path / "ease", "ease")).parts((0,), "own").shares
    assert ease is not None


@pytest.mark.parametrize("model", ["ease", "knn", "als"])
def test_under_a_half_life_a_share_is_the_weight_times_the_factor_of_its_place(
    tmp_path: Path, model: str
) -> None:
    use = InUse(made_up_kept(tmp_path, model, half_life=1.0))
    found = use.parts((0, 7, 3), "own")
    assert found.shares is not None
    summed = found.shares.of_items.sum(axis=0)
    np.testing.assert_allclose(summed, found.scores, rtol=1e-4, atol=1e-5)
    if model != "als":  # whose equations weigh items on both sides
        for place, item in enumerate((3, 7, 0)):
            alone, factor = use.parts((item,), "own"), (0.5**place + 0.05) / 1.05
            np.testing.assert_allclose(
                found.shares.of_items[2 - place], factor * alone.scores, rtol=1e-4, atol=1e-6
            )


def parts(of_items: list[float], of_all: float = 0.0) -> Parts:
    """Those of one item, the first, with the liked items of these numbers."""
    shares = Shares(np.array(of_items)[:, None], np.array([of_all]))
    return Parts.summed(range(len(of_items)), shares)


@pytest.mark.parametrize(
    ("of_items", "of_all", "said"),
    [
        ([0.62, 0.0, 0.38], 0, "because of Alien (62 %), Blade Runner (38 %)"),
        ([0.3, 0.2, 0.5], 0, "because of Blade Runner (50 %), Alien (30 %)"),
        (
            [0.4, 0.36],
            0.24,
            "because of Alien (40 %), Aliens (36 %) and since many like it (24 %)",
        ),
        ([1.2, -0.2], 0, "because of Alien (100 %), in spite of Aliens"),
        ([1.05, -0.05], 0, "because of Alien (100 %)"),
        ([-0.5, 0.0], 1.5, "since many like it (100 %), in spite of Alien"),
        ([0.5, -2.0], 0, "because of Alien (100 %), in spite of Aliens"),
        ([0.6, -0.81, 0.4], 0, "because of Alien (60 %), Blade Runner (40 %), in spite of Aliens"),
        ([0.001, 0.999], 0, "because of Aliens (100 %)"),
        ([0.5], -2.0, "because of Alien (100 %)"),
        ([-0.5], -2.0, "in spite of Alien"),
        ([0.0, 0.0], 0, ""),
    ],
)
def test_reasons_name_the_two_largest_parts(
    of_items: list[float], of_all: float, said: str
) -> None:
    assert Reasons(parts(of_items, of_all), LABELS, None).why(0) == said


@pytest.mark.parametrize(
    ("of_items", "said"),
    [
        ([0.67, 0.17], "because of Alien (80 %) and since Aliens is disliked (20 %)"),
        ([0.8, -0.2], "because of Alien (100 %), although Aliens is disliked"),
        ([-0.2, 0.8], "since Aliens is disliked (100 %), in spite of Alien"),
        ([1.0, 0.01], "because of Alien (99 %)"),
    ],
)
def test_a_disliked_item_is_never_what_something_is_recommended_for(
    of_items: list[float], said: str
) -> None:
    found = replace(parts(of_items), disliked=1)
    assert Reasons(found, LABELS, None).why(0) == said


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=6), st.floats(-10, 10))
def test_whatever_the_parts_a_reason_is_one_line(of_items: list[float], of_all: float) -> None:
    said = Reasons(parts(of_items, of_all), LABELS, None).why(0)
    assert "nan" not in said and "\n" not in said
    shares = [int(share) for share in re.findall(r"\((-?\d+) %\)", said)]
    assert all(0 <= share <= 100 for share in shares) and sum(shares) <= 102  # rounded


def test_without_parts_the_nearest_liked_items_are_named(tmp_path: Path) -> None:
    vectors = np.zeros((len(NAMES), 2), dtype=np.float32)
    vectors[:3] = [[1, 0], [0.8, 0.6], [-1, 0]]
    vectors[5] = [1, 0]
    kept = made_up_kept(tmp_path, vectors=vectors)
    whole = Parts(np.zeros(len(NAMES)), (2, 1, 0))
    why = Reasons(whole, LABELS, Index(kept, "cosine")).why
    assert why(5) == "like Alien (1.00), Aliens (.80)"
    assert why(9) == ""  # of which the model learned nothing
    assert Reasons(whole, LABELS, None).why(5) == ""
