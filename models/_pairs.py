"""The one loop that trains every network over (user, item) pairs.

Shared by gmf, ncf, neumf, fm, deepfm and dlrm.
"""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bench.adapter import Adapter, Embeddings, Run
from bench.interactions import Floats, Ids, Interactions

from ._devices import compiled, mixed_precision, threads
from ._negatives import Negatives
from ._network import PairNetwork
from ._pair_loss import Batch, Side, pair_logits, pair_loss
from ._row_kernels import number_distinct
from ._tables import AdamW

# On a GPU scoring works on so many pairs at a time, each with some 200 numbers: about 1 GB.
PAIRS_ON_GPU = 2**20

# Shapes: B users in a batch, C candidates of each, the observed item first, U users, I items,
# R distinct users or items of a batch.


@dataclass(kw_only=True)
class PairAdapter(Adapter):
    """Fits by logistic loss: each observed pair against random items that its user left untouched.

    The negatives are drawn anew each epoch (He et al., 2017, section 3.1.1, equation 7). A user
    without any untouched item has no negatives, and is left out of training.
    """

    epochs: int = 20
    batch_size: int = 4096  # observed pairs; each comes with its negatives
    negatives: int = 4  # for each observed pair
    learning_rate: float = 5e-3
    weight_decay: float = 0.2  # decoupled from the gradient, as in AdamW
    mixed_precision: bool = False  # bfloat16 where it is safe; on a GPU only

    @abstractmethod
    def network(self, train: Interactions, generator: torch.Generator) -> PairNetwork:
        """An untrained network, drawn from the generator alone (both on the CPU)."""

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            FloatingPointError: the loss became NaN or infinite.
            ValueError: mixed precision was asked for without a GPU.
        """
        with threads(run.threads):
            self._n_items = train.n_items
            self._sides: tuple[Side, Side] | None = None
            network = self.network(train, torch.Generator().manual_seed(run.seed))
            self._network = network.to(run.device)
            self._train(train, run)

    def _train(self, train: Interactions, run: Run) -> None:
        generator = torch.Generator(run.device).manual_seed(run.seed)
        negatives = Negatives(train, run.device)
        distinct = [Distinct(train.n_users, run.device), Distinct(train.n_items, run.device)]
        users = torch.tensor(train.users, device=run.device)
        items = torch.tensor(train.items, device=run.device)
        usable = negatives.available[users.long()] > 0
        users, items = users[usable], items[usable]
        optimizer = AdamW(self._network, self.learning_rate, self.weight_decay)
        samples = len(users) * (1 + self.negatives)
        for _ in range(self.epochs):
            total = torch.zeros((), device=run.device)
            order = torch.randperm(len(users), generator=generator, device=run.device)
            for start in range(0, len(order), max(1, self.batch_size)):
                pairs = order[start : start + max(1, self.batch_size)]
                some = users[pairs]
                drawn = negatives.draw(some, self.negatives, generator)
                candidates = torch.cat([items[pairs, None], drawn], dim=1)  # [B, C]
                with mixed_precision(run.device, self.mixed_precision):
                    loss = self._loss(some, candidates, distinct, generator)
                loss.backward()
                optimizer.step()
                total += loss.detach() * candidates.numel()
            optimizer.settle()
            self._sides = None
            # The only wait for the device in an epoch.
            if run.epoch(samples=samples, loss=total.item() / max(samples, 1)):
                break
        optimizer.finish()

    def _loss(
        self,
        users: Tensor,
        candidates: Tensor,
        distinct: "list[Distinct]",
        generator: torch.Generator,
    ) -> Tensor:
        """The mean loss of users [B] with candidates [B, C], the observed item first."""
        user_rows, user_places = distinct[0].of(users)
        item_rows, item_places = distinct[1].of(candidates)
        network = self._network
        return pair_loss(
            network.user_side(user_rows),
            network.item_side(item_rows),
            network.tower,
            Batch(user_places, item_places),
            generator,
        )

    @torch.no_grad()
    def scores(self, users: Ids) -> Floats:
        """Score every item: int32 [b] -> float32 [b, I], the logits."""
        user_side, item_side = self._both_sides()
        device = self._device()
        if self._network.tower is None and user_side.dot is not None and item_side.dot is not None:
            rows = torch.tensor(users, device=device)
            return (user_side.dot.index_select(0, rows) @ item_side.dot.T).cpu().numpy()
        every = torch.arange(self._n_items, dtype=torch.int32, device=device)[None]
        at_once = len(users) if compiled(every) else PAIRS_ON_GPU // self._n_items
        blocks = [
            pair_logits(user_side, item_side, self._network.tower, Batch(rows, every)).cpu().numpy()
            for rows in torch.tensor(users, device=device).split(max(1, at_once))
        ]
        return np.concatenate(blocks)

    @torch.no_grad()
    def pair_scores(self, users: Ids, items: Ids) -> Floats:
        """Score items[j] for users[j]: int32 [b], [b, c] -> float32 [b, c]."""
        device = self._device()
        batch = Batch(
            torch.tensor(users, dtype=torch.int32, device=device),
            torch.tensor(items, dtype=torch.int32, device=device),
        )
        return pair_logits(*self._both_sides(), self._network.tower, batch).cpu().numpy()

    @torch.no_grad()
    def embeddings(self) -> Embeddings | None:
        """The vectors of the dot product, where the network consists of one; else None."""
        if self._network.tower is not None:
            return None
        user_side, item_side = self._both_sides()
        return Embeddings(user_side.dot.cpu().numpy(), item_side.dot.cpu().numpy())

    def _both_sides(self) -> tuple[Side, Side]:
        if self._sides is None:
            self._sides = (self._network.user_side(), self._network.item_side())
        return self._sides

    def _device(self) -> torch.device:
        return next(self._network.parameters()).device


class Distinct:
    """Finds the distinct ids below a height among those of a batch."""

    def __init__(self, height: int, device: str) -> None:
        self._numbers = np.full(height, -1, dtype=np.int32)

    def of(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Distinct ids [R], and the place of each id among them, in the shape of ids: int32."""
        if not compiled(ids):
            distinct, places = torch.unique(ids, return_inverse=True)
            return distinct, places.int()
        distinct, places = torch.empty(ids.numel(), dtype=torch.int32), torch.empty_like(ids)
        count = number_distinct(
            ids.flatten().numpy(), self._numbers, distinct.numpy(), places.view(-1).numpy()
        )
        return distinct[:count], places
