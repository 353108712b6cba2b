"""Random items that a user has not chosen, for batches of torch."""

import numpy as np
import torch
from torch import Tensor

from bench.interactions import Interactions

from .devices import compiled
from .kernels.untouched import MAP_BYTES, Untouched, draw_for_each

# Shapes: B users, U users in all, I items, K distinct observed pairs.


class Negatives:
    """Draws uniformly from the items without an observed interaction of the user.

    An observed item is never drawn, nor one that nobody has in train: the r-th untouched item of a
    user is found directly, by a binary search in the observed ones.
    """

    def __init__(self, train: Interactions, device: str, map_bytes: int = MAP_BYTES) -> None:
        self.untouched = Untouched.by(train, map_bytes)
        self._n_items = self.untouched.n_items
        counts = np.diff(self.untouched.starts)
        self.available = torch.from_numpy(self._n_items - counts).to(device)  # [U]
        self._n_pairs = len(train)
        usable = self.untouched.usable(train)
        self._usable = None if usable is None else torch.from_numpy(usable).to(device)
        if not compiled(self.available):
            users = np.repeat(np.arange(train.n_users), counts)
            # In order by user, then item; there is room between the keys of two users.
            keys = users * (self._n_items + 1) + self.untouched.before
            self._keys = torch.from_numpy(keys).to(device)  # [K]
            self._starts = torch.from_numpy(self.untouched.starts).to(device)
            self._numbers = torch.from_numpy(self.untouched.numbers).to(device)

    def shuffled(self, generator: torch.Generator) -> Tensor:
        """The observed pairs whose user has an untouched item, in a random order: int32 [n]."""
        count = self._n_pairs if self._usable is None else len(self._usable)
        device = self.available.device
        order = torch.randperm(count, generator=generator, dtype=torch.int32, device=device)
        return order if self._usable is None else self._usable.index_select(0, order)

    def draw(self, users: Tensor, count: int, generator: torch.Generator) -> Tensor:
        """Draw untouched items for each user: int32 [B] -> int32 [B, count].

        Every user must have at least one untouched item: see available.
        """
        if compiled(users):
            drawn = torch.empty((len(users), count), dtype=torch.int32)
            seed = int(torch.randint(2**63 - 1, (), generator=generator))
            draw_for_each(users.numpy(), self.untouched, np.uint64(seed), drawn.numpy())
            return drawn
        who = users.long()[:, None]
        chance = torch.rand(
            (len(users), count), generator=generator, dtype=torch.float64, device=users.device
        )
        rank = (chance * self.available[who]).long()  # the rank-th untouched item is drawn
        passed = torch.searchsorted(self._keys, who * (self._n_items + 1) + rank, right=True)
        places = rank + passed - self._starts[who]
        return (self._numbers[places] if len(self._numbers) else places).int()
