"""Neighbours against brute force."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kept import FILMS, TITLES, made_up_kept
from sklearn.metrics.pairwise import cosine_similarity

from bench.kept.manifest import By
from bench.kept.model import KeptModel
from bench.retrieval.in_use import InUse
from bench.retrieval.labels import Labels
from bench.retrieval.similar import Index, NoVectors, similar, top

NAMES = list(TITLES)
shared = import_module("bench.models.shared.states")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> KeptModel:
    return made_up_kept(tmp_path_factory.mktemp("kept"), "als", factors=4)


def cosines(kept: KeptModel, by: By) -> np.ndarray:
    """The similarity of all items, by another library."""
    wide = kept.item_vectors.astype(np.float64)
    if by == "dot":
        return wide @ wide.T
    known = wide.any(axis=1)
    if by == "centred":
        wide = wide - wide.mean(axis=0)
    return cosine_similarity(wide) * known[:, None] * known


@pytest.mark.parametrize("by", ["centred", "cosine", "dot"])
@pytest.mark.parametrize("least_users", [0, 5, 12])
def test_the_nearest_are_those_of_all_pairs(kept: KeptModel, by: By, least_users: int) -> None:
    wanted = cosines(kept, by)
    index = Index(kept, by)
    for item in range(len(kept.catalogue)):
        found = index.nearest(item, 4, least_users)
        users = kept.catalogue.users
        allowed = [j for j in range(len(users)) if j != item and users[j] >= least_users]
        best = sorted(allowed, key=lambda j: -wanted[item, j])[:4]
        np.testing.assert_allclose(found.similarities, wanted[item, best], rtol=1e-4, atol=1e-5)
        assert set(found.items) <= set(allowed)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=30),
    st.integers(1, 40),
)
def test_top_is_a_stable_sort(rows: list[tuple[int, bool]], n: int) -> None:
    values = np.array([value for value, _ in rows], dtype=np.float32)
    left_out = np.array([out for _, out in rows])
    wanted = sorted(np.flatnonzero(~left_out), key=lambda j: -values[j])[:n]
    assert top(values, n, left_out).tolist() == wanted


def test_an_answer_says_all_of_each_item(kept: KeptModel) -> None:
    labels = Labels(kept.catalogue)
    alien = NAMES.index("Alien")
    answer = similar(kept, Index(kept), labels, alien, n=3, least_users=0)
    assert answer.said == "Similar to Alien (1979), by als on made-up, loo-99"
    assert answer.query == {
        "similar": {"id": 101, "title": "Alien", "year": 1979},
        "by": kept.by,
        "least_users": 0,
    }
    assert answer.model == {
        **{"name": "als", "dataset": "made-up", "protocol": "loo-99", "seed": 0},
        **{"key": kept.key, "kind": "vectors"},
    }
    first = answer.lines[0]
    item = NAMES.index(first.title)
    assert (first.place, first.id, first.year) == (1, 101 + item, TITLES[first.title][0])
    assert first.genres == TITLES[first.title][1]
    assert first.users == (FILMS.items == item).sum()
    assert [line.score for line in answer.lines] == sorted(
        (line.score for line in answer.lines), reverse=True
    )
    assert {line.title for line in answer.lines} <= set(NAMES[:6])  # who likes one likes these


def test_more_than_there_are_is_the_whole_catalogue(kept: KeptModel) -> None:
    answer = similar(kept, Index(kept), Labels(kept.catalogue), 0, n=1000, least_users=0)
    assert len(answer.lines) == len(NAMES) - 1


def test_items_of_few_users_are_left_out_and_said(kept: KeptModel) -> None:
    few = int((kept.catalogue.users < 5).sum())
    assert few
    answer = similar(kept, Index(kept), Labels(kept.catalogue), 0, n=1000, least_users=5)
    assert len(answer.lines) == len(NAMES) - 1 - few
    assert f"{few} items with under 5 users are left out; --least-users 0 shows them." in (
        answer.notes
    )
    rare = int(kept.catalogue.users.argmax())
    said = similar(kept, Index(kept), Labels(kept.catalogue), rare, least_users=1000).notes
    assert any("its vector says little" in note for note in said)


def test_what_was_never_chosen_is_like_nothing(kept: KeptModel) -> None:
    with pytest.raises(NoVectors, match="als learned nothing of Se7en"):
        similar(kept, Index(kept), Labels(kept.catalogue), NAMES.index("Se7en"))


def test_noise_of_what_was_never_chosen_is_like_nothing(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(size=(len(NAMES), 3)).astype(np.float32)
    never = NAMES.index("Se7en")
    kept = made_up_kept(tmp_path / "ids", "ncf", vectors=noise, kind="profile")
    with pytest.raises(NoVectors, match="ncf learned nothing of Se7en"):
        similar(kept, Index(kept), Labels(kept.catalogue), never)
    known = made_up_kept(tmp_path / "features", "content", vectors=noise, kind="profile")
    assert similar(known, Index(known), Labels(known.catalogue), never).lines


def test_a_hint_shows_what_it_says_it_shows(kept: KeptModel) -> None:
    labels, index = Labels(kept.catalogue), Index(kept)
    said = similar(kept, index, labels, 0, n=1000, least_users=100).notes
    (hint,) = [note for note in said if "left out" in note]
    least = int(hint.partition("--least-users ")[2].split()[0])
    assert least == 0  # one film has no user
    assert len(similar(kept, index, labels, 0, n=1000, least_users=least).lines) == len(NAMES) - 1


def test_popularity_compares_no_items(tmp_path: Path) -> None:
    with pytest.raises(NoVectors, match="popularity gives everybody the same, or noise"):
        Index(made_up_kept(tmp_path, "popularity"))


@pytest.mark.parametrize(
    ("model", "params"), [("ease", {}), ("slim", {}), ("knn", {}), ("ease", {"half_life": 2.0})]
)
def test_weights_are_scores_of_who_chose_that_alone(
    tmp_path: Path, model: str, params: dict[str, float]
) -> None:
    kept = made_up_kept(tmp_path, model, **params)
    state = kept.adapter().state()
    assert state is not None
    weights = state["weights"] if model == "ease" else shared.into_sparse(state).toarray()
    index = InUse(kept).index("weights")
    factor = 1.05 if params else 1.0  # of the latest item: 1 + floor
    for item in (0, 7):
        found = index.similarities(item)
        np.testing.assert_allclose(found, factor * weights[item], rtol=1e-5, atol=1e-6)
        near = index.nearest(item, 100, 0)
        assert (near.similarities > 0).all()
        assert set(near.items) == set(np.flatnonzero(found > 0)) - {item}


@pytest.mark.parametrize("model", ["als", "multdae"])
def test_where_scores_are_no_sums_there_are_no_weights(tmp_path: Path, model: str) -> None:
    with pytest.raises(NoVectors, match=f"{model}: its scores are no sums over a person's items"):
        InUse(made_up_kept(tmp_path, model)).index("weights")


def test_bias_columns_are_no_part_of_what_an_item_is_like(tmp_path: Path) -> None:
    plain = np.random.default_rng(0).normal(size=(len(NAMES), 3)).astype(np.float32)
    biased = np.c_[plain, 100 * np.arange(len(NAMES)), np.ones(len(NAMES))].astype(np.float32)
    with_biases = Index(made_up_kept(tmp_path / "a", vectors=biased, biases=2), "cosine")
    without = Index(made_up_kept(tmp_path / "b", vectors=plain), "cosine")
    np.testing.assert_array_equal(with_biases.similarities(0), without.similarities(0))
