"""The one loop that trains every network over (user, item) pairs.

Shared by gmf, ncf, neumf, fm, deepfm and dlrm.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from bench.adapter import Adapter, Embeddings, Run
from bench.interactions import Floats, Ids, Interactions

from ._negatives import Untouched
from ._network import PairNetwork, Side
from ._rows import Batch

# Negatives are drawn for so many pairs at a time, to bound their memory to some 100 MB.
PAIRS_PER_DRAW = 2**22
# Scoring works on so many pairs at a time. A tower needs some 64 numbers for each, 2 MB, as much as
# a core caches; a dot product needs one, 4 MB.
PAIRS_PER_TOWER = 2**13
PAIRS_PER_PRODUCT = 2**20

# Shapes: B users in a batch, C candidates of each, the observed item first, U users, I items.


@dataclass(kw_only=True)
class PairAdapter(Adapter):
    """Fits by logistic loss: each observed pair against random items that its user left untouched.

    The negatives are drawn anew each epoch (He et al., 2017, section 3.1.1, equation 7). A user
    without any untouched item has no negatives, and is left out of training. Every parameter
    takes part in every step of Adam, so that a batch should not be small beside the catalogue.
    """

    epochs: int = 20
    batch_size: int = 4096  # observed pairs; each comes with its negatives
    negatives: int = 4  # for each observed pair
    learning_rate: float = 5e-3
    weight_decay: float = 0.2  # decoupled from the gradient, as in AdamW

    def network(self, train: Interactions, generator: torch.Generator) -> PairNetwork:
        """An untrained network, drawn from the generator alone (both on the CPU)."""
        raise NotImplementedError

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            FloatingPointError: the loss became NaN or infinite.
        """
        with _threads(run.threads):
            self._n_users, self._n_items = train.n_users, train.n_items
            self._sides: tuple[Side, Side] | None = None
            network = self.network(train, torch.Generator().manual_seed(run.seed))
            self._network = network.to(run.device).train()
            self._train(train, run)
            self._network.eval()

    def _train(self, train: Interactions, run: Run) -> None:
        generator = torch.Generator(run.device).manual_seed(run.seed)
        untouched = Untouched(train, run.device)
        users = torch.tensor(train.users, device=run.device)
        items = torch.tensor(train.items, device=run.device)
        usable = untouched.available[users.long()] > 0
        users, items = users[usable], items[usable]
        optimizer = torch.optim.AdamW(
            self._network.parameters(),
            lr=self.learning_rate,
            weight_decay=self.weight_decay,
            fused=True,
        )
        samples = len(users) * (1 + self.negatives)
        for _ in range(self.epochs):
            total = torch.zeros((), device=run.device)
            for batch in self._batches(users, items, untouched, generator):
                total += self._step(batch, optimizer, generator)
            self._sides = None
            # The only wait for the device in an epoch.
            if run.epoch(samples=samples, loss=total.item() / max(samples, 1)):
                break

    def _batches(
        self, users: Tensor, items: Tensor, untouched: Untouched, generator: torch.Generator
    ) -> Iterator[Batch]:
        """Every observed pair once, in random order, followed by its negatives."""
        if not len(users):
            return
        order = torch.randperm(len(users), generator=generator, device=users.device)
        per_batch = max(1, self.batch_size)
        per_draw = per_batch * max(1, PAIRS_PER_DRAW // (per_batch * (1 + self.negatives)))
        for rows in order.split(per_draw):
            drawn = untouched.draw(users[rows], self.negatives, generator)
            candidates = torch.cat([items[rows, None], drawn], dim=1)  # [rows, C]
            for some_users, some_items in zip(
                users[rows].split(per_batch), candidates.split(per_batch), strict=True
            ):
                yield Batch(some_users, some_items, self._n_users, self._n_items)

    def _step(
        self, batch: Batch, optimizer: torch.optim.Optimizer, generator: torch.Generator
    ) -> Tensor:
        """Improve the network by one batch; returns the summed loss before it, on the device."""
        network = self._network
        logits = network.of_batch(network.user_side(), network.item_side(), batch, generator)
        # -log sigmoid(x) = softplus(x) - x for the observed item, softplus(x) for the others.
        loss = F.softplus(logits).sum() - logits[:, 0].sum()
        optimizer.zero_grad(set_to_none=True)
        (loss / logits.numel()).backward()
        optimizer.step()
        return loss.detach()

    def _both_sides(self) -> tuple[Side, Side]:
        if self._sides is None:
            self._sides = (self._network.user_side(), self._network.item_side())
        return self._sides

    @torch.no_grad()
    def scores(self, users: Ids) -> Floats:
        """Score every item: int32 [b] -> float32 [b, I], the logits."""
        user_side, item_side = self._both_sides()
        rows = torch.tensor(users, device=_device(self._network)).long()
        scores = np.empty((len(users), self._n_items), dtype=np.float32)
        pairs = PAIRS_PER_PRODUCT if self._network.tower is None else PAIRS_PER_TOWER
        start = 0
        for block in rows.split(max(1, pairs // self._n_items)):
            logits = self._network.of_all(user_side.take(block), item_side)  # [block, I]
            scores[start : start + len(block)] = logits.cpu().numpy()
            start += len(block)
        return scores

    @torch.no_grad()
    def pair_scores(self, users: Ids, items: Ids) -> Floats:
        """Score items[j] for users[j]: int32 [b], [b, c] -> float32 [b, c]."""
        user_side, item_side = self._both_sides()
        device = _device(self._network)
        batch = Batch(
            torch.tensor(users, dtype=torch.int32, device=device),
            torch.tensor(items, dtype=torch.int32, device=device),
            self._n_users,
            self._n_items,
        )
        return self._network.of_batch(user_side, item_side, batch).cpu().numpy()

    @torch.no_grad()
    def embeddings(self) -> Embeddings | None:
        """The vectors of the dot product, where the network consists of one; else None."""
        if self._network.tower is not None:
            return None
        user_side, item_side = self._both_sides()
        return Embeddings(user_side.dot.cpu().numpy(), item_side.dot.cpu().numpy())


def _device(network: PairNetwork) -> torch.device:
    return next(network.parameters()).device


@contextmanager
def _threads(threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
