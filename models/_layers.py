"""Parts that the pair networks are built of."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ._kernels import tower_of_pairs
from ._rows import Batch

# Shapes: B users in a batch, C candidates of each, E entities, I items, H width of a layer.


def normal(shape: tuple[int, ...], scale: float, generator: torch.Generator) -> nn.Parameter:
    """A parameter drawn from N(0, scale^2), without touching the global random state."""
    return nn.Parameter(torch.randn(shape, generator=generator) * scale)


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
        self.bias = nn.Parameter(torch.zeros(out)) if bias else None

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


class Tower(nn.Module):
    """The layers above the first: relu, linear, relu, linear, ..., relu, linear to one number.

    Args:
        widths: of the hidden layers, beginning with the first one.
        dropout: chance that an activation of a hidden layer is left out in training.
    """

    def __init__(
        self, widths: Sequence[int], generator: torch.Generator, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.dropout = dropout
        outs = [*widths[1:], 1]
        self.layers = nn.ModuleList(
            Linear(width, out, generator) for width, out in zip(widths, outs, strict=True)
        )

    def of_batch(
        self,
        users: Tensor,
        items: Tensor,
        batch: Batch,
        crossed: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Logits [B, C] of a batch, from first-layer summands [U, H], [I, H] and maybe [B, C, H].

        Activations are dropped only where a generator is given.
        """
        parameters = [parameter for layer in self.layers for parameter in layer.parameters()]
        dropout = 0.0 if generator is None else self.dropout
        return tower_of_pairs(users, items, crossed, batch, dropout, generator, parameters)

    def forward(self, first: Tensor) -> Tensor:
        """Logits [...] from the sum of the first-layer summands [H, ...], which is overwritten."""
        hidden = first.flatten(1)  # [H, N]
        for layer in self.layers:
            hidden = (layer.weight @ hidden.relu_()).add_(layer.bias[:, None])
        return hidden.view(first.shape[1:])
