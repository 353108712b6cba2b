"""What every adapter must do. A new file in models/ is tested here without a line of its own."""

from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, get_type_hints

import numpy as np
import pytest
from heavy import light_models

from bench.adapter import Adapter, Run
from bench.certify.judge import ROUNDING, check, declared
from bench.certify.laws import LAWS
from bench.certify.under_test import ModelUnderTest
from bench.evaluation.evaluate import evaluate
from bench.evaluation.figures import figures
from bench.interactions import Interactions
from bench.protocol.task import Task, prepare
from bench.registry import names
from bench.registry.models import adapter_class, load_module
from bench.registry.parameters import complete

MODELS = names.files("models")
NOT_PERSONAL = {"random", "popularity"}
# A tenth of the work: the contract is about form, not about quality.
QUICK = {"epochs": 2, "iterations": 2}
ONCE = {"epochs": 1, "iterations": 1}
# Small data gives few steps an epoch; these are enough for any model to find what is planted.
ENOUGH = {"epochs": 25, "batch_size": 256, "learning_rate": 0.01}


def synthetic(**changes: Any) -> Interactions:
    load = load_module("datasets", "synthetic").load
    return load(**{"n_users": 60, "n_items": 40, **changes})  # type: ignore[no-any-return]


DATA = synthetic()
TASK = prepare(DATA, "loo-99")
USERS = np.array([3, 0, 59], dtype=np.int32)


@pytest.fixture(params=light_models())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(name: str, params: dict[str, Any]) -> Adapter:
    """The model with those of the parameters that it has."""
    cls = adapter_class(name)
    known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
    return cls(**{key: value for key, value in params.items() if key in known})


def fitted(
    name: str, train: Interactions = TASK.train, *, seed: int = 7, params: dict[str, Any] = QUICK
) -> Adapter:
    adapter = made(name, params)
    adapter.fit(train, Run(seed=seed))
    return adapter


@cache
def subject(name: str) -> ModelUnderTest:
    """One fitted model for all tests that only read it."""
    return ModelUnderTest(lambda: made(name, QUICK), DATA, seed=7)


def test_parameters_are_fields_with_defaults_stored_as_given(name: str) -> None:
    cls = adapter_class(name)
    assert is_dataclass(cls)
    defaults = complete(cls, name, {})
    given = cls(**defaults)
    assert {key: getattr(given, key) for key in defaults} == defaults
    assert set(get_type_hints(cls)) >= set(defaults)
    with pytest.raises(TypeError):
        cls(*defaults.values(), "one too many")  # keywords only


def test_it_says_what_memory_it_needs_or_that_it_is_little(name: str) -> None:
    needed = [made(name, {}).memory_needed(1000, n_items, 50_000) for n_items in (1000, 100_000)]
    assert needed == [None, None] or 0 < needed[0] < needed[1]  # type: ignore[operator]


def test_its_file_says_in_one_line_what_it_is(name: str) -> None:
    assert 10 < len(names.summary(MODELS[name])) < 100


@pytest.mark.parametrize("law", [law.name for law in LAWS.values() if law.process == "first"])
def test_it_keeps_the_laws(name: str, law: str) -> None:
    """Those of one process."""
    model = subject(name)
    if declared(model).get(law):
        pytest.skip(
            "its file declares a tolerance, which `bench certify` measures over eight seeds"
        )
    found = check(law, [model])
    assert found.status == "pass", found.evidence


def test_embeddings_give_the_order_of_the_scores(name: str) -> None:
    adapter = subject(name).fitted
    vectors = adapter.embeddings()
    if vectors is not None:
        products = vectors.users[USERS] @ vectors.items.T
        np.testing.assert_allclose(products, adapter.scores(USERS), rtol=1e-3, atol=1e-4)


def test_times_matter_to_it_only_where_it_says_so(name: str) -> None:
    """Only times change, not where the rows stand: `bench certify` looks at that."""
    train = TASK.train
    shuffled = replace(train, times=np.random.default_rng(0).permutation(train.times))
    before = subject(name).fit(train).scores(USERS)
    after = subject(name).fit(shuffled).scores(USERS)
    assert np.array_equal(before, after) != ("order" in made(name, {}).needs())


def test_it_reports_epochs_and_ends_when_asked(name: str) -> None:
    heard: list[int] = []

    def stop(samples: int, loss: float | None) -> bool:
        heard.append(samples)
        return True

    made(name, QUICK).fit(TASK.train, Run(seed=7, report=stop))
    assert len(heard) <= 1  # a closed form has none, and a model that goes on would have two
    assert all(samples > 0 for samples in heard)


FORMS: dict[str, dict[str, Any]] = {
    "ids alone": {"features": False},
    "with features": {"features": True},
    "one user": {"n_users": 1, "n_groups": 1},
    "one group of users": {"n_users": 20, "n_groups": 1},
    "one item each in train": {"n_users": 20, "min_per_user": 3, "interactions_per_user": 3},
    "two items each in train": {"n_users": 20, "min_per_user": 4, "interactions_per_user": 4},
    "most items never in train": {"n_users": 5, "n_items": 200, "interactions_per_user": 5},
}


@cache
def shaped(form: str) -> Task:
    """Data of a form, by the protocol that leaves the least in train: all but two items each."""
    return prepare(synthetic(**FORMS[form]), "loo-99-validation")


@pytest.mark.parametrize("form", FORMS)
def test_it_takes_data_of_every_form(name: str, form: str) -> None:
    task = shaped(form)
    adapter = fitted(name, task.train, params=ONCE)
    found = figures(evaluate(adapter, task.train, task.cases).ledger)
    assert 0 <= found["hr_at_10"] <= 1


def test_the_forms_are_what_their_names_say() -> None:
    for form, each in (("one item each in train", 1), ("two items each in train", 2)):
        train = shaped(form).train
        assert np.bincount(train.users).tolist() == [each] * train.n_users
    task = shaped("most items never in train")
    assert len(np.unique(task.train.items)) < task.train.n_items / 2
    assert not np.isin(task.cases.held_out, task.train.items).all()


def test_it_takes_items_and_users_that_never_occur(name: str) -> None:
    train = replace(
        TASK.train,
        n_users=62,
        n_items=45,
        user_ids=np.arange(62),
        item_ids=np.arange(45),
        user_features=None,
        item_features=None,
    )
    scores = fitted(name, train).scores(np.array([0, 61], dtype=np.int32))
    assert scores.shape == (2, 45)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("known", [True, False], ids=["features", "no features"])
@pytest.mark.parametrize("seed", [7, 8])
def test_new_items_of_the_same_features_score_the_same(name: str, known: bool, seed: int) -> None:
    """An item that nobody has never scores by its number, whatever it is and the seed."""
    if name == "random":
        pytest.skip("its scores are drawn")
    train, n = synthetic(interactions_per_user=8, seed=5), 40
    new = [0, 17, 18, 43]  # their numbers, between those of the others
    numbers = np.setdiff1d(np.arange(n + len(new)), new).astype(np.int32)
    sources = np.zeros(n + len(new), dtype=np.int64)  # all new ones are like item 0
    sources[numbers] = np.arange(n)
    features = train.item_features
    assert features is not None
    train = replace(
        train,
        items=numbers[train.items],
        n_items=n + len(new),
        item_ids=np.arange(n + len(new)),
        item_features=replace(
            features,
            categorical=features.categorical[sources],
            multi_hot=features.multi_hot[sources],
            dense=features.dense[sources],
            labels=None,
        )
        if known
        else None,
    )
    assert not np.isin(new, train.items).any()
    scores = fitted(name, train, seed=seed).scores(np.arange(train.n_users, dtype=np.int32))
    apart = np.ptp(scores[:, new], axis=1).max()
    # Without features all of them are ties; with some a sum may be in another order.
    assert apart <= (ROUNDING * np.ptp(scores) if known else 0)


@pytest.fixture(scope="module")
def planted() -> tuple[Task, float]:
    """A planted structure, and what popularity reaches on it."""
    load = load_module("datasets", "synthetic").load
    task = prepare(load(n_users=400, n_items=150, n_groups=5, strength=0.9, seed=3), "loo-99")
    return task, expected_hit_rate(fitted("popularity", task.train), task)


def expected_hit_rate(adapter: Adapter, task: Task) -> float:
    return figures(evaluate(adapter, task.train, task.cases).ledger)["hr_at_10_expected"]


@pytest.mark.parametrize("name", sorted(set(light_models()) - NOT_PERSONAL))
def test_every_personal_model_finds_a_planted_structure(
    name: str, planted: tuple[Task, float]
) -> None:
    """Looks after each epoch, as tuning does, and trains no further than it has to."""
    task, floor = planted
    adapter = made(name, ENOUGH)

    def found(*_: object) -> bool:
        return expected_hit_rate(adapter, task) > floor + 0.1

    adapter.fit(task.train, Run(seed=7, report=found))
    assert found()
