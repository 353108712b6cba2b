"""Tables with a row for each user or item, of which a batch trains some rows.

AdamW moves every parameter in every step, also where the gradient is zero. Here a row is moved
only when a batch takes it, by all the steps that it has skipped at once. In a step without a
gradient the moments fall to b1 m and b2 v, so that after j of them m / sqrt(v) has fallen by
f^j, f = b1 / sqrt(b2). With w the share that weight decay leaves in a step, and c_t the learning
rate with Adam's correction of its bias at step t, the steps t + 1, ..., t + k together give

    w^k p  -  (m / sqrt(v))  sum over j = 1..k of  w^(k - j) f^j c_(t + j).

It is the same for all rows that skipped the same steps. So this is AdamW on the whole table, up
to rounding and to epsilon, and costs no more than the rows of the batch.
"""

import numpy as np
import torch
from torch import Tensor, nn

from ._devices import compiled
from ._row_kernels import EPS, catch_up, step_rows, tabulate_skips

BETA1, BETA2 = 0.9, 0.999
# After so many steps every row catches up, which bounds the table of what skipped steps do.
MOST_SKIPPED = 4096

# Shapes: E rows of a table, R rows that a batch takes, D width.


class Table(nn.Module):
    """A vector for each user or item, [E, D]."""

    def __init__(self, weight: nn.Parameter) -> None:
        super().__init__()
        self.weight = weight
        self.rows: Rows | None = None  # while training on the CPU

    def __len__(self) -> int:
        return len(self.weight)

    def forward(self, rows: Tensor | None = None) -> Tensor:
        """The whole table [E, D], or the rows of a batch, int32 [R] and distinct: [R, D]."""
        if rows is None:
            return self.weight
        if self.rows is None:
            return self.weight.index_select(0, rows)
        return self.rows.take(rows)


class AdamW:
    """AdamW (Loshchilov & Hutter, ICLR 2019) for a network with tables.

    On the CPU it is compiled, and tables are trained by row; elsewhere it is torch's.
    """

    def __init__(self, network: nn.Module, learning_rate: float, weight_decay: float) -> None:
        parameters = list(network.parameters())
        self._tables, self._whole, self._torch = [], [], None
        if not compiled(parameters[0]):
            self._torch = torch.optim.AdamW(
                parameters,
                lr=learning_rate,
                weight_decay=weight_decay,
                betas=(BETA1, BETA2),
                eps=EPS,
                fused=True,
            )
            return
        for table in (module for module in network.modules() if isinstance(module, Table)):
            table.rows = Rows(table.weight.detach(), learning_rate, weight_decay)
            self._tables.append(table)
        by_row = {id(table.weight) for table in self._tables}
        for parameter in parameters:
            if id(parameter) not in by_row:
                matrix = parameter.detach().view(-1, parameter.shape[-1])
                self._whole.append((parameter, Rows(matrix, learning_rate, weight_decay)))

    def step(self) -> None:
        """A step from the gradients collected since the last one, which are then forgotten."""
        if self._torch is not None:
            self._torch.step()
            self._torch.zero_grad()
        for table in self._tables:
            table.rows.step()
        for parameter, rows in self._whole:
            if parameter.grad is not None:
                rows.step_whole(parameter.grad)
                parameter.grad = None

    def settle(self) -> None:
        """Bring every row up to date, before anyone looks at whole tables."""
        for table in self._tables:
            table.rows.settle()

    def finish(self) -> None:
        """Let go of the tables, which must be settled."""
        for table in self._tables:
            table.rows = None


class Rows:
    """A table, or any matrix [E, D], under AdamW on the CPU."""

    def __init__(self, weights: Tensor, rate: float, weight_decay: float) -> None:
        self._weights = weights
        self._rate, self._keep = rate, 1 - rate * weight_decay
        self._every = torch.arange(len(weights), dtype=torch.int32)
        self._steps = self._settled = 0  # steps made, and made when all rows were last up to date
        self._skips = np.zeros((4, MOST_SKIPPED + 1))
        first, second = np.zeros((2, *weights.shape), dtype=np.float32)
        self._state = (weights.numpy(), first, second, np.zeros(len(weights), dtype=np.int64))
        self._taken: tuple[Tensor, Tensor] | None = None  # rows [R], and their leaf [R, D]

    def take(self, rows: Tensor) -> Tensor:
        """The rows after all steps so far, as a leaf that collects their gradient: [R, D]."""
        if self._taken is None or self._taken[0] is not rows:
            self._catch_up(rows)
            self._taken = (rows, self._weights.index_select(0, rows).requires_grad_())
        return self._taken[1]

    def step(self) -> None:
        """A step for the whole table, of which the rows taken have a gradient."""
        self._steps += 1
        if self._taken is not None:
            rows, leaf = self._taken
            self._taken = None
            self._step(rows, leaf.grad)
        if self._steps - self._settled >= MOST_SKIPPED:
            self.settle()

    def step_whole(self, gradient: Tensor) -> None:
        """A step for a table that has a gradient in every row."""
        self._steps += 1
        self._step(self._every, gradient.view(self._weights.shape))

    def _step(self, rows: Tensor, gradient: Tensor) -> None:
        hyper = (self._steps, self._keep, self._rate, BETA1, BETA2)
        step_rows(rows.numpy(), gradient.contiguous().numpy(), *hyper, *self._state)

    def settle(self) -> None:
        """Bring every row up to date."""
        self._catch_up(self._every)
        self._settled = self._steps

    def _catch_up(self, rows: Tensor) -> None:
        skips = self._skips[:, : self._steps - self._settled + 1]
        tabulate_skips(self._steps, skips, self._keep, self._rate, BETA1, BETA2)
        catch_up(rows.numpy(), self._steps, skips, *self._state)
