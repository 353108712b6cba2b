"""A constant sparse matrix times a table that learns, for the rows of a batch."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional as F

from .devices import compiled
from .kernels.rows import sparse_product, sparse_product_backward

# Shapes: E x M matrix, R of its rows, D width of the table.


class SparseMatrix(nn.Module):
    """Holds a scipy matrix [E, M] by row."""

    columns: Tensor
    starts: Tensor
    values: Tensor

    def __init__(self, matrix: Any) -> None:
        super().__init__()
        self.register_buffer("columns", torch.from_numpy(matrix.indices.astype(np.int32)))
        self.register_buffer("starts", torch.from_numpy(matrix.indptr.astype(np.int64)))
        self.register_buffer("values", torch.from_numpy(matrix.data.astype(np.float32)))

    def forward(self, table: Tensor, rows: Tensor) -> Tensor:
        """The product: table [M, D], rows int32 [R] -> [R, D]."""
        if compiled(table):
            return _Product.apply(table, rows, self)
        every = F.embedding_bag(
            self.columns.long(),
            table.float(),  # mixed precision may have made it shorter than the values
            self.starts,
            mode="sum",
            include_last_offset=True,
            per_sample_weights=self.values,
        )
        return every.index_select(0, rows)

    def arrays(self) -> tuple[Any, Any, Any]:
        """As the compiled functions take it."""
        return self.starts.numpy(), self.columns.numpy(), self.values.numpy()


class _Product(Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, rows: Tensor, matrix: SparseMatrix) -> Tensor:
        ctx.rows, ctx.matrix, ctx.shape = rows, matrix, table.shape
        product = torch.empty(len(rows), table.shape[1])
        sparse_product(
            rows.numpy(), *matrix.arrays(), table.detach().contiguous().numpy(), product.numpy()
        )
        return product

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        to_table = torch.empty(ctx.shape)
        sparse_product_backward(
            ctx.rows.numpy(), *ctx.matrix.arrays(), gradient.contiguous().numpy(), to_table.numpy()
        )
        return to_table, None, None
