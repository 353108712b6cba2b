"""The shape of a cloud of vectors, where it is known beforehand."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import entropy, pearsonr
from sklearn.decomposition import PCA

from bench.embeddings.baselines import random_vectors
from bench.embeddings.spread import length_and_popularity, mean_cosine, width_used


def test_as_many_directions_as_were_planted() -> None:
    rng = np.random.default_rng(0)
    flat = rng.standard_normal((5000, 7)) @ np.linalg.qr(rng.standard_normal((20, 7)))[0].T
    assert width_used(flat.astype(np.float32)) == pytest.approx(7, abs=0.05)
    assert width_used(np.outer(np.arange(9), np.ones(4)).astype(np.float32)) == pytest.approx(1)
    assert width_used(np.ones((9, 4), dtype=np.float32)) == 0


def test_it_is_the_entropy_of_explained_variance() -> None:
    vectors = random_vectors(200, seed=1) * np.linspace(0.1, 2, 64, dtype=np.float32) + 5
    shares = PCA().fit(vectors.astype(float)).explained_variance_ratio_
    assert width_used(vectors) == pytest.approx(np.exp(entropy(shares)))


def test_mean_cosine_over_pairs() -> None:
    vectors = random_vectors(30, seed=2)[:, :3] + 1
    lengths = np.linalg.norm(vectors, axis=1)
    pairs = [
        vectors[i] @ vectors[j] / lengths[i] / lengths[j] for i, j in combinations(range(30), 2)
    ]
    assert mean_cosine(vectors) == pytest.approx(np.mean(pairs))
    with_zeros = np.vstack([vectors, np.zeros((5, 3), dtype=np.float32)])
    assert mean_cosine(with_zeros) == pytest.approx(np.mean(pairs))


def test_lengths_that_follow_popularity() -> None:
    users = np.random.default_rng(3).integers(5, 500, size=80)
    vectors = random_vectors(80, seed=3)
    wanted = pearsonr(np.linalg.norm(vectors, axis=1), np.log(users)).statistic
    assert length_and_popularity(vectors, users) == pytest.approx(wanted)
    planted = vectors / np.linalg.norm(vectors, axis=1)[:, None] * np.log(users)[:, None]
    assert length_and_popularity(planted.astype(np.float32), users) == pytest.approx(1)
    same_length = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    assert np.isnan(length_and_popularity(same_length, users))
    assert np.isnan(length_and_popularity(vectors, np.full(80, 9)))
