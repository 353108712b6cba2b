"""Histories: what each user chose, as a sparse matrix [U, I] of ones, taken batch by batch."""

from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

from bench.interactions import Ids, Interactions

from .devices import compiled
from .kernels.histories import drop_pairs, take_histories
from .kernels.rows import sparse_product, sparse_product_backward
from .layers import kept

# Shapes: B users in a batch, N items of theirs in all, U users, I items in all, K pairs of them,
# H width of a table's row.


class Chosen(NamedTuple):
    """The distinct items of B users, user after user."""

    items: Tensor  # int32 [N]
    rows: Tensor  # int32 [N], ascending: which of the users
    counts: Tensor  # int64 [B], of each user
    starts: NDArray[np.int64]  # [B + 1], where those of each user start; on the host

    def sum(self, table: Tensor) -> Tensor:
        """Add up the rows of a table that stand for each user's items: [I, H] -> [B, H]."""
        fast = compiled(table) and table.dtype == torch.float32
        return (_SumOfRows if fast else _PlainSumOfRows).apply(table, self)


class Histories:
    """The rows of all users."""

    def __init__(self, items: Tensor, starts: Tensor) -> None:
        self._items = items  # int32 [K]
        self._starts = starts  # int64 [U + 1]
        self.counts: NDArray[np.int64] = np.diff(starts.cpu().numpy())  # int64 [U], on the host

    @classmethod
    def of(cls, train: Interactions, device: str) -> Self:
        """Those of the interactions; a repeated pair counts once."""
        matrix = train.matrix()
        items = torch.from_numpy(matrix.indices.astype(np.int32))
        starts = torch.from_numpy(matrix.indptr.astype(np.int64))
        return cls(items.to(device), starts.to(device))

    def dropped(self, chance: float, generator: torch.Generator) -> Self:
        """A copy that lacks each pair with this chance. It waits for the device."""
        if not chance:
            return self
        mask = kept(self._items.shape, chance, generator)  # [K]
        if compiled(self._items):
            starts, items = torch.empty_like(self._starts), torch.empty_like(self._items)
            count = drop_pairs(
                mask.numpy(),
                self._starts.numpy(),
                self._items.numpy(),
                starts.numpy(),
                items.numpy(),
            )
            return type(self)(items[:count], starts)
        before = F.pad(mask.cumsum(0), (1, 0))  # [K + 1]
        return type(self)(self._items[mask], before[self._starts])

    def take(self, users: Ids | NDArray[np.int64]) -> Chosen:
        """The rows of these users, in this order. It does not wait for the device."""
        ends = np.cumsum(self.counts[users])
        n = int(ends[-1])
        if compiled(self._items):
            taken, rows = torch.empty((2, n), dtype=torch.int32)
            take_histories(
                users.astype(np.int64),
                self._starts.numpy(),
                self._items.numpy(),
                ends,
                taken.numpy(),
                rows.numpy(),
            )
            return Chosen(taken, rows, torch.from_numpy(self.counts[users]), np.r_[0, ends])
        device = self._items.device
        # Without non_blocking torch would wait for all that a GPU still has to do.
        on_device = torch.tensor(users).to(device, non_blocking=True).long()
        firsts = self._starts[on_device]  # [B]
        counts = self._starts[on_device + 1] - firsts  # [B]
        each = torch.arange(len(users), dtype=torch.int32, device=device)
        rows = each.repeat_interleave(counts, output_size=n)
        shifts = firsts - (counts.cumsum(0) - counts)  # [B]
        where = shifts.repeat_interleave(counts, output_size=n)
        where += torch.arange(n, device=device)
        return Chosen(self._items[where], rows, counts, np.r_[0, ends])


class _SumOfRows(Function):
    """A product with the users' rows of the matrix, which are ones."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, chosen: Chosen) -> Tensor:
        ctx.matrix, ctx.shape = _matrix(chosen), table.shape
        product = torch.empty(len(chosen.counts), table.shape[1])
        sparse_product(*ctx.matrix, table.detach().contiguous().numpy(), product.numpy())
        return product

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        to_table = torch.empty(ctx.shape)
        sparse_product_backward(*ctx.matrix, gradient.contiguous().numpy(), to_table.numpy())
        return to_table, None


def _matrix(chosen: Chosen) -> tuple[Any, ...]:
    """Rows, starts, columns and values, as the compiled functions take a sparse matrix."""
    rows = np.arange(len(chosen.counts), dtype=np.int32)
    ones = np.ones(len(chosen.items), dtype=np.float32)
    return rows, chosen.starts, chosen.items.numpy(), ones


class _PlainSumOfRows(Function):
    """The same in torch; its gradient goes through the items in order, and is that on every run."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, chosen: Chosen) -> Tensor:
        ctx.chosen, ctx.height = chosen, len(table)
        return _bags(table, chosen.items, F.pad(chosen.counts.cumsum(0), (1, 0)).int())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        in_order, order = ctx.chosen.items.sort(stable=True)
        every = torch.arange(ctx.height + 1, dtype=torch.int32, device=order.device)
        starts = torch.searchsorted(in_order, every, out_int32=True)
        return _bags(gradient.contiguous(), ctx.chosen.rows[order], starts), None


def _bags(table: Tensor, ids: Tensor, starts: Tensor) -> Tensor:
    return F.embedding_bag(ids, table, starts, mode="sum", include_last_offset=True)
