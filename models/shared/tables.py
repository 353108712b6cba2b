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

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor, nn

from .devices import compiled
from .kernels.optimizers import (
    EPS,
    Clock,
    Moving,
    begin_step,
    end_step,
    settle,
    step_rows,
    step_whole,
    take_rows,
)

if torch.cuda.is_available():  # only there are torch's used
    from . import optimizers  # noqa: F401

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


class Optimizer(ABC):
    """Moves the parameters of a network, the rows of tables only when a batch takes them.

    On the CPU it is compiled; elsewhere it is torch's.
    """

    def __init__(
        self, network: nn.Module, clock: Clock, learning_rate: float, weight_decay: float
    ) -> None:
        self._rate, self._decay = learning_rate, weight_decay
        parameters = list(network.parameters())
        self._torch = None
        self._tables: list[tuple[Table, Rows]] = []
        self._whole: list[tuple[nn.Parameter, Moving]] = []
        if not compiled(parameters[0]):
            self._torch = self._in_torch(parameters)
            return
        self.clock = clock
        for table in (module for module in network.modules() if isinstance(module, Table)):
            table.rows = Rows(at_rest(table.weight), self.clock)
            self._tables.append((table, table.rows))
        by_row = {id(table.weight) for table, _ in self._tables}
        self._whole = [(each, at_rest(each)) for each in parameters if id(each) not in by_row]

    @abstractmethod
    def _in_torch(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        """The same in torch."""

    def of(self, parameter: nn.Parameter) -> Moving:
        """A parameter that is not a table, with its moments, as compiled functions take it."""
        return next(matrix for each, matrix in self._whole if each is parameter)

    def of_table(self, table: Table) -> Moving:
        """The same of a table."""
        return next(rows.state for each, rows in self._tables if each is table)

    def step(self) -> None:
        """A step from the gradients collected since the last one, which are then forgotten."""
        if self._torch is not None:
            self._torch.step()
            self._torch.zero_grad()
            return
        begin_step(self.clock)
        for _, rows in self._tables:
            rows.step()
        for parameter, matrix in self._whole:
            if parameter.grad is not None:
                step_whole(
                    parameter.grad.contiguous().view(matrix.weights.shape).numpy(),
                    matrix,
                    self.clock,
                )
                parameter.grad = None
        end_step(self.clock)
        if self.due() <= 0:
            self.settle()

    def slow_evenly(self, last: float, epoch: int, epochs: int) -> None:
        """Let the learning rate fall from epoch to epoch, in the last to this share of the first's.

        Args:
            last: the share.
            epoch: the one that begins, from 0; rows must be settled.
            epochs: how many there are.
        """
        self.slow_to(1 - epoch / max(1, epochs - 1) * (1 - last))

    def slow_to(self, share: float) -> None:
        """Make the next steps with this share of the learning rate; rows must be settled."""
        if self._torch is None:
            set_rate(self.clock, share * self._rate, self._decay)
            return
        for group in self._torch.param_groups:
            group["lr"] = share * self._rate

    def due(self) -> int:
        """After how many more steps every row has to be brought up to date."""
        made, settled = self.clock.steps
        return int(len(self.clock.away) - 1 - (made - settled))

    def settle(self) -> None:
        """Bring every row up to date, before anyone looks at whole tables."""
        for _, rows in self._tables:
            rows.settle()
        if self._torch is None:
            self.clock.steps[1] = self.clock.steps[0]
            self.clock.away[0] = 0

    def finish(self) -> None:
        """Let go of the tables, which must be settled."""
        for table, _ in self._tables:
            table.rows = None


class AdamW(Optimizer):
    """AdamW (Loshchilov & Hutter, ICLR 2019)."""

    def __init__(
        self,
        network: nn.Module,
        learning_rate: float,
        weight_decay: float,
        most_skipped: int = MOST_SKIPPED,
    ) -> None:
        clock = adamw_clock(learning_rate, weight_decay, most_skipped)
        super().__init__(network, clock, learning_rate, weight_decay)

    def _in_torch(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            parameters,
            lr=self._rate,
            weight_decay=self._decay,
            betas=(BETA1, BETA2),
            eps=EPS,
            fused=True,
        )


class SGD(Optimizer):
    """Stochastic gradient descent, without momentum and without weight decay."""

    def __init__(
        self, network: nn.Module, learning_rate: float, most_skipped: int = MOST_SKIPPED
    ) -> None:
        powers = np.ones((3, most_skipped + 1))
        none = np.zeros(0)
        steps = np.zeros(2, dtype=np.int64)
        rates = np.array([learning_rate, 1.0])
        clock = Clock(steps, rates, none, np.zeros(1), powers, np.zeros(most_skipped + 1))
        super().__init__(network, clock, learning_rate, 0.0)

    def _in_torch(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, lr=self._rate)


def adamw_clock(rate: float, weight_decay: float, most_skipped: int) -> Clock:
    """Before the first step."""
    bases = np.array([1.0, BETA2**0.5, BETA1 / BETA2**0.5])
    clock = Clock(
        steps=np.zeros(2, dtype=np.int64),
        rates=np.zeros(2),
        betas=np.array([BETA1, BETA2]),
        corrected=np.zeros(1),
        powers=bases[:, None] ** np.arange(most_skipped + 1),
        away=np.zeros(most_skipped + 1),
    )
    set_rate(clock, rate, weight_decay)
    return clock


def set_rate(clock: Clock, rate: float, weight_decay: float) -> None:
    """Let the next steps have this learning rate, when all rows are up to date."""
    keep = 1 - rate * weight_decay
    clock.rates[:] = rate, keep
    with np.errstate(all="ignore"):  # a rate that is not finite shows in the loss
        clock.powers[0] = keep ** np.arange(len(clock.away))


def at_rest(parameter: nn.Parameter) -> Moving:
    """A parameter as a matrix, with moments of zero."""
    weights = parameter.detach().view(-1, parameter.shape[-1]).numpy()
    ratio, root = np.zeros((2, *weights.shape), dtype=np.float32)
    return Moving(weights, ratio, root, np.zeros(len(weights), dtype=np.int64))


class Rows:
    """A table under AdamW on the CPU."""

    def __init__(self, state: Moving, clock: Clock) -> None:
        self.state = state
        self._clock = clock
        self._taken: tuple[Tensor, Tensor] | None = None  # rows [R], and their leaf [R, D]

    def take(self, rows: Tensor) -> Tensor:
        """The rows after all steps so far, as a leaf that collects their gradient: [R, D]."""
        if self._taken is None or self._taken[0] is not rows:
            taken = torch.empty(len(rows), self.state.weights.shape[1])
            take_rows(rows.numpy(), self.state, self._clock, taken.numpy())
            self._taken = (rows, taken.requires_grad_())
        return self._taken[1]

    def step(self) -> None:
        """The step that has begun, of the rows taken, where they have a gradient."""
        if self._taken is None:
            return
        rows, leaf = self._taken
        self._taken = None
        if leaf.grad is not None:
            step_rows(rows.numpy(), leaf.grad.contiguous().numpy(), self.state, self._clock)

    def settle(self) -> None:
        """Bring every row up to date."""
        settle(self.state, self._clock)
