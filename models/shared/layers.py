"""Parts that networks are built of: drawn parameters, linear layers, dropout."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bench.interactions import Ids

from .unseen import unseen


def normal(shape: tuple[int, ...], scale: float, generator: torch.Generator) -> nn.Parameter:
    """A parameter drawn from N(0, scale^2), without touching the global random state."""
    return nn.Parameter(torch.randn(shape, generator=generator) * scale)


def normal_of_seen(
    observed: Ids, count: int, width: int, scale: float, generator: torch.Generator
) -> nn.Parameter:
    """Vectors [count, width] from `normal`, but zero where one of 0..count-1 is not in observed."""
    vectors = normal((count, width), scale, generator)
    vectors.data[unseen(observed, count)] = 0
    return vectors


@torch.no_grad()
def share_rows(weights: Tensor, rows: NDArray[np.int64]) -> None:
    """Put the mean of these rows of weights [E, ...] in place of each of them."""
    if len(rows):
        weights[rows] = weights[rows].mean(dim=0)


class Linear(nn.Module):
    """x W' + b, where W is drawn by Glorot and Bengio (2010), equation 16, and b is zero.

    Args:
        fan_in: width of the whole input, where this is one of several summands.
    """

    def __init__(
        self,
        width: int,
        out: int,
        generator: torch.Generator,
        *,
        bias: bool = True,
        fan_in: int | None = None,
    ) -> None:
        super().__init__()
        limit = (6 / ((fan_in or width) + out)) ** 0.5
        uniform = 2 * torch.rand(out, width, generator=generator) - 1
        self.weight = nn.Parameter(limit * uniform)  # [out, width]
        if bias:
            self.bias = nn.Parameter(torch.zeros(out))
        else:
            self.register_parameter("bias", None)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map [..., width] to [..., out]."""
        return nn.functional.linear(inputs, self.weight, self.bias)


class FirstLayer(nn.Module):
    """A layer over what user and item bring, before they meet.

    W [x_u ; x_i] + b = (W_u x_u + b) + W_i x_i: each summand is computed once for each user and
    once for each item, however many pairs they form.
    """

    def __init__(self, users: int, items: int, out: int, generator: torch.Generator) -> None:
        super().__init__()
        fan_in = users + items
        self.users = Linear(users, out, generator, fan_in=fan_in)
        self.items = Linear(items, out, generator, fan_in=fan_in, bias=False)


def kept(shape: torch.Size, chance: float, generator: torch.Generator) -> Tensor:
    """A mask that is false with this chance, up to 1 / 65,536: four entries share a draw."""
    count = shape.numel()
    draws = torch.empty(count // 4 + 1, dtype=torch.int64, device=generator.device)
    # Without bounds torch would leave the sign bit out, and with it half of every fourth number.
    draws.random_(-(2**63), None, generator=generator)
    bits = draws.view(torch.int16)[:count].view(shape)  # -32,768 .. 32,767
    return bits >= min(round(chance * 2**16), 2**16 - 1) - 2**15


def dropout(inputs: Tensor, chance: float, generator: torch.Generator | None) -> Tensor:
    """Zero entries with this chance and let the others grow; without a generator, none."""
    if generator is None or not chance:
        return inputs
    return inputs * kept(inputs.shape, chance, generator).to(inputs.dtype).div_(1 - chance)
