"""Probes of vectors in which labels were planted, and in which there are none."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold

from bench.embeddings.baselines import random_vectors
from bench.embeddings.probes import FOLDS, PENALTY, probe


def labels_of(n: int, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, count)) < 0.3


def test_by_a_loop_over_folds_and_labels() -> None:
    labels, vectors = labels_of(150, 3), random_vectors(150, seed=1).astype(float)
    vectors[:, :3] += labels
    decisions = np.empty(labels.shape)
    for train, test in KFold(FOLDS, shuffle=True, random_state=0).split(vectors):
        centre, spread = vectors[train].mean(axis=0), vectors[train].std(axis=0)
        standard = (vectors - centre) / spread
        for column in range(3):
            fitted = RidgeClassifier(alpha=PENALTY).fit(standard[train], labels[train, column])
            decisions[test, column] = fitted.decision_function(standard[test])
    wanted = np.mean([roc_auc_score(labels[:, c], decisions[:, c]) for c in range(3)])
    assert probe(vectors.astype(np.float32), labels) == pytest.approx(wanted, abs=1e-6)


def test_planted_labels_are_found_and_others_are_chance() -> None:
    labels, vectors = labels_of(2000, 4), random_vectors(2000, seed=2)
    assert probe(vectors, labels) == pytest.approx(0.5, abs=0.05)
    vectors[:, :4] += 6 * labels
    assert probe(vectors, labels) > 0.99


def test_a_label_that_too_few_have_or_lack_is_not_asked() -> None:
    vectors, labels = random_vectors(100, seed=3), labels_of(100, 1)
    rare = np.arange(100)[:, None] < 9
    assert probe(vectors, rare) is None
    assert probe(vectors, ~rare) is None
    assert probe(vectors, np.hstack([rare, labels, ~rare])) == probe(vectors, labels)
    assert probe(vectors, np.empty((100, 0), dtype=bool)) is None
