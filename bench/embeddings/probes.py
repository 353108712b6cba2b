"""Probes: how well a linear classifier tells labels from vectors that it was not fitted on.

A probe asks what vectors hold, not what a model uses (Alain & Bengio 2016, arXiv 1610.01644). Where
the label was an input of the model it shows nothing but that.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.interactions import Floats

FOLDS = 5
LEAST = 10  # entities that have a label, and that do not, for it to be asked
PENALTY = 10.0  # of the ridge, on standardised columns


def probe(vectors: Floats, labels: NDArray[np.bool_]) -> float | None:
    """The AUC of ridge classifiers for each label, out of fold, the mean over labels.

    0.5 is chance. In five folds, at random from a fixed seed, by decision values of all folds
    together.

    Args:
        vectors: [n, d].
        labels: yes or no, [n, L]. One that fewer than ten entities have, or lack, is left out.

    Returns:
        None where no label is left.
    """
    having = labels.sum(axis=0)
    asked = labels[:, (having >= LEAST) & (len(labels) - having >= LEAST)].astype(np.int64)
    if not asked.shape[1]:
        return None
    classifier = make_pipeline(StandardScaler(), RidgeClassifier(alpha=PENALTY))
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    wanted = asked[:, 0] if asked.shape[1] == 1 else asked
    decisions = cross_val_predict(
        classifier, vectors.astype(np.float64), wanted, cv=folds, method="decision_function"
    )
    return float(roc_auc_score(wanted, decisions, average="macro"))
