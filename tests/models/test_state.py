"""What every model gives to be kept: vectors with biases declared, and a state that restores it."""

from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from heavy import light_models

from bench.adapter import Adapter, Run
from bench.interactions import Interactions
from bench.kept.arrays import read_arrays, write_arrays
from bench.protocol.task import prepare
from bench.registry.models import adapter_class, load_module

QUICK = {"epochs": 2, "iterations": 2, "pretraining": 0}
BIASES = {"mf": 2, "bpr": 2, "fm": 2, "multvae": 1, "multdae": 1, "autorec": 1}
EVERYONE = np.arange(60, dtype=np.int32)
DATA: Interactions = load_module("datasets", "synthetic").load(n_users=60, n_items=40)
TRAIN = prepare(DATA, "loo-99").train


@pytest.fixture(params=light_models())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(name: str, **params: Any) -> Adapter:
    cls = adapter_class(name)
    known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
    return cls(**{key: value for key, value in (QUICK | params).items() if key in known})


@cache
def fitted(name: str) -> Adapter:
    adapter = made(name)
    adapter.fit(TRAIN, Run(seed=7))
    return adapter


def restored(name: str, folder: Path, adapter: Adapter | None = None, **params: Any) -> Adapter:
    """From a file, by a model that was never fitted."""
    state = (fitted(name) if adapter is None else adapter).state()
    assert state is not None
    write_arrays(state, folder / "state")
    again = made(name, **params)
    again.restore(read_arrays(folder / "state"), TRAIN)
    return again


def test_it_is_restored_bit_for_bit(name: str, tmp_path: Path) -> None:
    first, again = fitted(name), restored(name, tmp_path)
    items = np.tile(np.arange(40, dtype=np.int32), (60, 1))
    assert np.array_equal(first.scores(EVERYONE), again.scores(EVERYONE))
    assert np.array_equal(first.scores(EVERYONE[:1]), again.scores(EVERYONE[:1]))
    assert np.array_equal(first.pair_scores(EVERYONE, items), again.pair_scores(EVERYONE, items))
    vectors, others = first.embeddings(), again.embeddings()
    assert (vectors is None) == (others is None)
    if vectors is not None and others is not None:
        assert all(map(np.array_equal, vectors, others))


def test_new_people_are_served_as_before(name: str, tmp_path: Path) -> None:
    people = replace(TRAIN.take(TRAIN.users < 9), n_users=9, user_ids=np.arange(9))
    people = replace(people, user_features=None)
    try:
        first = fitted(name).welcome(people)
    except NotImplementedError:
        pytest.skip("it takes no new people")
    again = restored(name, tmp_path).welcome(people)
    assert np.array_equal(first.scores(EVERYONE[:9]), again.scores(EVERYONE[:9]))


@pytest.mark.slow
def test_it_can_be_kept_again_and_fitted_again(name: str, tmp_path: Path) -> None:
    again = restored(name, tmp_path)
    twice = restored(name, tmp_path, again)
    assert np.array_equal(again.scores(EVERYONE), twice.scores(EVERYONE))
    again.fit(TRAIN, Run(seed=7))
    assert np.array_equal(again.scores(EVERYONE), fitted(name).scores(EVERYONE))


def test_its_biases_are_those_that_are_known(name: str) -> None:
    vectors = fitted(name).embeddings()
    assert (0 if vectors is None else vectors.biases) == BIASES.get(name, 0)
    assert fitted(name).compares_items == (name not in ("popularity", "random"))


@pytest.mark.parametrize("name", ["gmf", "ncf", "multvae", "sasrec"])
def test_the_state_of_another_network_is_refused(name: str, tmp_path: Path) -> None:
    width = "latent" if name == "multvae" else "factors"
    with pytest.raises(ValueError, match="has the shape"):
        restored(name, tmp_path, **{width: 8})
    state = fitted(name).state()
    assert state is not None
    state.popitem()
    with pytest.raises(KeyError, match="the state lacks"):
        made(name).restore(state, TRAIN)


def test_autorec_by_user_has_its_bias_too(tmp_path: Path) -> None:
    adapter = made("autorec", by="user")
    adapter.fit(TRAIN, Run(seed=7))
    again = restored("autorec", tmp_path, adapter, by="user")
    assert np.array_equal(adapter.scores(EVERYONE), again.scores(EVERYONE))
    vectors = adapter.embeddings()
    assert vectors is not None and vectors.biases == 1
    assert (vectors.users[:, -1] == 1).all()
