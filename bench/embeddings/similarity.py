"""Similarity of items: of every item to some, row by row, from vectors or from popularity alone."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp

from bench.evaluation.metrics import Counts
from bench.interactions import Floats, Ids

NOTHING = 1e-12  # of the largest similarity of a row: what rounding leaves of a zero


class Similarity(Protocol):
    """Says how like the items of a catalogue are to each other; only the order of a row counts."""

    def rows(self, items: Ids) -> Floats:
        """The similarity of every item to these, float32: [b] -> [b, n_items]."""
        ...


@dataclass(frozen=True)
class DotProducts:
    """Dot products of item vectors, dense or sparse: the cosine where they have unit length.

    They are computed in 64 bits and rounded to 32, so that equal vectors are equally similar, and
    the same ones on every machine.
    """

    vectors: Any  # [n_items, d], an array or a scipy.sparse array

    def rows(self, items: Ids) -> Floats:
        """See `Similarity.rows`."""
        wide = self.vectors.astype(np.float64)
        products = wide[items] @ wide.T
        dense = products.toarray() if sp.issparse(products) else products
        size = np.abs(dense)
        dense[size < NOTHING * size.max(axis=1, keepdims=True)] = 0.0
        return np.asarray(dense, dtype=np.float32)


@dataclass(frozen=True)
class Popularity:
    """A floor: every item is as similar to any other as it is popular."""

    users: Counts  # [n_items], users in train

    def rows(self, items: Ids) -> Floats:
        """See `Similarity.rows`."""
        return np.tile(self.users.astype(np.float32), (len(items), 1))


def unit(vectors: Any) -> Any:
    """Rows of length one, a row of zeros as it is. [n, d], dense or sparse"""
    if sp.issparse(vectors):
        lengths = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
        return sp.csr_array(sp.diags_array(_inverse(lengths)) @ vectors)
    return vectors * _inverse(np.linalg.norm(vectors, axis=1))[:, None]


def _inverse(lengths: Any) -> Any:
    return np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
