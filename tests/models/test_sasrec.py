"""sasrec: its formulas, what may depend on what, and its batches."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, some_interactions
from numpy.typing import NDArray

from bench.interactions import Interactions
from bench.running.training import Training

Numbers = NDArray[np.float64]

synthetic = import_module("bench.datasets.synthetic").load
sequences = import_module("bench.models.shared.sequences")
softmax = import_module("bench.models.shared.softmax")
sampled = import_module("bench.models.shared.sampled_softmax")
sasrec = import_module("bench.models.sasrec")

DATA = synthetic(n_users=40, n_items=30, interactions_per_user=8)
EVERYONE = np.arange(DATA.n_users, dtype=np.int32)
MAXLEN = 9  # some users of DATA have more items, some less


def fitted(train: Interactions = DATA, *, seed: int = 0, **params: Any) -> Any:
    # Large vectors and a high learning rate, so that every term of a formula shows.
    small = {"factors": 6, "maxlen": MAXLEN, "heads": 2, "epochs": 2, "batch_size": 60}
    adapter = sasrec.SASRec(**(small | {"init_scale": 0.3, "learning_rate": 0.02} | params))
    training = Training()
    adapter.fit(train, training.run(seed))
    adapter.training = training
    return adapter


def histories(train: Interactions) -> list[list[int]]:
    return [train.items[train.users == user].tolist() for user in range(train.n_users)]


# The formulas, for one sequence and one head at a time, in float64.


def numbers(tensor: torch.Tensor) -> Numbers:
    return tensor.detach().double().numpy()


def linear(layer: Any, x: Numbers) -> Numbers:
    return x @ numbers(layer.weight).T + (0 if layer.bias is None else numbers(layer.bias))


def norm(layer: Any, x: Numbers) -> Numbers:
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return numbers(layer.weight) * centred / deviation + numbers(layer.bias)


def states(network: Any, items: list[int], maxlen: int = MAXLEN) -> Numbers:
    """The states of a whole sequence, padded on the left as in the paper: [maxlen, D]."""
    items = items[-maxlen:]
    padding = maxlen - len(items)
    width = network.items.shape[1]
    x = numbers(network.items)[[0] * padding + items] * np.sqrt(width) + numbers(network.places)
    for block in network.blocks:
        each = linear(block.queries_keys_values, norm(block.attention_norm, x))
        queries, keys, values = np.split(each, 3, axis=1)
        attended = []
        for head in np.split(np.arange(width), block.heads):
            weights = np.exp(queries[:, head] @ keys[:, head].T / np.sqrt(len(head)))
            weights = np.tril(weights)
            weights[:, :padding] = 0
            weights /= np.maximum(weights.sum(1, keepdims=True), 1e-300)
            attended.append(weights @ values[:, head])
        x = x + np.concatenate(attended, axis=1)
        x = x + linear(block.second, np.maximum(linear(block.first, norm(block.norm, x)), 0))
    return norm(network.norm, x)


def plain_loss(network: Any, train: Interactions, users: Any) -> float:
    """Mean cross-entropy over all positions of some users, from the formulas."""
    losses = []
    for user in users:
        items = histories(train)[user][-MAXLEN - 1 :]
        logits = states(network, items[:-1]) @ numbers(network.items).T
        for scores, item in zip(logits[MAXLEN + 1 - len(items) :], items[1:], strict=True):
            losses.append(np.log(np.exp(scores).sum()) - scores[item])
    return float(np.mean(losses))


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_scores_are_the_formula(heads: int) -> None:
    adapter = fitted(heads=heads)
    network = adapter._network
    expected = [states(network, items)[-1] @ numbers(network.items).T for items in histories(DATA)]
    assert np.std(expected, axis=0).max() > 0.1
    np.testing.assert_allclose(adapter.scores(EVERYONE), expected, rtol=1e-4, atol=1e-4)
    vectors = adapter.embeddings()
    np.testing.assert_allclose(vectors.users @ vectors.items.T, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("positions", [1, 20, 100, 10_000])
def test_the_loss_of_batches_is_that_of_plain_padding(positions: int) -> None:
    network = fitted()._network
    batched = sequences.Sequences.of(DATA, MAXLEN, "cpu").without_last()
    generator = torch.Generator().manual_seed(0)
    for users in batched.shuffled(positions, generator)[:5]:
        loss = network.loss(batched.padded(users)).item()
        assert loss == pytest.approx(plain_loss(network, DATA, users), rel=1e-5)


def test_the_gradient_of_the_loss_in_blocks_is_that_of_torch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = fitted()._network.double()
    batched = sequences.Sequences.of(DATA, MAXLEN, "cpu").without_last()
    batch = batched.padded(np.argsort(-batched.lengths)[:20])
    logits = network(batch).flatten(0, 1)[batch.real] @ network.items.T
    plain = torch.nn.functional.cross_entropy(logits, batch.following.long())
    expected = torch.autograd.grad(plain, list(network.parameters()))
    monkeypatch.setattr(softmax, "LOGITS_ON_CPU", 1)  # a few rows at a time
    loss = network.loss(batch)
    torch.testing.assert_close(loss, plain)
    for found, one in zip(
        torch.autograd.grad(loss, list(network.parameters())), expected, strict=True
    ):
        torch.testing.assert_close(found, one)


# Against some items, drawn at random.


@given(
    st.integers(1, 6), st.integers(2, 9), st.integers(1, 8), st.floats(0.1, 30), st.integers(0, 99)
)
def test_the_sampled_loss_and_its_gradient_are_the_formula(
    rows: int, n_items: int, count: int, scale: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    hidden = (scale * torch.randn(rows, 3, generator=generator).double()).requires_grad_()
    items = torch.randn(n_items, 3, generator=generator).double().requires_grad_()
    targets = torch.randint(0, n_items, (rows,), generator=generator, dtype=torch.int32)
    which = torch.randperm(n_items, generator=generator)[:count]
    drawn = sampled.Drawn(which, 0.7)
    expected = torch.zeros((), dtype=torch.double)
    for row, target in zip(hidden, targets.tolist(), strict=True):
        others = [row @ items[other] + 0.7 for other in which.tolist() if other != target]
        own = row @ items[target]
        expected = expected + torch.logsumexp(torch.stack([own, *others]), 0) - own
    found = sampled.sampled_softmax_loss(hidden, items, targets, drawn)
    torch.testing.assert_close(found, expected)
    both = (torch.autograd.grad(loss, (hidden, items)) for loss in (found, expected))
    for one, other in zip(*both, strict=True):
        torch.testing.assert_close(one, other)


def test_only_items_that_occur_are_drawn_each_as_often_and_at_most_once() -> None:
    train = interactions([(0, item, 0) for item in (1, 4, 5, 6, 8)], n_items=9)
    draws, generator = sampled.Draws(train, 2), torch.Generator().manual_seed(0)
    drawn = [draws.next(generator, "cpu") for _ in range(2000)]
    assert {each.log_weight for each in drawn} == {np.log(5 / 2)}
    assert all(len(each.items.unique()) == 2 for each in drawn)
    counts = torch.cat([each.items for each in drawn]).bincount(minlength=9)
    assert counts[[0, 2, 3, 7]].tolist() == [0, 0, 0, 0]
    # Each with chance 2 / 5, so 800 times on average, with a standard deviation of 22.
    assert (counts[[1, 4, 5, 6, 8]] - 800).abs().max() < 110


def test_as_many_negatives_as_items_are_all_items() -> None:
    n_seen = len(np.unique(DATA.items))
    np.testing.assert_array_equal(
        fitted(negatives=n_seen).scores(EVERYONE), fitted(negatives=0).scores(EVERYONE)
    )
    assert not np.allclose(
        fitted(negatives=n_seen - 1).scores(EVERYONE), fitted().scores(EVERYONE), atol=1e-6
    )


# What may depend on what.


@pytest.fixture(scope="module")
def adapter() -> Any:
    return fitted()


@given(place=st.integers(0, MAXLEN - 1), other=st.integers(0, 29))
def test_a_later_item_does_not_change_an_earlier_position(
    adapter: Any, place: int, other: int
) -> None:
    network, histories = adapter._network, adapter._histories
    batch = histories.padded(np.flatnonzero(histories.lengths == MAXLEN)[:3])
    items = batch.items.clone()
    items[1, place] = other
    with torch.no_grad():
        before, after = network(batch), network(batch._replace(items=items))
    torch.testing.assert_close(after[1, :place], before[1, :place])
    torch.testing.assert_close(after[[0, 2]], before[[0, 2]])
    if items[1, place] != batch.items[1, place]:
        assert not torch.allclose(after[1, place:], before[1, place:])


def test_only_the_latest_items_count() -> None:
    everything = [(1, item, item) for item in range(10)]  # so that none is new
    rows = [*((0, item, time) for time, item in enumerate([1, 2, 3, 4, 5])), *everything]
    older = [*((0, item, time) for time, item in enumerate([9, 8, 3, 4, 5])), *everything]
    one, other = (interactions(some, n_items=10) for some in (rows, older))
    # Three items are looked at, and two of the older ones are targets of none of them.
    np.testing.assert_array_equal(
        fitted(one, maxlen=2).scores(EVERYONE[:1]), fitted(other, maxlen=2).scores(EVERYONE[:1])
    )
    assert not np.array_equal(
        fitted(one, maxlen=4).scores(EVERYONE[:1]), fitted(other, maxlen=4).scores(EVERYONE[:1])
    )


def test_time_decides_the_order_and_the_source_that_of_ties() -> None:
    rows = [(0, 3, 5), (1, 2, 7), (0, 1, 2), (1, 4, 7), (0, 2, 9), (1, 0, 1)]
    in_order = [(0, 1, 2), (0, 3, 5), (0, 2, 9), (1, 0, 1), (1, 2, 7), (1, 4, 7)]
    one, other = (fitted(interactions(some)).scores(EVERYONE[:2]) for some in (rows, in_order))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("negatives", [0, 3])
def test_it_learns_an_order_that_no_set_shows(negatives: int) -> None:
    """Everybody goes around the same circle: the next item is known from the last one alone."""
    rows = [(user, (user + step) % 12, step) for user in range(60) for step in range(8)]
    given: dict[str, Any] = {"epochs": 30, "learning_rate": 0.01, "dropout": 0.0}
    adapter = fitted(interactions(rows), negatives=negatives, last_rate=0.1, **given)
    best = adapter.scores(np.arange(60, dtype=np.int32)).argmax(1)
    np.testing.assert_array_equal(best, (np.arange(60) + 8) % 12)


# Batches.


@given(some_interactions(), st.integers(1, 4), st.integers(0, 1), st.integers(1, 20))
def test_batches_hold_every_sequence_once(
    train: Interactions, maxlen: int, held_back: int, positions: int
) -> None:
    some = sequences.Sequences.of(train, maxlen, "cpu")
    some = some.without_last() if held_back else some
    order = np.lexsort((train.times, train.users))
    expected = histories(train.take(order))
    seen = []
    for users in some.shuffled(positions, torch.Generator().manual_seed(1)):
        batch = some.padded(users)
        longest = batch.items.shape[1]
        # A tenth of jitter never moves a sequence this short before a longer one.
        assert len(users) == 1 or len(users) * longest <= positions
        seen += users.tolist()
        own = [expected[user][: len(expected[user]) - held_back][-maxlen:] for user in users]
        assert longest == max(map(len, own))
        flat = [item for items in own for item in items]
        assert batch.items.flatten()[batch.real].tolist() == flat
        assert batch.items.flatten()[batch.last].tolist() == [items[-1] for items in own]
        places = [place for items in own for place in range(maxlen - len(items), maxlen)]
        assert batch.places.flatten()[batch.real].tolist() == places
        if held_back:
            after = [item for user in users for item in expected[user][-1 - maxlen :][1:]]
            assert batch.following.tolist() == after
    assert sorted(seen) == [user for user, items in enumerate(expected) if len(items) > held_back]


def test_batches_of_many_users_hardly_pad() -> None:
    many = synthetic(n_users=2000, n_items=300, interactions_per_user=40)
    some = sequences.Sequences.of(many, 100, "cpu").without_last()
    batches = some.shuffled(2048, torch.Generator().manual_seed(0))
    padded = sum(some.padded(users).items.numel() for users in batches)
    assert padded < 1.12 * some.lengths.sum()
    again = some.shuffled(2048, torch.Generator().manual_seed(1))
    assert [users.tolist() for users in batches] != [users.tolist() for users in again]


# Training.


def test_the_loss_falls_and_samples_are_positions() -> None:
    curve = fitted(epochs=12).training.curve
    assert curve[-1].loss < 0.9 * curve[0].loss
    lengths = [len(items) for items in histories(DATA)]
    assert {epoch.samples for epoch in curve} == {sum(min(n - 1, MAXLEN) for n in lengths)}


def test_who_has_chosen_nothing_is_scored_alike() -> None:
    train = interactions([(0, 1, 0), (2, 0, 0), (2, 2, 1), (2, 1, 2)], n_users=4)
    adapter = fitted(train)
    scores = adapter.scores(np.array([3, 2, 1], dtype=np.int32))
    np.testing.assert_array_equal(scores[[0, 2]], 0)
    assert scores[1].all()


def test_nothing_to_learn_from_is_no_error() -> None:
    adapter = fitted(interactions([(0, 1, 0)], n_users=2))
    assert [epoch.samples for epoch in adapter.training.curve] == [0, 0]
    assert np.isfinite(adapter.scores(EVERYONE[:2])).all()


def test_another_seed_gives_other_scores_and_dropout_changes_training_only() -> None:
    one, other = (fitted(seed=seed).scores(EVERYONE) for seed in (1, 2))
    assert not np.allclose(one, other)
    adapter = fitted(seed=1, dropout=0.0)
    assert not np.allclose(one, adapter.scores(EVERYONE))
    np.testing.assert_array_equal(adapter.scores(EVERYONE), adapter.scores(EVERYONE))


def test_heads_must_divide_factors() -> None:
    with pytest.raises(ValueError, match="heads=4 must divide factors=6"):
        fitted(heads=4)


def test_divergence_is_an_error() -> None:
    with pytest.raises(FloatingPointError, match="diverged"):
        fitted(learning_rate=float("inf"))
