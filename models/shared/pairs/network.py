"""The form that all pair networks share.

    logit(u, i) = dot_u . dot_i + tower(first_u + first_i + cross vec(fields_i fields_u')),

where each term may be missing. What stands for a user or an item is computed once, however many
pairs it is part of: a layer over [x_u ; x_i] is a sum, W_u x_u + W_i x_i, and so is the
second-order term of a factorisation machine.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..features import Fields
from ..layers import Linear
from ..tables import Table


class Part(NamedTuple):
    """What a side of a network consists of, where that is no more than this.

    The side's `dot` is vectors * scale, or that of a factorisation machine over fields; its `first`
    is a layer over table, or over the fields.
    """

    vectors: Table | None = None
    scale: nn.Parameter | None = None
    fields: Fields | None = None
    offset: nn.Parameter | None = None  # the machine's bias; only users have it
    of_users: bool = False
    table: Table | None = None
    layer: Linear | None = None


# Shapes: B users in a batch, C candidates of each, the observed item first; E users or items that
# occur in it, or all; D width of the dot product; H widths of the tower's layers; F fields of K
# numbers, F_u and F_i of the sides.


class Side(NamedTuple):
    """What each user, or each item, brings to a pair."""

    dot: Tensor | None = None  # [E, D]
    first: Tensor | None = None  # [E, H_1], a summand of the first layer, before the first relu
    fields: Tensor | None = None  # [E, F, K], to be crossed with those of the other side


class Batch(NamedTuple):
    """Users, each with candidate items, as rows of the two sides."""

    users: Tensor  # int32 [B]
    items: Tensor  # int32 [B, C]


class Tower(nn.Module):
    """The layers above the first: relu, linear, relu, linear, ..., relu, linear to one number.

    Args:
        widths: of the hidden layers, beginning with the first one.
        dropout: chance that an activation of a hidden layer is left out in training.
        crosses: F_i F_u where fields are crossed. Their products are one more summand of the first
            layer, by the matrix `cross` [H_1, F_i F_u].
        fan_in: width of the first layer's whole input, where fields are crossed.
    """

    def __init__(
        self,
        widths: Sequence[int],
        generator: torch.Generator,
        dropout: float = 0.0,
        *,
        crosses: int = 0,
        fan_in: int | None = None,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.widths = np.array(widths, dtype=np.int64)
        self.cross: Tensor | None = None
        if crosses:
            cross = Linear(crosses, widths[0], generator, bias=False, fan_in=fan_in)
            self.cross = cross.weight
        layers = [
            Linear(width, out, generator)
            for width, out in zip(widths, [*widths[1:], 1], strict=True)
        ]
        # In one piece, which the compiled form takes as it is.
        parts = [part.flatten() for layer in layers for part in (layer.weight, layer.bias)]
        self.weights = nn.Parameter(torch.cat(parts).detach())

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Matrix [H', H] and bias [H'] of each layer above the first."""
        shapes = list(zip([*self.widths[1:], 1], self.widths, strict=True))
        parts = self.weights.split([size for out, width in shapes for size in (out * width, out)])
        return [
            (matrix.view(int(out), int(width)), bias)
            for (out, width), matrix, bias in zip(shapes, parts[::2], parts[1::2], strict=True)
        ]


# Shapes: R rows, distinct users or items.


class PairNetwork(nn.Module, ABC):
    """Subclasses give both sides, and set `self.tower` if they have one."""

    tower: Tower | None
    biases = 0  # of the last numbers of `dot`: biases, or the ones that they meet

    def __init__(self) -> None:
        super().__init__()
        self.tower = None

    @abstractmethod
    def user_side(self, rows: Tensor | None = None) -> Side:
        """What users bring: all of them, or those of a batch, int32 [R]."""

    @abstractmethod
    def item_side(self, rows: Tensor | None = None) -> Side:
        """What items bring: all of them, or those of a batch, int32 [R]."""

    def parts(self) -> tuple[Part, Part] | None:
        """What both sides consist of, of which whole epochs are compiled, if they are so simple."""
        return None
