"""DSSM: two towers over ids and features (Huang et al., CIKM 2013; Yi et al., RecSys 2019)."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.adapter import Run, tolerate
from bench.interactions import Interactions
from bench.space import choice, log, space, whole

from .shared.devices import mixed_precision, threads
from .shared.features import Fields, both_fields
from .shared.in_batch import Batches, in_batch_softmax
from .shared.layers import Linear
from .shared.tables import AdamW
from .shared.vectors import VectorAdapter

ROWS_PER_SCORING = 2**14  # users or items through a tower at a time

# Shapes: U and I distinct users and items of a batch, E users or items in all, R rows of a tower,
# W width of the towers' outputs.


@dataclass(kw_only=True)
class DSSM(VectorAdapter):
    """Scores by the cosine of a user's and an item's tower (Huang et al., section 3).

    A tower has an MLP over the vectors of all fields (see `Fields`), with relu between its layers.
    Trained by softmax over the items of a batch, whose logits are cosines divided by the
    temperature, less the log of the chance that an item is in a batch (Yi et al., section 3). An
    item that the user of a row has in train is no negative in that row, nor does it count twice
    for being in the batch twice.

    With `id_dropout` an item of a batch lacks its id vector by chance, so that its features learn
    to stand alone, as in DropoutNet (Volkovs, Yu & Poutanen, NIPS 2017); an item without any
    interaction then has none when it is scored.

    Towers see each distinct user and item of a batch once, and logits [U, I] are shared by the
    pairs of a user. On a CPU 1 MB of them is held at a time; elsewhere they take at most
    4 batch_size^2 bytes.
    """

    factors: int = 32
    hidden: tuple[int, ...] = (128, 64)  # widths of each tower's layers; the last is the output's
    temperature: float = 0.1
    init_scale: float = 0.1  # standard deviation of the initial vectors of ids
    epochs: int = 20
    batch_size: int = 1024  # observed pairs
    learning_rate: float = 1e-3
    weight_decay: float = 0.1  # decoupled from the gradient, as in AdamW
    id_dropout: float = 0.0  # chance that an item of a batch has no id, for the sake of new items
    mixed_precision: bool = False  # bfloat16 where it is safe; on a GPU only

    uses_features = ("users", "items")
    search = space(
        factors=choice(16, 32, 64),
        hidden=choice((64,), (64, 32), (128, 64), (256, 128)),
        temperature=log(0.03, 0.5),
        epochs=whole(5, 60, log=True),
        batch_size=choice(512, 1024, 2048, 4096),
        learning_rate=log(3e-4, 1e-2),
        weight_decay=log(0.01, 1),
    )
    tolerances = tolerate("users", "items", "rows", hit_rate=0.04, why="it draws in their order")

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            ValueError: hidden is empty, temperature not positive, or id_dropout not in 0..1.
            FloatingPointError: the loss became NaN or infinite.
            ValueError: mixed precision was asked for without a GPU.
        """
        if not self.hidden:
            raise ValueError("dssm: hidden=() must have at least one width")
        if self.temperature <= 0:
            raise ValueError(f"dssm: temperature={self.temperature} must be positive")
        if not 0 <= self.id_dropout < 1:
            raise ValueError(f"dssm: id_dropout must lie from 0 to below 1, not {self.id_dropout}")
        with threads(run.threads):
            self._found = None
            self._network = TwoTowers(self, train, torch.Generator().manual_seed(run.seed))
            self._network.to(run.device)
            self._train(train, run)

    def _train(self, train: Interactions, run: Run) -> None:
        random = np.random.default_rng(run.seed)
        dropping = torch.Generator().manual_seed(run.seed)
        per_batch = max(1, self.batch_size)
        batches = Batches.of_size(train, per_batch, run.device)
        optimizer = AdamW(self._network, self.learning_rate, self.weight_decay)
        for _ in range(self.epochs):
            total = torch.zeros((), device=run.device)
            order = random.permutation(len(train))
            for start in range(0, len(order), per_batch):
                batch = batches.of(order[start : start + per_batch])
                with mixed_precision(run.device, self.mixed_precision):
                    users = self._network.users(batch.users)
                    items = self._network.items(batch.items, self._with_id(batch.items, dropping))
                loss = in_batch_softmax(users, items, batch, self.temperature)
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(batch.user_places)
            optimizer.settle()
            self._found = None
            if run.epoch(samples=len(train), loss=total.item() / max(len(train), 1)):
                break
        optimizer.finish()

    def _with_id(self, items: Tensor, generator: torch.Generator) -> Tensor | None:
        """Which items of a batch keep their ids: [R], 0 by chance; None where all do."""
        if not self.id_dropout:
            return None
        kept = torch.rand(len(items), generator=generator) >= self.id_dropout
        return kept.float().to(items.device)

    def _vectors(self) -> tuple[Tensor, Tensor]:
        """The outputs of both towers."""
        network = self._network
        return network.users.all(), network.items.all(network.seen if self.id_dropout else None)


class TwoTowers(nn.Module):
    """A tower for users and one for items; and which items have an interaction, [I]."""

    seen: Tensor

    def __init__(self, model: DSSM, train: Interactions, generator: torch.Generator) -> None:
        super().__init__()
        user_fields, item_fields = both_fields(
            train,
            size=model.factors + 1,  # Fields.layer leaves out the last number of a vector
            scale=model.init_scale,
            dense_fields=True,
            generator=generator,
        )
        seen = np.bincount(train.items, minlength=train.n_items) > 0
        self.register_buffer("seen", torch.from_numpy(seen.astype(np.float32)), persistent=False)
        self.users = Tower(user_fields, model, generator)
        self.items = Tower(item_fields, model, generator)


class Tower(nn.Module):
    """The vectors of all fields, side by side; layers with relu between them; length 1."""

    def __init__(self, fields: Fields, model: DSSM, generator: torch.Generator) -> None:
        super().__init__()
        self.fields = fields
        self.first = Linear(fields.count * model.factors, model.hidden[0], generator)
        self.rest = nn.ModuleList(
            Linear(width, out, generator) for width, out in pairwise(model.hidden)
        )

    def forward(self, rows: Tensor, with_id: Tensor | None = None) -> Tensor:
        """The vectors of some users or items: int32 [R], distinct -> float32 [R, W]."""
        with torch.autocast(rows.device.type, enabled=False):  # sparse products take float32 alone
            states = self.fields.layer(self.first, rows, with_id)
        for layer in self.rest:
            states = layer(states.relu())
        return F.normalize(states.float(), dim=1)

    def all(self, with_id: Tensor | None = None) -> Tensor:
        """The vectors of all users or items: [E, W]."""
        ids = self.fields.ids.weight
        every = torch.arange(len(ids), dtype=torch.int32, device=ids.device)
        parts = every.split(ROWS_PER_SCORING)
        known = [None] * len(parts) if with_id is None else with_id.split(ROWS_PER_SCORING)
        return torch.cat([self(rows, some) for rows, some in zip(parts, known, strict=True)])
