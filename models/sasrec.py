"""SASRec: self-attention over a user's latest items (Kang & McAuley, ICDM 2018)."""

from copy import copy
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from bench.adapter import Adapter, Embeddings, Run, State, tolerate
from bench.interactions import Floats, Ids, Interactions
from bench.space import choice, log, number, space, whole

from .shared.devices import mixed_precision, threads
from .shared.layers import Linear, dropout, normal, share_rows
from .shared.optimizers import AdamW, slow_down
from .shared.sampled_softmax import Drawn, Draws, sampled_softmax_loss
from .shared.sequences import Padded, Sequences, by_length
from .shared.softmax import Targets, softmax_loss
from .shared.states import into_network, of_network
from .shared.unseen import unseen

POSITIONS_PER_SCORING = 2**13  # through the network at a time

# Shapes: B sequences, L length of the longest, N positions that are not padding, D factors,
# H heads, U users, I items.


@dataclass(kw_only=True)
class SASRec(Adapter):
    """Predicts the next item at every position of a sequence; needs the order of time.

    The network is the paper's; its loss is softmax cross-entropy over all items in place of one
    random negative, as in Klenitskiy and Vasilev (RecSys 2023), who found it far better. The
    logits of 2 MB of positions are held at a time (see `softmax_loss`). With `negatives` the sum
    over all items is estimated by some, as in Klenitskiy and Vasilev too: see `sampled_softmax.py`.
    """

    factors: int = 64
    maxlen: int = 200  # items of a user that are looked at, the latest
    blocks: int = 2
    heads: int = 1  # must divide factors
    dropout: float = 0.2
    init_scale: float = 0.02  # standard deviation of the initial embeddings
    epochs: int = 20
    batch_size: int = 1024  # positions, in whole sequences
    learning_rate: float = 1e-3
    last_rate: float = 1.0  # at the end, as a share of the first; it falls evenly
    negatives: int = 0  # drawn anew for each batch, whose positions share them; 0: all items
    weight_decay: float = 0.0  # decoupled from the gradient, as in AdamW
    mixed_precision: bool = False  # bfloat16 where it is safe; on a GPU only

    search = space(
        factors=choice(32, 64, 128),
        maxlen=choice(50, 100, 200),
        blocks=whole(1, 3),
        dropout=number(0, 0.5),
        epochs=whole(5, 60, log=True),
        batch_size=choice(512, 1024, 2048, 4096),
        learning_rate=log(3e-4, 1e-2),
        last_rate=log(0.02, 1),
        negatives=choice(0, 256, 512, 1024),
        weight_decay=number(0, 0.5),
    )
    tolerances = tolerate("users", "items", hit_rate=0.05, why="it draws vectors in their order")
    uses_order = True

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            ValueError: heads does not divide factors.
            FloatingPointError: the loss became NaN or infinite.
            ValueError: mixed precision was asked for without a GPU.
        """
        if self.factors % self.heads:
            raise ValueError(f"sasrec: heads={self.heads} must divide factors={self.factors}")
        with threads(run.threads):
            generator = torch.Generator().manual_seed(run.seed)
            self._network = SASRecNetwork(self, train.n_items, generator).to(run.device)
            self._histories = Sequences.of(train, self.maxlen, run.device)
            self._train(
                self._histories.without_last(), Draws(train, self.negatives), run, generator
            )
            share_rows(self._network.items, unseen(train.items, train.n_items))

    def _train(
        self, sequences: Sequences, draws: Draws, run: Run, generator: torch.Generator
    ) -> None:
        on_device = torch.Generator(run.device).manual_seed(run.seed)
        optimizer = AdamW(
            self._network.parameters(),
            lr=self.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=self.weight_decay,
            fused=True,
        )
        samples = int(sequences.lengths.sum())
        done = 0  # positions, in all epochs
        for _ in range(self.epochs):
            total = torch.zeros((), device=run.device)
            for users in sequences.shuffled(self.batch_size, generator):
                so_far = done / (self.epochs * samples)
                slow_down(optimizer, self.learning_rate, self.last_rate, so_far)
                optimizer.zero_grad(set_to_none=True)
                with mixed_precision(run.device, self.mixed_precision):
                    batch, drawn = sequences.padded(users), draws.next(generator, run.device)
                    loss = self._network.loss(batch, on_device, drawn)
                loss.backward()
                optimizer.step()
                positions = int(sequences.lengths[users].sum())
                total += loss.detach() * positions
                done += positions
            # The only wait for the device in an epoch.
            if run.epoch(samples=samples, loss=total.item() / max(samples, 1)):
                break

    @torch.no_grad()
    def _states(self, users: Ids) -> Tensor:
        """What stands for each user: [b, D]; zero where nothing is known of one."""
        states = self._network.items.new_zeros(len(users), self.factors)
        for some in by_length(self._histories.lengths[users], POSITIONS_PER_SCORING):
            batch = self._histories.padded(users[some])
            latest = self._network(batch).flatten(0, 1)[batch.last]
            states[torch.from_numpy(some).to(states.device)] = latest
        return states

    def welcome(self, people: Interactions) -> Self:
        """A copy that scores these people, by the order of what they chose."""
        found = copy(self)
        found._histories = Sequences.of(people, self.maxlen, str(self._network.items.device))
        return found

    @torch.no_grad()
    def scores(self, users: Ids) -> Floats:
        """Score every item by its vector times the state at a user's latest item (equation 6)."""
        return (self._states(users) @ self._network.items.T).cpu().numpy()

    @torch.no_grad()
    def embeddings(self) -> Embeddings:
        """The states of all users, and the item vectors."""
        everyone = np.arange(len(self._histories.lengths), dtype=np.int32)
        return Embeddings(self._states(everyone).cpu().numpy(), self._network.items.cpu().numpy())

    def state(self) -> State:
        """The network; histories are those of train."""
        return of_network(self._network)

    @torch.no_grad()
    def restore(self, state: State, train: Interactions) -> None:
        """Build the network anew, and give it the parameters of another fit."""
        self._network = SASRecNetwork(self, train.n_items, torch.Generator().manual_seed(0))
        into_network(state, self._network)
        self._histories = Sequences.of(train, self.maxlen, "cpu")


class Block(nn.Module):
    """Self-attention, then a network for each position: x + dropout(g(norm(x))) each (3.B, C)."""

    def __init__(self, model: SASRec, generator: torch.Generator) -> None:
        super().__init__()
        width = model.factors
        self.heads, self.dropout = model.heads, model.dropout
        self.attention_norm = nn.LayerNorm(width)
        self.queries_keys_values = Linear(width, 3 * width, generator, bias=False)
        self.norm = nn.LayerNorm(width)
        self.first = Linear(width, width, generator)
        self.second = Linear(width, width, generator)

    def forward(self, states: Tensor, generator: torch.Generator | None) -> Tensor:
        """Map [B, L, D] to [B, L, D]; position t depends on positions up to t alone."""
        attended = self.attention(self.attention_norm(states))
        states = states + dropout(attended, self.dropout, generator)
        hidden = self.second(F.relu(self.first(self.norm(states))))
        return states + dropout(hidden, self.dropout, generator)

    def attention(self, states: Tensor) -> Tensor:
        """softmax(Q K' / sqrt(D / H)) V over earlier positions (equations 2 and 3)."""
        each = self.queries_keys_values(states).unflatten(2, (3, self.heads, -1))
        queries, keys, values = each.permute(2, 0, 3, 1, 4)  # [B, H, L, D / H]
        # Of these, a GPU takes MATH for float32: the others may differ from run to run.
        with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.MATH]):
            attended = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        return attended.transpose(1, 2).flatten(2)


class SASRecNetwork(nn.Module):
    """Item and position vectors, blocks, and the norm that the authors' code ends with."""

    def __init__(self, model: SASRec, n_items: int, generator: torch.Generator) -> None:
        super().__init__()
        self.dropout = model.dropout
        self.items = normal((n_items, model.factors), model.init_scale, generator)
        self.places = normal((model.maxlen, model.factors), model.init_scale, generator)
        self.blocks = nn.ModuleList(Block(model, generator) for _ in range(model.blocks))
        self.norm = nn.LayerNorm(model.factors)

    def forward(self, batch: Padded, generator: torch.Generator | None = None) -> Tensor:
        """The state at each position: [B, L, D]. Activations are dropped if a generator is given.

        Item vectors are multiplied by sqrt(D) first, as in the authors' code.
        """
        states = F.embedding(batch.items, self.items) * self.items.shape[1] ** 0.5
        states = dropout(states + F.embedding(batch.places, self.places), self.dropout, generator)
        for block in self.blocks:
            states = block(states, generator)
        return self.norm(states)

    def loss(
        self, batch: Padded, generator: torch.Generator | None = None, drawn: Drawn | None = None
    ) -> Tensor:
        """Mean cross-entropy of the following item over all positions, padding left out.

        It is against the items drawn, or against all without them.
        """
        states = self(batch, generator).flatten(0, 1)[batch.real]  # [N, D]
        if drawn is not None:
            return sampled_softmax_loss(states, self.items, batch.following, drawn) / len(states)
        every = torch.arange(len(states), device=states.device)
        ones = torch.ones(len(states), dtype=states.dtype, device=states.device)
        targets = Targets(batch.following, every, ones, range(len(states) + 1))
        return softmax_loss(states, self.items, None, targets, over=len(states))
