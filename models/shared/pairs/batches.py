"""Epochs of a pair network in torch, on any device, whose loss is compiled on the CPU."""

import torch
from torch import Tensor

from bench.interactions import Interactions

from ..distinct import Distinct
from ..negatives import Negatives
from ..tables import Optimizer
from .loss import pair_loss
from .network import Batch, PairNetwork

# Shapes: N pairs, B of them in a batch, C candidates of each, the observed item first.


class Batches:
    """Trains any pair network, batch by batch."""

    def __init__(
        self,
        network: PairNetwork,
        train: Interactions,
        negatives: Negatives,
        optimizer: Optimizer,
        precision: torch.autocast,
    ) -> None:
        device = negatives.available.device
        self._network, self._negatives, self._optimizer = network, negatives, optimizer
        self._precision = precision
        self._users = torch.tensor(train.users, device=device)
        self._items = torch.tensor(train.items, device=device)
        self._distinct = (Distinct(train.n_users), Distinct(train.n_items))

    def learn(
        self, order: Tensor, batch_size: int, negatives: int, generator: torch.Generator
    ) -> float:
        """One epoch over the observed pairs in this order, int32 [N]: the sum of the losses."""
        total = torch.zeros((), device=order.device)
        for pairs in order.split(batch_size) if len(order) else ():
            users = self._users.index_select(0, pairs)
            drawn = self._negatives.draw(users, negatives, generator)
            observed = self._items.index_select(0, pairs)
            candidates = torch.cat([observed[:, None], drawn], dim=1)  # [B, C]
            with self._precision:
                loss = self.loss(users, candidates, generator)
            loss.backward()
            self._optimizer.step()
            total += loss.detach() * candidates.numel()
        self._optimizer.settle()
        return total.item()  # the only wait for the device in an epoch

    def loss(self, users: Tensor, candidates: Tensor, generator: torch.Generator) -> Tensor:
        """The mean loss of users [B] with candidates [B, C]."""
        user_rows, user_places = self._distinct[0].of(users)
        item_rows, item_places = self._distinct[1].of(candidates)
        network = self._network
        return pair_loss(
            network.user_side(user_rows),
            network.item_side(item_rows),
            network.tower,
            Batch(user_places, item_places),
            generator,
        )
