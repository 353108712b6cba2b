"""The synthetic data: what is planted is there, as strong as asked for."""

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

synthetic = importlib.import_module("bench.datasets.synthetic")


def hit_rate_of_groups_and_popularity(data, k=10):
    """HR@k of item-to-item counts (a simple personal model), and of popularity."""
    last = np.append(data.users[1:] != data.users[:-1], True)
    seen = data.take(~last).matrix().toarray()
    popularity = np.tile(seen.sum(axis=0), (data.n_users, 1))
    gram = seen.T @ seen
    cosine = gram / np.sqrt(np.outer(gram.diagonal() + 1, gram.diagonal() + 1))
    rates = []
    for scores in (seen @ cosine, popularity):
        scores = np.where(seen > 0, -np.inf, scores)
        held_out = scores[np.arange(data.n_users), data.items[last]]
        rates.append(np.mean((scores > held_out[:, None]).sum(axis=1) < k))
    return rates


def test_synthetic_defaults():
    data = synthetic.load()
    found = {"users": data.n_users, "items": data.n_items, "interactions": len(data)}
    assert found == synthetic.COUNTS
    personal, popular = hit_rate_of_groups_and_popularity(data)
    assert personal > popular + 0.1
    personal, popular = hit_rate_of_groups_and_popularity(synthetic.load(strength=0.0))
    assert personal < popular + 0.05


@settings(max_examples=40, deadline=None)
@given(
    n_users=st.integers(1, 40),
    n_items=st.integers(1, 60),
    n_groups=st.integers(1, 9),
    mean=st.floats(1, 30),
    strength=st.floats(0, 1),
    exponent=st.floats(0, 3),
    seed=st.integers(0, 100),
)
def test_synthetic_properties(n_users, n_items, n_groups, mean, strength, exponent, seed):
    minimum = min(2, int(mean), n_items)
    arguments = dict(
        n_users=n_users,
        n_items=n_items,
        n_groups=min(n_groups, n_items),
        interactions_per_user=mean,
        min_per_user=minimum,
        strength=strength,
        popularity_exponent=exponent,
        seed=seed,
    )
    data = synthetic.load(**arguments)
    pairs = data.users.astype(np.int64) * n_items + data.items
    assert len(np.unique(pairs)) == len(pairs)
    per_user = np.bincount(data.users, minlength=n_users)
    assert per_user.min() >= minimum
    assert np.all(np.diff(data.users) >= 0)
    same_user = data.users[1:] == data.users[:-1]
    assert np.all(np.diff(data.times)[same_user] > 0)

    bare = synthetic.load(**arguments, features=False)
    assert bare.user_features is None and bare.item_features is None
    for name in ("users", "items", "times"):
        assert np.array_equal(getattr(bare, name), getattr(data, name))


def test_synthetic_strength_is_the_share_of_the_own_group():
    # Few of very many items, so that repeated draws hardly matter.
    for strength in (0.0, 0.5, 1.0):
        data = synthetic.load(n_items=20_000, n_groups=10, strength=strength)
        genres = data.item_features.multi_hot
        # The own genre is on 90 % of a group's items, another one on 10 %.
        segment = data.user_features.categorical[:, 0]
        share = genres[data.items, segment[data.users]].mean()
        own = 0.7 + 0.3 / 10  # how often the segment is the group
        in_group = strength + (1 - strength) / 10
        in_other = (1 - in_group) / 9
        expected = 0.1 + 0.8 * (own * in_group + (1 - own) * in_other)
        assert share == pytest.approx(expected, abs=0.03)


def test_synthetic_seeds_differ_in_draws_and_not_in_size():
    first, second = synthetic.load(seed=1), synthetic.load(seed=2)
    assert len(first) == len(second)
    assert not np.array_equal(first.items, second.items)


def test_synthetic_blocks_do_not_show(monkeypatch):
    monkeypatch.setattr(synthetic, "BLOCK", 50)
    data = synthetic.load(n_users=50)
    assert np.bincount(data.users).min() >= 5
    pairs = data.users.astype(np.int64) * data.n_items + data.items
    assert len(np.unique(pairs)) == len(pairs)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_users": 0},
        {"n_items": 3},
        {"strength": 1.5},
        {"strength": float("nan")},
        {"min_per_user": 0},
        {"min_per_user": 50},
    ],
    ids=str,
)
def test_synthetic_refuses_nonsense(wrong):
    with pytest.raises(ValueError, match="must"):
        synthetic.load(**wrong)


def test_synthetic_users_wait_for_no_block(monkeypatch):
    monkeypatch.setattr(synthetic, "BLOCK_USERS", 3)
    data = synthetic.load(n_users=50)
    assert np.bincount(data.users).min() >= 5


def test_synthetic_users_who_want_nearly_all_get_them():
    data = synthetic.load(
        n_users=30, n_items=40, n_groups=4, interactions_per_user=100.0, min_per_user=39
    )
    assert np.bincount(data.users).tolist() == [39] * 30
    # Of what users with strength 1 want, the own group comes first.
    one = synthetic.load(
        n_users=30, n_items=40, n_groups=4, interactions_per_user=9.0, min_per_user=9, strength=1.0
    )
    genres = one.item_features.multi_hot[one.items]
    assert genres.mean() > 0.25


def gini(counts):
    counts = np.sort(counts)
    return (
        (2 * np.arange(1, len(counts) + 1) - len(counts) - 1) @ counts / counts.sum() / len(counts)
    )


def test_synthetic_of_scale_1_is_like_movielens_1m():
    data = synthetic.load(scale=1)
    assert (data.n_users, data.n_items) == (6_040, 3_706)
    assert len(data) == pytest.approx(1_000_209, rel=0.01)
    counts = np.sort(np.bincount(data.items, minlength=data.n_items))[::-1]
    assert gini(counts) == pytest.approx(0.634, abs=0.01)  # of ML-1M
    assert counts[:37].sum() / len(data) == pytest.approx(0.087, abs=0.01)  # the top 1 % of ML-1M
    per_user = np.bincount(data.users)
    assert per_user.min() >= 20
    assert np.median(per_user) == pytest.approx(96, rel=0.25)  # of ML-1M
