"""The compiled steps of mf and bpr, against their formulas written out in numpy."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, some_interactions
from numpy.typing import NDArray

from bench.adapter import Embeddings
from bench.interactions import Interactions
from bench.registry.models import adapter_class
from bench.running.training import Epoch, Training

draws_of = import_module("bench.models.shared.kernels.untouched")
kernels = import_module("bench.models.shared.kernels.sgd")
Untouched = draws_of.Untouched

PLAIN = import_module("bench.datasets.synthetic").load(
    n_users=40, n_items=30, interactions_per_user=8, features=False
)
RATE, L2, NEGATIVES = 0.1, 0.3, 3
ORDER = np.arange(50, 0, -2, dtype=np.int32)  # of the observed pairs that are learned from
LENGTHS = [0, 15, 16, 17, 25]  # of ORDER: negatives are drawn for 16 pairs ahead
HELPERS = ("draw", "logistic", "_look_ahead", "_pointwise", "_pairwise")
NO_MAP = np.zeros((0, 0), dtype=np.uint8)


def some_factors(n_users: int, n_items: int, seed: int = 0) -> Any:
    random = np.random.default_rng(seed)

    def drawn(*shape: int) -> NDArray[np.float32]:
        return random.standard_normal(shape, dtype=np.float32)

    return kernels.Factors(
        drawn(n_users, 7), drawn(n_items, 7), drawn(n_users), drawn(n_items), drawn(1)
    )


def samples(untouched: Any, negatives: int = NEGATIVES) -> Any:
    return draws_of.Samples(PLAIN.users, PLAIN.items, untouched, negatives)


def copied(factors: Any) -> Any:
    return kernels.Factors(*(part.copy() for part in factors))


def drawn_for(untouched: Any, user: int, count: int, seed: int) -> list[int]:
    drawn = np.empty(count, dtype=np.int32)
    draws_of.draw(user, untouched, np.uint64(seed), drawn)
    return drawn.tolist()


@given(train=some_interactions(), seed=st.integers(0, 2**64 - 1), mapped=st.booleans())
def test_negatives_are_no_positives_and_no_new_items(
    train: Interactions, seed: int, mapped: bool
) -> None:
    untouched = Untouched.by(train)
    known = set(train.items.tolist())
    assert untouched.observed.size or not known
    if not mapped:
        untouched = untouched._replace(observed=NO_MAP)
    for user in range(train.n_users):
        touched = set(train.items[train.users == user].tolist())
        if len(touched) < len(known):
            drawn = drawn_for(untouched, user, 50, seed)
            assert set(drawn) <= known - touched


@given(train=some_interactions())
def test_what_each_user_left_untouched(train: Interactions) -> None:
    untouched = Untouched.by(train)
    known = sorted(set(train.items.tolist()))
    whole = len(known) == train.n_items
    assert untouched.n_items == len(known)
    assert untouched.numbers.tolist() == ([] if whole else known)
    for user in range(train.n_users):
        touched = sorted(known.index(i) for i in set(train.items[train.users == user].tolist()))
        before = untouched.before[untouched.starts[user] : untouched.starts[user + 1]]
        assert before.tolist() == [item - k for k, item in enumerate(touched)]
        bits = np.unpackbits(untouched.observed[user], bitorder="little")
        assert np.flatnonzero(bits).tolist() == touched


# The users have touched 2, 6 and 9 of 10 items: with the map, only the first is drawn by trying.
@pytest.mark.parametrize("mapped", [True, False], ids=["map", "keys"])
@pytest.mark.parametrize("touched", [[3, 9], [0, 1, 4, 5, 8, 9], [0, 1, 2, 3, 5, 6, 7, 8, 9]])
def test_negatives_are_uniform(touched: list[int], mapped: bool) -> None:
    everything = [(0, item, 0) for item in range(10)]
    train = interactions([*everything, *((1, item, 0) for item in touched)], 2, 10)
    untouched = Untouched.by(train)
    if not mapped:
        untouched = untouched._replace(observed=NO_MAP)
    counts = np.bincount(drawn_for(untouched, 1, 80_000, seed=5), minlength=10)
    assert counts[touched].sum() == 0
    others = np.delete(counts, touched)
    expected = 80_000 / len(others)
    assert abs(others - expected).max() <= 5 * expected**0.5  # binomial: 5 standard deviations


def test_a_catalogue_too_large_for_the_map_has_none() -> None:
    assert Untouched.by(PLAIN, map_bytes=40 * 4).observed.shape == (40, 4)
    assert Untouched.by(PLAIN, map_bytes=40 * 4 - 1).observed.shape == (0, 0)


def sigmoid(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


def pointwise_step(model: Any, user: int, item: int, label: float) -> float:
    """One step down the gradient of the logistic loss and l2 / 2 of every square; its loss."""
    p, q = model.users[user].copy(), model.items[item].copy()
    score = model.bias[0] + model.user_bias[user] + model.item_bias[item] + p @ q
    slope = sigmoid(score) - label
    model.users[user] -= RATE * (slope * q + L2 * p)
    model.items[item] -= RATE * (slope * p + L2 * q)
    model.user_bias[user] -= RATE * (slope + L2 * model.user_bias[user])
    model.item_bias[item] -= RATE * (slope + L2 * model.item_bias[item])
    model.bias[0] -= RATE * (slope + L2 * model.bias[0])
    return float(-np.log(sigmoid(score) if label else 1 - sigmoid(score)))


def pairwise_step(model: Any, user: int, liked: int, other: int) -> float:
    """One step down the gradient of -log sigmoid(difference), and l2 / 2 of every square."""
    p, q, r = model.users[user].copy(), model.items[liked].copy(), model.items[other].copy()
    margin = model.item_bias[liked] - model.item_bias[other] + p @ (q - r)
    slope = sigmoid(margin) - 1
    model.users[user] -= RATE * (slope * (q - r) + L2 * p)
    model.items[liked] -= RATE * (slope * p + L2 * q)
    model.items[other] -= RATE * (-slope * p + L2 * r)
    model.item_bias[liked] -= RATE * (slope + L2 * model.item_bias[liked])
    model.item_bias[other] -= RATE * (-slope + L2 * model.item_bias[other])
    return float(-np.log(sigmoid(margin)))


def draws(untouched: Any, users: list[int], per_pair: int, seed: int) -> list[list[int]]:
    """The negatives of each pair, as the kernels draw them one pair after the other."""
    state, found = np.uint64(seed), []
    for user in users:
        drawn = np.empty(per_pair, dtype=np.int32)
        state = np.uint64(draws_of.draw(user, untouched, state, drawn))
        found.append(drawn.tolist())
    return found


@pytest.mark.parametrize("length", LENGTHS)
def test_pointwise_steps_follow_the_formula(length: int) -> None:
    order = ORDER[:length]
    untouched, factors = Untouched.by(PLAIN), some_factors(40, 30)
    expected = kernels.Factors(*(part.astype(np.float64) for part in factors))
    pairs = PLAIN.users[order], PLAIN.items[order]
    negatives = draws(untouched, pairs[0].tolist(), NEGATIVES, seed=9)
    total = 0.0
    for user, item, others in zip(*pairs, negatives, strict=True):
        total += pointwise_step(expected, user, item, 1)
        total += sum(pointwise_step(expected, user, other, 0) for other in others)
    seed = np.uint64(9)
    found = kernels.pointwise_epoch(order, samples(untouched), factors, RATE, L2, seed)
    assert found == pytest.approx(total, rel=1e-4)
    for part, right in zip(factors, expected, strict=True):
        np.testing.assert_allclose(part, right, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("length", LENGTHS)
def test_pairwise_steps_follow_the_formula(length: int) -> None:
    order = ORDER[:length]
    untouched, factors = Untouched.by(PLAIN), some_factors(40, 30)
    expected = kernels.Factors(*(part.astype(np.float64) for part in factors))
    pairs = PLAIN.users[order], PLAIN.items[order]
    negatives = draws(untouched, pairs[0].tolist(), 1, seed=9)
    total = sum(
        pairwise_step(expected, user, item, others[0])
        for user, item, others in zip(*pairs, negatives, strict=True)
    )
    given = samples(untouched, negatives=1)
    found = kernels.pairwise_epoch(order, given, factors, RATE, L2, np.uint64(9))
    assert found == pytest.approx(total, rel=1e-4)
    for part, right in zip(factors, expected, strict=True):
        np.testing.assert_allclose(part, right, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["pointwise_epoch", "pairwise_epoch"])
@pytest.mark.parametrize("mapped", [True, False], ids=["map", "keys"])
def test_compiled_and_plain_python_agree(
    name: str, mapped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    untouched, compiled = Untouched.by(PLAIN), some_factors(40, 30)
    if not mapped:
        untouched = untouched._replace(observed=NO_MAP)
    plain, epoch = copied(compiled), getattr(kernels, name)
    given = samples(untouched, NEGATIVES if name == "pointwise_epoch" else 1)
    seed = np.uint64(2**64 - 3)
    loss = epoch(ORDER, given, compiled, RATE, L2, seed)
    for module, helper in (
        *((draws_of, helper) for helper in ("below", "draw_places", "name")),
        *((kernels, helper) for helper in HELPERS),
    ):
        monkeypatch.setattr(module, helper, getattr(module, helper).py_func)
    with np.errstate(over="ignore"):  # 64 bits are meant to run over
        again = epoch.py_func(ORDER, given, plain, RATE, L2, seed)
    assert loss == pytest.approx(again, rel=1e-4)
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def fitted(name: str, train: Interactions, seed: int = 1, **params: Any) -> tuple[Any, list[Epoch]]:
    training = Training()
    adapter = adapter_class(name)(**{"epochs": 3, **params})
    adapter.fit(train, training.run(seed))
    return adapter, training.curve


@pytest.mark.parametrize(("name", "per_pair"), [("mf", 9), ("bpr", 2)])
def test_an_epoch_tells_its_samples_and_a_loss_that_falls(name: str, per_pair: int) -> None:
    _, start = fitted(name, PLAIN, epochs=1, learning_rate=1e-6)
    assert start[0].loss == pytest.approx(np.log(2), abs=0.02)  # all scores are near 0
    _, curve = fitted(name, PLAIN, epochs=30, learning_rate=0.05)
    assert {epoch.samples for epoch in curve} == {per_pair * len(PLAIN)}
    assert curve[-1].loss < 0.7 * curve[0].loss  # type: ignore[operator]


@pytest.mark.parametrize("name", ["mf", "bpr"])
def test_another_seed_gives_other_factors(name: str) -> None:
    def vectors(seed: int) -> Embeddings:
        return fitted(name, PLAIN, seed)[0].embeddings()  # type: ignore[no-any-return]

    np.testing.assert_array_equal(vectors(1).users, vectors(1).users)
    assert abs(vectors(1).items - vectors(2).items).max() > 0.01


@pytest.mark.parametrize("name", ["mf", "bpr"])
def test_a_user_with_every_item_is_left_out(name: str) -> None:
    every = [(0, item, 0) for item in range(5)]
    adapter, curve = fitted(name, interactions([*every, (1, 2, 0)], 3, 5))
    assert curve[0].samples == (9 if name == "mf" else 2)  # of the pair (1, 2) alone
    users = adapter.embeddings().users
    assert not users[[0, 2], : adapter.factors].any()  # user 2 has no item at all
    assert users[1, : adapter.factors].all()
    scores = adapter.scores(np.array([0, 2], dtype=np.int32))
    np.testing.assert_array_equal(scores[0], scores[1])


@pytest.mark.parametrize("name", ["mf", "bpr"])
def test_data_without_anything_to_learn_gives_finite_scores(name: str) -> None:
    adapter, _ = fitted(name, interactions([(0, 0, 0), (0, 1, 0)], 2, 2))
    assert np.isfinite(adapter.scores(np.array([0, 1], dtype=np.int32))).all()


@pytest.mark.parametrize("name", ["mf", "bpr"])
def test_a_repeated_interaction_is_trained_as_often(name: str) -> None:
    _, curve = fitted(name, interactions([(0, 0, 0), (0, 0, 1), (1, 1, 0)], 2, 4))
    assert curve[0].samples == 3 * (9 if name == "mf" else 2)


@pytest.mark.parametrize("name", ["mf", "bpr"])
def test_a_rate_that_is_too_high_fails(name: str) -> None:
    with pytest.raises(FloatingPointError, match="diverged"):
        fitted(name, PLAIN, learning_rate=1e6, epochs=20)


def test_mf_refuses_fewer_than_no_negatives() -> None:
    with pytest.raises(ValueError, match="mf: negatives must be 0 or more, not -1"):
        fitted("mf", PLAIN, negatives=-1)
