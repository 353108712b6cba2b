"""The form that all pair networks share.

    logit(u, i) = dot_u . dot_i + tower(first_u + first_i + crossed(u, i)),

where each term may be missing. What stands for a user or an item is computed once, however many
pairs it is part of: a layer over [x_u ; x_i] is a sum, W_u x_u + W_i x_i, and so is the
second-order term of a factorisation machine.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ._kernels import dot_of_pairs
from ._layers import Tower
from ._rows import Batch, look_up

# Shapes: B users, C candidates of each, U users, I items, E = U or I in all, D width of the dot
# product, H width of the first layer, F fields of K numbers.


class Side(NamedTuple):
    """What each user, or each item, brings to a pair."""

    dot: Tensor | None = None  # [E, D]
    first: Tensor | None = None  # [E, H], a summand of the first layer
    fields: Tensor | None = None  # [E, F, K], to be crossed with those of the other side

    def take(self, ids: Tensor) -> "Side":
        """The rows of these entities."""
        return Side(*(None if table is None else table[ids] for table in self))


class PairNetwork(nn.Module):
    """A network in the form above. Subclasses give both sides, and a tower if they have one."""

    def __init__(self) -> None:
        super().__init__()
        self.tower: Tower | None = None

    def user_side(self) -> Side:
        """What each user brings: tables with U rows."""
        raise NotImplementedError

    def item_side(self) -> Side:
        """What each item brings: tables with I rows."""
        raise NotImplementedError

    def crossed(self, users: Tensor, items: Tensor) -> Tensor:
        """What fields add to the first layer of pairs: [B, F, K], [B, C, F', K] -> [B, C, H]."""
        raise NotImplementedError

    def crossed_all(self, users: Tensor, items: Tensor) -> Tensor:
        """The same for all pairs, the layer first: [B, F, K], [I, F', K] -> [H, B, I]."""
        raise NotImplementedError

    def of_batch(
        self, users: Side, items: Side, batch: Batch, generator: torch.Generator | None = None
    ) -> Tensor:
        """Logits [B, C] of the pairs in a batch, with dropout if a generator is given."""
        logits = []
        if users.dot is not None and items.dot is not None:
            logits.append(dot_of_pairs(users.dot, items.dot, batch))
        if self.tower is not None:
            crossed = None
            if users.fields is not None and items.fields is not None:
                crossed = self.crossed(
                    look_up(users.fields.flatten(1), batch.users).unflatten(
                        1, users.fields.shape[1:]
                    ),
                    look_up(items.fields.flatten(1), batch.items).view(
                        *batch.shape, *items.fields.shape[1:]
                    ),
                )
            logits.append(self.tower.of_batch(users.first, items.first, batch, crossed, generator))
        return logits[0] if len(logits) == 1 else logits[0] + logits[1]

    def of_all(self, users: Side, items: Side) -> Tensor:
        """Logits [B, I] of all pairs of users [B, ...] and items [I, ...], without dropout."""
        logits = []
        if users.dot is not None and items.dot is not None:
            logits.append(users.dot @ items.dot.T)
        if self.tower is not None and users.first is not None and items.first is not None:
            # With the layer first, as the tower goes through it fastest.
            first = users.first.T[:, :, None] + items.first.T[:, None]  # [H, B, I]
            if users.fields is not None and items.fields is not None:
                first += self.crossed_all(users.fields, items.fields)
            logits.append(self.tower(first))
        return logits[0] if len(logits) == 1 else logits[0] + logits[1]
