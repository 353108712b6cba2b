"""Random items that a user has not chosen."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.interactions import Interactions

# A map of all pairs answers fastest, but takes a byte for each user and item.
MAP_BYTES = 64 * 2**20

# Shapes: N draws, K distinct observed pairs, U users, I items.


class Untouched:
    """Draws uniformly from the items without an observed interaction of the user.

    An observed item is never drawn, and no draw is repeated until it fits: the r-th untouched
    item of a user is found directly, by a binary search in the observed ones. Where the map of
    all pairs is small, a plain random item is tried first, and only the observed ones among them
    are replaced so; the outcome is uniform either way.
    """

    def __init__(self, train: Interactions, device: str) -> None:
        keys = np.unique(train.users.astype(np.int64) * train.n_items + train.items)  # [K]
        users, items = np.divmod(keys, train.n_items)
        counts = np.bincount(users, minlength=train.n_users)  # [U]
        starts = np.cumsum(counts) - counts  # [U]
        # Among the sorted items of a user, the j-th has (item - j) untouched ones before it.
        before = items - (np.arange(len(keys)) - starts[users])

        def on_device(array: NDArray[np.int64]) -> Tensor:
            return torch.from_numpy(array).to(device)

        self.n_items = train.n_items
        self._width = train.n_items + 1  # room between the keys of two users
        self._keys = on_device(users * self._width + before)
        self._starts = on_device(starts)
        self.available = on_device(train.n_items - counts)  # [U], untouched items of each user
        self._map: Tensor | None = None
        if train.n_users * train.n_items <= MAP_BYTES:
            observed = np.zeros(train.n_users * train.n_items, dtype=np.bool_)
            observed[keys] = True
            self._map = torch.from_numpy(observed).to(device)

    def draw(self, users: Tensor, count: int, generator: torch.Generator) -> Tensor:
        """Draw untouched items for each user: int32 [n] -> int32 [n, count].

        Every user must have at least one untouched item: see available.
        """
        every = users.long().repeat_interleave(count)  # [N]
        if self._map is None:
            return self._exact(every, generator).view(-1, count)
        drawn = torch.randint(
            self.n_items, every.shape, generator=generator, dtype=torch.int32, device=users.device
        )
        observed = self._map[every * self.n_items + drawn].nonzero().squeeze(1)
        drawn[observed] = self._exact(every[observed], generator)
        return drawn.view(-1, count)

    def _exact(self, users: Tensor, generator: torch.Generator) -> Tensor:
        chance = torch.rand(
            users.shape, generator=generator, dtype=torch.float64, device=users.device
        )
        rank = (chance * self.available[users]).long()  # [N], the rank-th untouched item is drawn
        passed = torch.searchsorted(self._keys, users * self._width + rank, right=True)
        return (rank + passed - self._starts[users]).int()
