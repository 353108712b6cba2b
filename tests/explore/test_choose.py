"""Which kept models stand in the page."""

from pathlib import Path

import numpy as np
import pytest
from kept import films, made_up_kept

from bench.errors import UnknownName, UsageError
from bench.explore import choose
from bench.explore.choose import NothingToCompare, chosen
from bench.records.folder import Results

VECTORS = np.random.default_rng(0).normal(size=(16, 8)).astype(np.float32)


def names(folder: Path, *wanted: str, **where: object) -> list[tuple[str, int]]:
    found = chosen(Results(folder), wanted, **where)  # type: ignore[arg-type]
    return [(each.name, each.cell.seed) for each in found]


def test_the_best_come_first_and_of_several_seeds_the_lowest(tmp_path: Path) -> None:
    for model, seed, ndcg in (("als", 1, 0.3), ("ease", 0, 0.5), ("als", 0, 0.2), ("knn", 0, 0.4)):
        made_up_kept(tmp_path, model, seed=seed, ndcg=ndcg, vectors=VECTORS)
    assert names(tmp_path) == [("ease", 0), ("knn", 0), ("als", 0)]
    assert names(tmp_path, "als", "ease") == [("als", 0), ("ease", 0)]
    assert names(tmp_path, seed=1) == [("als", 1)]
    with pytest.raises(UnknownName, match="Did you mean 'ease'"):
        names(tmp_path, "esae")


def test_there_are_no_more_than_have_room_unless_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ndcg, model in enumerate(("als", "ease", "knn", "mf")):
        made_up_kept(tmp_path, model, ndcg=ndcg / 10, vectors=VECTORS)
    assert len(names(tmp_path)) == 4
    monkeypatch.setattr(choose, "MOST_BYTES", 3 * 16 * 8 * 2 * 4 / 3)
    assert names(tmp_path) == [("mf", 0), ("knn", 0), ("ease", 0)]
    monkeypatch.setattr(choose, "MOST_BYTES", 1)
    assert names(tmp_path) == [("mf", 0), ("knn", 0)]
    assert len(names(tmp_path, "als", "ease", "knn", "mf")) == 4


def test_models_of_another_split_are_not_shown_beside(tmp_path: Path) -> None:
    made_up_kept(tmp_path, "als", ndcg=0.5, vectors=VECTORS)
    made_up_kept(tmp_path, "ease", ndcg=0.4, vectors=VECTORS, train=films(seed=1))
    assert names(tmp_path) == [("als", 0)]
    with pytest.raises(UnknownName, match="Known: als"):
        names(tmp_path, "ease")
    made_up_kept(tmp_path, "knn", dataset="other", vectors=VECTORS)
    with pytest.raises(UsageError, match="made-up, other"):
        names(tmp_path)
    assert names(tmp_path, dataset="other") == [("knn", 0)]


def test_a_model_without_vectors_is_named(tmp_path: Path) -> None:
    made_up_kept(tmp_path, "popularity", vectors=VECTORS[:, :0], kind="none")
    with pytest.raises(NothingToCompare, match="no kept model has vectors"):
        names(tmp_path)
    made_up_kept(tmp_path, "als", vectors=VECTORS)
    assert names(tmp_path) == [("als", 0)]
    with pytest.raises(NothingToCompare, match="popularity: it has no vectors"):
        names(tmp_path, "als", "popularity")


def test_an_empty_folder_says_how_a_model_is_kept(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"bench run .*--keep"):
        names(tmp_path)
