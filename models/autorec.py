"""AutoRec: an autoencoder of the rows or columns of the matrix (Sedhain et al., WWW 2015)."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.autograd import Function

from bench.adapter import Run, tolerate
from bench.interactions import Interactions
from bench.space import choice, log, space, whole

from .shared.devices import threads
from .shared.histories import Chosen, Histories
from .shared.layers import Linear, share_rows
from .shared.tables import AdamW
from .shared.unseen import unseen
from .shared.vectors import VectorAdapter

# Entries of the matrix held at a time: on a CPU 2 MB, on a GPU 256 MB.
ENTRIES_ON_CPU = 2**19
ENTRIES_ON_GPU = 2**26
ROWS_PER_SCORING = 4096  # through the first layer at a time

# Shapes: R rows of the matrix, which are items or users, C columns, which are the others, B rows in
# a batch, H width of the hidden layer.


@dataclass(kw_only=True)
class AutoRec(VectorAdapter):
    """Reconstructs each row r of the matrix as W sigmoid(V r + mu) + b (section 2).

    The paper's loss is over observed ratings alone, which says nothing where all of them are 1.
    Here an unobserved entry is a 0 of less weight, as in iALS, and all of them take part:

        sum (1 - s)^2 over the observed + unobserved_weight * sum s^2 over the unobserved entries,

    as a mean over rows, + l2 / 2 * (|W|^2 + |V|^2). Of the matrix 2 MB of entries are held at a
    time (see `squared_loss`). Trained by Adam in place of Rprop. There is no mixed precision: no
    layer that could use it lies between the sparse input and the sums of the loss.
    """

    by: Literal["item", "user"] = "item"  # what a row stands for: I-AutoRec or U-AutoRec
    hidden: int = 200  # width of the hidden layer
    unobserved_weight: float = 0.1
    epochs: int = 60
    batch_size: int = 64  # rows
    learning_rate: float = 1e-3
    last_rate: float = 1.0  # of the last epoch, as a share of the first's; it falls evenly
    l2: float = 1e-2

    search = space(
        by=choice("item", "user"),
        hidden=choice(50, 100, 200, 500),
        unobserved_weight=log(0.01, 1),
        epochs=whole(10, 150, log=True),
        learning_rate=log(3e-4, 1e-2),
        last_rate=log(0.02, 1),
        l2=log(1e-4, 1),
    )
    tolerances = tolerate("users", "items", hit_rate=0.05, why="it draws vectors in their order")
    _biases = 1  # of the columns, which meet the ones of the rows

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            ValueError: by is neither "item" nor "user".
            FloatingPointError: the loss became NaN or infinite.
        """
        if self.by not in ("item", "user"):
            raise ValueError(f"autorec: by={self.by!r} must be 'item' or 'user'")
        rows = train if self.by == "user" else transposed(train)
        with threads(run.threads):
            self._found = None
            self._histories = Histories.of(rows, run.device)
            generator = torch.Generator().manual_seed(run.seed)
            self._network = AutoRecNetwork(rows.n_items, self.hidden, generator).to(run.device)
            self._train(run, generator)
            if self.by == "user":  # by item, those that nobody has share what is hidden
                for each in (self._network.last.weight, self._network.last.bias):
                    share_rows(each, unseen(train.items, train.n_items))
                self._found = None

    def _train(self, run: Run, generator: torch.Generator) -> None:
        network = self._network
        weights = (network.first, network.last.weight)
        optimizer = AdamW(network, self.learning_rate, 0.0)  # without decay it is Adam
        count = len(self._histories.counts)
        for epoch in range(self.epochs):
            optimizer.slow_evenly(self.last_rate, epoch, self.epochs)
            total = torch.zeros((), device=run.device)
            order = torch.randperm(count, generator=generator)
            for rows in order.split(max(1, self.batch_size)):
                chosen = self._histories.take(rows.numpy())
                loss = network.loss(chosen, self.unobserved_weight) / len(rows)
                loss.backward()
                for weight in weights:
                    if weight.grad is not None:
                        weight.grad.add_(weight.detach(), alpha=self.l2)
                optimizer.step()
                total += loss.detach() * len(rows)
            optimizer.settle()
            self._found = None
            # The only wait for the device in an epoch.
            if run.epoch(samples=count, loss=total.item() / count):
                break
        optimizer.finish()

    def _vectors(self) -> tuple[Tensor, Tensor]:
        """(W, b) of the columns and (sigmoid(V r + mu), 1) of the rows."""
        network = self._network
        every = torch.arange(len(self._histories.counts))
        states = [
            network(self._histories.take(rows.numpy())) for rows in every.split(ROWS_PER_SCORING)
        ]
        hidden = torch.cat(states)  # [R, H]
        of_rows = torch.cat([hidden, torch.ones_like(hidden[:, :1])], dim=1)
        of_columns = torch.cat([network.last.weight, network.last.bias[:, None]], dim=1)
        return (of_rows, of_columns) if self.by == "user" else (of_columns, of_rows)


def transposed(train: Interactions) -> Interactions:
    """The same interactions with users and items exchanged, without names and features."""
    return Interactions(
        users=train.items,
        items=train.users,
        times=train.times,
        n_users=train.n_items,
        n_items=train.n_users,
    )


class AutoRecNetwork(nn.Module):
    """One hidden layer between C columns and C columns."""

    def __init__(self, columns: int, hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        # V' of the paper: the weight of a layer from H to C, a row for each column.
        self.first = Linear(hidden, columns, generator, bias=False).weight
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.last = Linear(hidden, columns, generator)

    def forward(self, chosen: Chosen) -> Tensor:
        """The hidden layer of B rows, from their observed columns: [B, H]."""
        return (chosen.sum(self.first) + self.hidden_bias).sigmoid()

    def loss(self, chosen: Chosen, unobserved_weight: float) -> Tensor:
        """The weighted squared errors of B rows, summed."""
        last = self.last
        return squared_loss(self(chosen), last.weight, last.bias, chosen, unobserved_weight)


def squared_loss(
    hidden: Tensor,
    columns: Tensor,
    bias: Tensor,
    chosen: Chosen,
    unobserved_weight: float,
    at_once: int = 0,
) -> Tensor:
    """The sum of (1 - s)^2 over chosen and unobserved_weight * s^2 over all other entries.

    The loss of a block of s = hidden columns' + bias and its gradients are found together, so that
    s [B, C] never exists as a whole, and is computed once.

    Args:
        hidden: [B, H].
        columns: [C, H].
        bias: [C].
        chosen: the observed columns of the B rows.
        at_once: rows of s held at a time. By default 2 MB of them on a CPU and 256 MB on a GPU.
    """
    if not at_once:
        entries = ENTRIES_ON_CPU if hidden.device.type == "cpu" else ENTRIES_ON_GPU
        at_once = max(1, entries // len(columns))
    return _SquaredLoss.apply(hidden, columns, bias, chosen, unobserved_weight, at_once)


class _SquaredLoss(Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        columns: Tensor,
        bias: Tensor,
        chosen: Chosen,
        unobserved_weight: float,
        at_once: int,
    ) -> Tensor:
        total = hidden.new_zeros(())
        to_hidden = torch.empty_like(hidden)
        to_columns, to_bias = torch.zeros_like(columns), torch.zeros_like(bias)
        for start in range(0, len(hidden), at_once):
            rows = hidden[start : start + at_once]  # [b, H]
            scores = torch.addmm(bias, rows, columns.T)  # [b, C]
            own = slice(chosen.starts[start], chosen.starts[start + len(rows)])
            where = (chosen.rows[own] - start).long() * len(columns) + chosen.items[own]
            flat = scores.view(-1)
            errors = flat[where] - 1  # of the observed entries
            flat[where] = 0
            total += errors.square().sum() + unobserved_weight * flat.dot(flat)
            # From here on half the gradient of the scores.
            scores *= unobserved_weight
            flat[where] = errors
            torch.mm(scores, columns, out=to_hidden[start : start + len(rows)])
            to_columns.addmm_(scores.T, rows)
            to_bias += scores.sum(0)
        ctx.save_for_backward(to_hidden, to_columns, to_bias)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        # In place, as they are large; a second pass through the same loss is an error.
        to_hidden, to_columns, to_bias = (part.mul_(2 * gradient) for part in ctx.saved_tensors)
        return to_hidden, to_columns, to_bias, None, None, None
