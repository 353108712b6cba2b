"""What a batch takes of tables: distinct rows, rows of sparse products, and AdamW by row."""

from importlib import import_module

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

devices = import_module("bench.models.shared.devices")
dots_of = import_module("bench.models.shared.pairs.field_dots").field_dots
distinct_of = import_module("bench.models.shared.distinct")
sparse = import_module("bench.models.shared.sparse")
tables = import_module("bench.models.shared.tables")

HEIGHT, WIDTH = 7, 3


@given(st.lists(st.lists(st.integers(0, HEIGHT - 1), min_size=2, max_size=2), max_size=20))
def test_distinct_ids_and_their_places(ids: list[list[int]]) -> None:
    finder = distinct_of.Distinct(HEIGHT)
    given_ids = torch.tensor(ids, dtype=torch.int32).view(-1, 2)
    for _ in range(2):  # the second time as the first
        distinct, places = finder.of(given_ids)
        assert sorted(distinct.tolist()) == sorted({i for pair in ids for i in pair})
        assert torch.equal(distinct[places.long()], given_ids)


def random_matrix(seed: int) -> sp.csr_array:
    random = np.random.default_rng(seed)
    dense = random.normal(size=(HEIGHT, 5)) * (random.random((HEIGHT, 5)) < 0.4)
    return sp.csr_array(dense.astype(np.float32))


@given(st.integers(0, 2**31), st.lists(st.integers(0, HEIGHT - 1), max_size=9))
def test_rows_of_a_sparse_product_and_their_gradient(seed: int, some: list[int]) -> None:
    matrix = random_matrix(seed)
    table = torch.randn(5, WIDTH, generator=torch.Generator().manual_seed(seed), requires_grad=True)
    product = sparse.SparseMatrix(matrix)(table, torch.tensor(some, dtype=torch.int32))
    dense = torch.tensor(matrix.toarray()[some].reshape(-1, 5))
    torch.testing.assert_close(product, dense @ table)
    weights = torch.randn(product.shape, generator=torch.Generator().manual_seed(1))
    found = torch.autograd.grad((product * weights).sum(), table)[0]
    torch.testing.assert_close(found, dense.T @ weights)


def test_a_sparse_product_of_mixed_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "COMPILED", set())
    matrix, rows = sparse.SparseMatrix(random_matrix(1)), torch.tensor([0, 3], dtype=torch.int32)
    table = torch.randn(5, WIDTH, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        matrix(table.bfloat16(), rows), matrix(table, rows), rtol=0.02, atol=0.02
    )


class TwoTables(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.table = tables.Table(
            torch.nn.Parameter(torch.randn(HEIGHT, WIDTH, generator=generator))
        )
        self.vector = torch.nn.Parameter(torch.randn(WIDTH, generator=generator))

    def loss(self, rows: torch.Tensor) -> torch.Tensor:
        return ((self.table(rows) * self.vector - 1) ** 2).sum()


batches = st.lists(
    st.lists(st.integers(0, HEIGHT - 1), max_size=4, unique=True), min_size=1, max_size=40
)


@pytest.mark.parametrize("most_skipped", [3, 4096])
@given(some_batches=batches, decay=st.sampled_from([None, 0.0, 0.5, 4.0]))
@settings(max_examples=50, deadline=None)
def test_steps_by_row_are_steps_on_the_whole_table(
    most_skipped: int, some_batches: list[list[int]], decay: float | None
) -> None:
    by_row, whole = TwoTables(), TwoTables()
    theirs: torch.optim.Optimizer
    if decay is None:
        ours = tables.SGD(by_row, learning_rate=0.05, most_skipped=most_skipped)
        theirs = torch.optim.SGD(whole.parameters(), lr=0.05)
    else:
        ours = tables.AdamW(by_row, 0.05, decay, most_skipped)
        theirs = torch.optim.AdamW(whole.parameters(), lr=0.05, weight_decay=decay, eps=1e-15)
    for number, some in enumerate(some_batches):
        if number % 7 == 5:  # as between epochs
            ours.settle()
            ours.slow_to(1 / number)
            theirs.param_groups[0]["lr"] = 0.05 / number
        rows = torch.tensor(some, dtype=torch.int32)
        by_row.loss(rows).backward()
        ours.step()
        theirs.zero_grad()
        # Zero where a row is not in the batch: also then AdamW moves it.
        (whole.loss(rows) + 0 * whole.table().sum()).backward()
        theirs.step()
    ours.settle()
    for mine, its in zip(by_row.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-4, atol=1e-5)
    ours.finish()
    assert by_row.table.rows is None


def test_a_row_taken_twice_in_a_step_is_the_same_leaf() -> None:
    network = TwoTables()
    tables.AdamW(network, learning_rate=0.05, weight_decay=0.0)
    rows = torch.tensor([2, 5], dtype=torch.int32)
    assert network.table(rows) is network.table(rows)


@given(st.integers(0, 2**31), st.integers(0, 4), st.integers(2, 5))
def test_dot_products_of_fields_and_their_gradient(seed: int, rows: int, fields: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    given_fields = torch.randn(rows, fields, WIDTH, generator=generator, requires_grad=True)
    dots = dots_of(given_fields)
    pairs_of_fields = [(f, g) for f in range(fields) for g in range(f + 1, fields)]
    expected = torch.empty(rows, len(pairs_of_fields))
    for place, (f, g) in enumerate(pairs_of_fields):
        expected[:, place] = (given_fields[:, f] * given_fields[:, g]).sum(1)
    torch.testing.assert_close(dots, expected)
    weights = torch.randn(dots.shape, generator=generator)
    found = torch.autograd.grad((dots * weights).sum(), given_fields)[0]
    wanted = torch.autograd.grad((expected * weights).sum(), given_fields)[0]
    torch.testing.assert_close(found, wanted)
