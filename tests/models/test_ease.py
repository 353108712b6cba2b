"""EASE: its weights are those of the paper, and the blocks it is worked on in do not matter."""

import numpy as np
import pytest
from bench.models.shared import closed_form
from bench.models.shared.closed_form import products, weights_without_self

from bench.registry.models import load_module

ROWS = load_module("datasets", "synthetic").load(n_users=80, n_items=50).matrix()  # [80, 50]


def test_the_weights_are_those_of_equation_8() -> None:
    found = weights_without_self(products(ROWS), 20.0)
    dense = ROWS.toarray().astype(np.float64)
    precision = np.linalg.inv(dense.T @ dense + 20.0 * np.eye(50))
    np.testing.assert_allclose(found, np.eye(50) - precision / np.diag(precision), atol=1e-6)
    assert not np.diag(found).any()


@pytest.mark.parametrize("rows", [1, 7, 49])
def test_the_size_of_a_block_changes_nothing(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = weights_without_self(products(ROWS), 20.0)
    monkeypatch.setattr(closed_form, "BLOCK_BYTES", rows * 50 * 4)
    np.testing.assert_array_equal(weights_without_self(products(ROWS), 20.0), at_once)
