"""The files as they are published, where there are copies, and where there is a network."""

import hashlib
import importlib
import os
from pathlib import Path

import numpy as np
import pytest
from same_data import assert_same

from bench.adapter import Run
from bench.evaluation.evaluate import evaluate
from bench.evaluation.figures import figures
from bench.protocol.task import prepare

movielens_100k = importlib.import_module("bench.datasets.movielens_100k")
movielens_1m = importlib.import_module("bench.datasets.movielens_1m")
ncf_ml_1m = importlib.import_module("bench.datasets.ncf_ml_1m")
popularity = importlib.import_module("bench.models.popularity")


@pytest.fixture
def real_data():
    sibling = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("BENCH_TEST_DATA", sibling))
    if not folder.is_dir():
        pytest.skip("no copies of the real data sets; BENCH_TEST_DATA names a folder with them")
    return folder


def test_real_1m(real_data):
    if not (real_data / "ml-1m.zip").is_file():
        pytest.skip("BENCH_TEST_DATA holds no ml-1m.zip")
    data = movielens_1m.load(real_data)
    found = {"users": data.n_users, "items": data.n_items, "interactions": len(data)}
    assert found == movielens_1m.COUNTS
    assert np.bincount(data.users).min() >= 20
    assert np.bincount(data.items, minlength=data.n_items).min() >= 1
    assert np.all(np.isfinite(data.item_features.dense))
    assert data.item_features.labels[0] == "Toy Story"


def test_real_ncf(real_data):
    if not (real_data / "ncf").is_dir():
        pytest.skip("BENCH_TEST_DATA holds no folder ncf")
    given = ncf_ml_1m.load(real_data)
    data, split = given.interactions, given.published
    found = {"users": data.n_users, "items": data.n_items, "interactions": len(data)}
    assert found == ncf_ml_1m.COUNTS
    assert split.negatives.shape == (6040, 99)
    # As the authors published it: see the docstring of load.
    assert np.sum((split.negatives == split.held_out[:, None]).any(axis=1)) == 156

    task = prepare(given, "ncf-files")
    model = popularity.Popularity()
    model.fit(task.train, Run())
    found = figures(evaluate(model, task.train, task.cases).ledger)
    # As Rendle et al. published it (RecSys 2020): the check that all counts are the same.
    assert found["hr_at_10"] == pytest.approx(0.4535, abs=0.5e-4)
    assert found["ndcg_at_10"] == pytest.approx(0.2543, abs=0.5e-4)


@pytest.mark.network
def test_real_100k_comes_as_for_a_user(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path))
    data = movielens_100k.load()
    found = {"users": data.n_users, "items": data.n_items, "interactions": len(data)}
    assert found == movielens_100k.COUNTS
    assert data.source.startswith("GroupLens' u.data (SHA-256 verified)")
    assert "Please cite: F. Maxwell Harper" in capsys.readouterr().err
    rows = zip(
        data.user_ids[data.users],
        data.item_ids[data.items],
        data.ratings.astype(int),
        data.times,
        strict=True,
    )
    text = "".join(f"{user}\t{item}\t{rating}\t{time}\n" for user, item, rating, time in rows)
    assert hashlib.sha256(text.encode()).hexdigest() == movielens_100k.SHA256["u.data"]
    assert len(data.user_features) == 943
    assert np.isnan(data.item_features.dense).sum() == 1  # film 267, of which nothing is known

    files = [entry.name for entry in tmp_path.iterdir()]
    assert len(files) == 1
    assert_same(movielens_100k.load(tmp_path / files[0]), data)
    assert capsys.readouterr().err == ""


def held_out(data, protocol):
    cases = prepare(data, protocol).cases
    return dict(zip(cases.users.tolist(), cases.held_out.tolist(), strict=True))


def test_as_many_test_items_were_seen_as_the_suite_of_ml_1m_says(real_data):
    if not (real_data / "ncf").is_dir() or not (real_data / "ml-1m.zip").is_file():
        pytest.skip("BENCH_TEST_DATA holds no folder ncf, or no ml-1m.zip")
    theirs, ours = ncf_ml_1m.load(real_data), movielens_1m.load(real_data)
    # Users have the same numbers, less one; items do not: two are the same whose users are.
    items_of = [{} for _ in range(2)]
    for found, data in zip(items_of, (theirs.interactions, ours), strict=True):
        matrix = data.matrix().tocsc().sorted_indices()
        for item in range(data.n_items):
            users = matrix.indices[matrix.indptr[item] : matrix.indptr[item + 1]].tobytes()
            found[users] = None if users in found else item
    same = {item: items_of[1].get(users) for users, item in items_of[0].items()}
    seen, tested = held_out(theirs, "ncf-files-validation"), held_out(ours, "loo-99")
    n = sum(same.get(item) == tested[user] for user, item in seen.items())
    suite = Path(__file__).resolve().parents[2] / "bench" / "suites" / "ml-1m.toml"
    header = suite.read_text().replace("\n# ", " ")
    assert f"for {n:,} of the {len(tested):,} users" in header
