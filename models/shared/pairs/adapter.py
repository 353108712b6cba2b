"""The one loop that trains every network over (user, item) pairs.

Shared by gmf, ncf, neumf, fm, deepfm and dlrm.
"""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bench.adapter import Adapter, Embeddings, Run, State
from bench.interactions import Floats, Ids, Interactions
from bench.space import choice, log, space, whole

from ..devices import compiled, mixed_precision, threads
from ..negatives import Negatives
from ..states import into_network, of_network
from ..tables import AdamW, Optimizer
from .batches import Batches
from .epochs import Epochs
from .loss import pair_logits
from .network import Batch, PairNetwork, Side

# On a GPU scoring works on so many pairs at a time, each with some 200 numbers: about 1 GB.
PAIRS_ON_GPU = 2**20

# Shapes: U users, I items, b of the users with c items each.


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
    last_rate: float = 1.0  # of the last epoch, as a share of the first's; it falls evenly
    weight_decay: float = 0.2  # decoupled from the gradient, as in AdamW
    mixed_precision: bool = False  # bfloat16 where it is safe; on a GPU only

    search = space(
        epochs=whole(5, 60, log=True),
        batch_size=choice(1024, 2048, 4096, 8192),
        negatives=whole(2, 12),
        learning_rate=log(5e-4, 0.02),
        last_rate=log(0.02, 1),
        weight_decay=log(0.01, 3),
    )

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
            self._train(train, run, torch.Generator().manual_seed(run.seed))

    def _train(self, train: Interactions, run: Run, generator: torch.Generator) -> None:
        """Draw a network from the generator, and train it."""
        network = self.network(train, generator).to(run.device)
        optimizer = AdamW(network, self.learning_rate, self.weight_decay)
        self._learn(network, train, run, self.epochs, optimizer, run.seed)

    def _learn(
        self,
        network: PairNetwork,
        train: Interactions,
        run: Run,
        epochs: int,
        optimizer: Optimizer,
        seed: int,
    ) -> bool:
        """Train a network for some epochs; True if it was asked to end before.

        From now on it is the one that scores, also when the harness looks at it between epochs.
        """
        self._network = network
        self._sides: tuple[Side, Side] | None = None
        generator = torch.Generator(run.device).manual_seed(seed)
        negatives = Negatives(train, run.device)
        parts = network.parts() if compiled(negatives.available) else None
        precision = mixed_precision(run.device, self.mixed_precision)
        if parts is None:
            learn = Batches(network, train, negatives, optimizer, precision).learn
        else:
            learn = Epochs(parts, network.tower, train, negatives, optimizer).learn
        ended = False
        for epoch in range(epochs):
            optimizer.slow_evenly(self.last_rate, epoch, epochs)
            order = negatives.shuffled(generator)
            samples = len(order) * (1 + self.negatives)
            total = learn(order, max(1, self.batch_size), self.negatives, generator)
            self._sides = None
            if ended := run.epoch(samples=samples, loss=total / max(samples, 1)):
                break
        optimizer.finish()
        return ended

    @torch.no_grad()
    def scores(self, users: Ids) -> Floats:
        """Score every item: int32 [b] -> float32 [b, I], the logits."""
        device = self._device()
        if (vectors := self._vectors()) is not None:
            of_users, of_items = vectors
            rows = torch.tensor(users, device=device)
            return (of_users.index_select(0, rows) @ of_items.T).cpu().numpy()
        user_side, item_side = self._both_sides()
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
        vectors = self._vectors()
        if vectors is None:
            return None
        of_users, of_items = vectors
        return Embeddings(of_users.cpu().numpy(), of_items.cpu().numpy(), self._network.biases)

    def state(self) -> State:
        """The network's parameters, and the features that it was built from."""
        return of_network(self._network)

    @torch.no_grad()
    def restore(self, state: State, train: Interactions) -> None:
        """Build the network anew, and give it the parameters of another fit."""
        self._n_items = train.n_items
        self._network = self.network(train, torch.Generator().manual_seed(0))
        into_network(state, self._network)
        self._sides = None

    def _vectors(self) -> tuple[Tensor, Tensor] | None:
        """What users and items bring to the dot product, where that is the whole logit."""
        user_side, item_side = self._both_sides()
        if self._network.tower is not None or user_side.dot is None or item_side.dot is None:
            return None
        return user_side.dot, item_side.dot

    def _both_sides(self) -> tuple[Side, Side]:
        if self._sides is None:
            self._sides = (self._network.user_side(), self._network.item_side())
        return self._sides

    def _device(self) -> torch.device:
        return next(self._network.parameters()).device
