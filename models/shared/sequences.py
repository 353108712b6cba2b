"""Sequences: what each user chose, in the order of time, in batches of about one length."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.interactions import Ids, Interactions

# Shapes: B sequences in a batch, L length of the longest of them, N their items in all, U users,
# K interactions.


class Padded(NamedTuple):
    """Sequences of about one length, padded at the right.

    Padding is whatever comes next: no item looks to its right, and the loss leaves it out.
    """

    items: Tensor  # int32 [B, L]
    places: Tensor  # int64 [B, L], counted so that the last item of each has maxlen - 1
    real: Tensor  # int64 [N], which of the B L are not padding, sequence after sequence
    last: Tensor  # int64 [B], which of the B L is the last of each sequence
    following: Tensor  # int32 [N], the item that each was followed by; in training only


class Sequences:
    """The latest items of each user, at most maxlen of them."""

    def __init__(
        self, items: Tensor, ends: NDArray[np.int64], counts: NDArray[np.int64], maxlen: int
    ) -> None:
        self.lengths = np.minimum(counts, maxlen)  # [U], on the host
        self._items = items  # int32 [K], user after user, in the order of time
        self._ends, self._counts, self._maxlen = ends, counts, maxlen  # [U], [U]
        self._lengths = torch.from_numpy(self.lengths).to(items.device)
        self._starts = torch.from_numpy(ends - self.lengths).to(items.device)

    @classmethod
    def of(cls, train: Interactions, maxlen: int, device: str) -> Self:
        """Those of interactions in any order; ties in time keep theirs."""
        items = train.items[np.lexsort((train.times, train.users))]
        counts = np.bincount(train.users, minlength=train.n_users)
        return cls(torch.from_numpy(items).to(device), np.cumsum(counts), counts, maxlen)

    def without_last(self) -> Self:
        """The same histories, each but for its last item: the input when all are to be predicted.

        A history of maxlen + 1 items or more still gives maxlen of them.
        """
        return type(self)(
            self._items, self._ends - 1, np.maximum(self._counts - 1, 0), self._maxlen
        )

    def shuffled(self, positions: int, generator: torch.Generator) -> list[NDArray[np.int64]]:
        """Everyone with a sequence, in batches `by_length`, in random order.

        Who comes together changes with every call: lengths count as up to a tenth longer.
        """
        chance = torch.rand(len(self.lengths), generator=generator).numpy()
        found = list(by_length(self.lengths * (1 + 0.1 * chance), positions))
        return [found[j] for j in torch.randperm(len(found), generator=generator).tolist()]

    def padded(self, users: Ids | NDArray[np.int64]) -> Padded:
        """The sequences of these users, each of whom has one."""
        lengths = self.lengths[users]
        longest = int(lengths.max())
        device = self._items.device
        # Without non_blocking torch would wait for all that a GPU still has to do.
        on_device = torch.tensor(users).to(device, non_blocking=True)
        sizes, starts = self._lengths[on_device], self._starts[on_device]  # [B]
        steps = torch.arange(longest, device=device)
        which = (starts[:, None] + steps).clamp_(max=len(self._items) - 1)  # [B, L]
        places = ((self._maxlen - sizes)[:, None] + steps).clamp_(max=self._maxlen - 1)
        # The sizes are known here, so that nobody waits for the device.
        n = int(lengths.sum())
        firsts = torch.arange(len(users), device=device) * longest  # [B]
        shifts = firsts - (sizes.cumsum(0) - sizes)  # [B], by the padding before
        real = torch.arange(n, device=device)
        real += torch.repeat_interleave(shifts, sizes, output_size=n)
        items = self._items[which]
        next_items = self._items[(which.view(-1)[real] + 1).clamp_(max=len(self._items) - 1)]
        return Padded(items, places, real, firsts + sizes - 1, next_items)


def by_length(lengths: NDArray[Any], positions: int) -> Iterator[NDArray[np.int64]]:
    """Batches of sequences of about one length, the longest first; those without length in none.

    Args:
        lengths: of all sequences.
        positions: of a batch at most, padding included; but a batch has one sequence at least.

    Yields:
        Where the sequences of a batch are among all.
    """
    order = np.argsort(-lengths, kind="stable")[: np.count_nonzero(lengths)]
    start = 0
    while start < len(order):
        stop = start + max(1, positions // int(lengths[order[start]]))
        yield order[start:stop]
        start = stop
