"""Autoencoders of what each user chose (Liang et al., WWW 2018): what multvae and multdae share."""

from abc import ABC, abstractmethod
from copy import copy
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from bench.adapter import Adapter, Embeddings, Run, State, tolerate
from bench.interactions import Floats, Ids, Interactions
from bench.space import choice, log, number, space, whole

from .devices import compiled, mixed_precision, threads
from .distinct import Distinct
from .histories import Chosen, Histories
from .layers import Linear, share_rows
from .softmax import Targets, softmax_loss
from .states import into_network, of_network
from .tables import AdamW, Table
from .unseen import unseen

USERS_PER_SCORING = 1024  # through the network at a time

# Shapes: B users in a batch, M width of the middle, L of the last hidden layer, U users, I items.


class Autoencoder(nn.Module, ABC):
    """Layers from the items of a user to a narrow middle, and back to all items.

    Args:
        n_items: the catalogue.
        hidden: widths between items and middle; the way back mirrors them.
        middle: width that the way there ends with.
        latent: width that the way back begins with.
    """

    def __init__(
        self,
        n_items: int,
        hidden: tuple[int, ...],
        middle: int,
        latent: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        there, back = [*hidden, middle], [latent, *reversed(hidden)]
        # The weight of a layer from there[0] to all items: a row for each item.
        self.first = Table(Linear(there[0], n_items, generator, bias=False).weight)
        self.first_bias = nn.Parameter(torch.zeros(there[0]))
        self.there = layers(there, generator)
        self.back = layers(back, generator)
        self.last = Linear(back[-1], n_items, generator)

    @abstractmethod
    def middle(
        self, states: Tensor, generator: torch.Generator | None, progress: float
    ) -> tuple[Tensor, Tensor | None]:
        """From where the way there ends to where the way back begins, and an addition to the loss.

        Args:
            states: [B, M].
            generator: given in training only.
            progress: share of the training that is done.

        Returns:
            [B, latent], and a number, the mean over the users, or None.
        """

    def forward(
        self,
        chosen: Chosen,
        lengths: Tensor,
        generator: torch.Generator | None = None,
        progress: float = 1.0,
        rows: Tensor | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """The last hidden layer [B, L], and what the middle adds to the loss.

        Args:
            chosen: the input of B users.
            lengths: [B], by which each user's input is divided.
            generator, progress: see middle.
            rows: int32 [R], the items of a batch, where those of chosen are numbers among them.
        """
        states = chosen.sum(self.first(rows)) / lengths[:, None] + self.first_bias
        for layer in self.there:
            states = layer(states.tanh())
        states, addition = self.middle(states, generator, progress)
        for layer in self.back:
            states = layer(states).tanh()
        return states, addition

    def loss(
        self,
        whole: Chosen,
        inputs: Chosen,
        lengths: Tensor,
        generator: torch.Generator,
        progress: float,
        rows: Tensor | None = None,
    ) -> Tensor:
        """The mean loss of B users.

        Args:
            whole: what they chose, all of which is to be predicted.
            inputs: what is left of it.
            lengths, generator, progress, rows: see forward.
        """
        states, addition = self(inputs, lengths, generator, progress, rows)
        targets = Targets(whole.items, whole.rows, whole.counts.to(states.dtype), whole.starts)
        last = self.last
        loss = softmax_loss(states, last.weight, last.bias, targets, over=len(lengths))
        return loss if addition is None else loss + addition


def layers(widths: list[int], generator: torch.Generator) -> nn.ModuleList:
    """Linear layers from each width to the next."""
    return nn.ModuleList(Linear(width, out, generator) for width, out in pairwise(widths))


@dataclass(kw_only=True)
class AutoencoderAdapter(Adapter):
    """Learns to give high probability to all items of a user, when some of them are left out.

    The loss is minus the log-likelihood of a user's items under a multinomial distribution over
    the catalogue (equation 2), as a mean over users. The input is sparse; of the logits
    [batch_size, n_items] 2 MB are held at a time, or as much as the last layer's weights take
    (see `softmax_loss`). A user without items is left out of training.
    """

    hidden: tuple[int, ...] = ()  # widths between items and middle; the way back mirrors them
    latent: int = 200  # width of the middle
    dropout: float = 0.5  # chance that an item of a user is left out of the input
    epochs: int = 70
    batch_size: int = 64  # users
    learning_rate: float = 1e-3
    last_rate: float = 1.0  # of the last epoch, as a share of the first's; it falls evenly
    weight_decay: float = 0.0  # decoupled from the gradient, as in AdamW
    mixed_precision: bool = False  # bfloat16 where it is safe; on a GPU only

    search = space(
        hidden=choice((), (600,)),
        latent=choice(64, 100, 200, 400),
        dropout=number(0, 0.8),
        epochs=whole(10, 200, log=True),
        batch_size=whole(32, 512, log=True),
        learning_rate=log(3e-4, 0.03),
        last_rate=log(0.02, 1),
        weight_decay=number(0, 0.5),
    )
    tolerances = tolerate("users", "items", hit_rate=0.05, why="it draws vectors in their order")

    @abstractmethod
    def network(self, n_items: int, generator: torch.Generator) -> Autoencoder:
        """An untrained network, drawn from the generator alone (both on the CPU)."""

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            FloatingPointError: the loss became NaN or infinite.
            ValueError: mixed precision was asked for without a GPU.
        """
        with threads(run.threads):
            self._histories = Histories.of(train, run.device)
            generator = torch.Generator().manual_seed(run.seed)
            self._network = self.network(train.n_items, generator).to(run.device)
            self._train(run, generator)
            for each in (self._network.last.weight, self._network.last.bias):
                share_rows(each, unseen(train.items, train.n_items))

    def _train(self, run: Run, generator: torch.Generator) -> None:
        on_device = torch.Generator(run.device).manual_seed(run.seed)
        optimizer = AdamW(self._network, self.learning_rate, self.weight_decay)
        distinct = Distinct(len(self._network.first))
        everyone = np.flatnonzero(self._histories.counts)
        per_batch = max(1, self.batch_size)
        in_all = self.epochs * len(everyone)
        seen = 0  # users, in all epochs
        for epoch in range(self.epochs):
            optimizer.slow_evenly(self.last_rate, epoch, self.epochs)
            total = torch.zeros((), device=run.device)
            # For all users at once, because a GPU is waited for here.
            inputs = self._histories.dropped(self.dropout, on_device)
            order = torch.randperm(len(everyone), generator=generator).numpy()
            for start in range(0, len(everyone), per_batch):
                users = everyone[order[start : start + per_batch]]
                whole, left = self._histories.take(users), inputs.take(users)
                lengths = whole.counts.sqrt() * (1 - self.dropout)  # normalised first, then dropped
                rows = None
                if compiled(left.items):  # elsewhere to find them would wait for the device
                    rows, places = distinct.of(left.items)
                    left = left._replace(items=places)
                done = seen / in_all
                with mixed_precision(run.device, self.mixed_precision):
                    loss = self._network.loss(whole, left, lengths, on_device, done, rows)
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(users)
                seen += len(users)
            optimizer.settle()
            # The only other wait for the device in an epoch.
            if run.epoch(samples=len(everyone), loss=total.item() / max(len(everyone), 1)):
                break
        optimizer.finish()

    @torch.no_grad()
    def _states(self, users: Ids) -> Tensor:
        """The last hidden layer of these users, from whole histories: [b, L]."""
        found = []
        for start in range(0, len(users), USERS_PER_SCORING):
            chosen = self._histories.take(users[start : start + USERS_PER_SCORING])
            lengths = chosen.counts.sqrt().clamp(min=1)
            found.append(self._network(chosen, lengths)[0])
        return torch.cat(found)

    def welcome(self, people: Interactions) -> Self:
        """A copy that scores these people, by what they chose."""
        found = copy(self)
        found._histories = Histories.of(people, str(self._network.first.weight.device))
        return found

    @torch.no_grad()
    def scores(self, users: Ids) -> Floats:
        """Score every item by its logit: int32 [b] -> float32 [b, I]."""
        return self._network.last(self._states(users)).cpu().numpy()

    @torch.no_grad()
    def embeddings(self) -> Embeddings:
        """The last hidden layer of all users, and a one that meets the item's bias."""
        states = self._states(np.arange(len(self._histories.counts), dtype=np.int32))
        last = self._network.last
        users = torch.cat([states, torch.ones_like(states[:, :1])], dim=1)  # [U, L + 1]
        items = torch.cat([last.weight, last.bias[:, None]], dim=1)  # [I, L + 1]
        return Embeddings(users.cpu().numpy(), items.cpu().numpy(), biases=1)

    def state(self) -> State:
        """The network; histories are those of train."""
        return of_network(self._network)

    @torch.no_grad()
    def restore(self, state: State, train: Interactions) -> None:
        """Build the network anew, and give it the parameters of another fit."""
        self._histories = Histories.of(train, "cpu")
        self._network = self.network(train.n_items, torch.Generator().manual_seed(0))
        into_network(state, self._network)
