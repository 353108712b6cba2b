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

from ._adamw_kernels import EPS, Clock, Moving, advance, catch_up, step_rows, step_whole
from ._devices import compiled

if torch.cuda.is_available():  # only there are torch's used
    from . import _optimizers  # noqa: F401

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
        self._torch = None
        self._tables: list[Table] = []
        self._whole: list[tuple[nn.Parameter, Moving]] = []
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
        self.clock = clock_at_start(learning_rate, weight_decay)
        for table in (module for module in network.modules() if isinstance(module, Table)):
            table.rows = Rows(at_rest(table.weight), self.clock)
            self._tables.append(table)
        by_row = {id(table.weight) for table in self._tables}
        self._whole = [(each, at_rest(each)) for each in parameters if id(each) not in by_row]

    def of(self, parameter: nn.Parameter) -> Moving:
        """A parameter that is not a table, with its moments, as compiled functions take it."""
        return next(matrix for each, matrix in self._whole if each is parameter)

    def step(self) -> None:
        """A step from the gradients collected since the last one, which are then forgotten."""
        if self._torch is not None:
            self._torch.step()
            self._torch.zero_grad()
            return
        advance(self.clock)
        for table in self._tables:
            table.rows.step()
        for parameter, matrix in self._whole:
            if parameter.grad is not None:
                step_whole(
                    parameter.grad.contiguous().view(matrix.weights.shape).numpy(),
                    matrix,
                    self.clock,
                )
                parameter.grad = None
        if self.due() <= 0:
            self.settle()

    def due(self) -> int:
        """After how many more steps every row has to be brought up to date."""
        made, settled = self.clock.steps
        return int(MOST_SKIPPED - (made - settled))

    def settle(self) -> None:
        """Bring every row up to date, before anyone looks at whole tables."""
        for table in self._tables:
            table.rows.settle()
        if self._torch is None:
            self.clock.steps[1] = self.clock.steps[0]
            self.clock.away[0] = 0

    def finish(self) -> None:
        """Let go of the tables, which must be settled."""
        for table in self._tables:
            table.rows = None


def clock_at_start(rate: float, weight_decay: float) -> Clock:
    """Before the first step."""
    keep = 1 - rate * weight_decay
    bases = np.array([keep, BETA1, BETA2, BETA1 / BETA2**0.5])
    with np.errstate(all="ignore"):  # a rate that is not finite shows in the loss
        powers = bases[:, None] ** np.arange(MOST_SKIPPED + 1)
    return Clock(
        steps=np.zeros(2, dtype=np.int64),
        rates=np.array([rate, keep]),
        betas=np.array([BETA1, BETA2]),
        corrected=np.zeros(1),
        powers=powers,
        away=np.zeros(MOST_SKIPPED + 1),
    )


def at_rest(parameter: nn.Parameter) -> Moving:
    """A parameter as a matrix, with moments of zero."""
    weights = parameter.detach().view(-1, parameter.shape[-1]).numpy()
    first, second = np.zeros((2, *weights.shape), dtype=np.float32)
    return Moving(weights, first, second, np.zeros(len(weights), dtype=np.int64))


class Rows:
    """A table under AdamW on the CPU."""

    def __init__(self, state: Moving, clock: Clock) -> None:
        self.state = state
        self._clock = clock
        self._taken: tuple[Tensor, Tensor] | None = None  # rows [R], and their leaf [R, D]

    def take(self, rows: Tensor) -> Tensor:
        """The rows after all steps so far, as a leaf that collects their gradient: [R, D]."""
        if self._taken is None or self._taken[0] is not rows:
            catch_up(rows.numpy(), self.state, self._clock)
            weights = torch.from_numpy(self.state.weights)
            self._taken = (rows, weights.index_select(0, rows).requires_grad_())
        return self._taken[1]

    def step(self) -> None:
        """The step that has begun, of the rows taken, which have a gradient."""
        if self._taken is not None:
            rows, leaf = self._taken
            self._taken = None
            step_rows(rows.numpy(), leaf.grad.contiguous().numpy(), self.state, self._clock)

    def settle(self) -> None:
        """Bring every row up to date."""
        catch_up(np.arange(len(self.state.last), dtype=np.int32), self.state, self._clock)
