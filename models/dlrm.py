"""DLRM (Naumov et al., arXiv:1906.00091): dot products of all fields, then an MLP."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from bench.adapter import tolerate
from bench.interactions import Interactions
from bench.space import choice, number, space, whole

from .shared.features import both_fields
from .shared.layers import FirstLayer, Linear
from .shared.pairs import PairAdapter, PairNetwork, Side, Tower
from .shared.pairs.field_dots import field_dots

# Shapes: E entities (users or items), B users, C candidates of each, D factors, X dense columns,
# F fields of a side (F_u, F_i), H width of the first layer of the top MLP.


@dataclass(kw_only=True)
class DLRM(PairAdapter):
    """Logit MLP([bottom(x) ; dot products of all pairs of fields]) (section 2, figure 1).

    The paper has one bottom MLP over all dense columns of a sample. Here a sample is a user and an
    item, so that each has a bottom MLP of its own, whose output is one more field of its side.
    """

    factors: int = 16
    bottom: tuple[int, ...] = (16,)  # widths of the bottom MLPs' hidden layers
    hidden: tuple[int, ...] = (32, 16)  # widths of the top MLP's hidden layers
    dropout: float = 0.0
    init_scale: float = 0.01  # standard deviation of the initial embeddings

    uses_features = ("users", "items")
    search = space(
        PairAdapter.search,
        factors=choice(8, 16, 32, 48, 64),
        bottom=choice((16,), (32, 16), (64, 32)),
        hidden=choice((16,), (32, 16), (64, 32), (128, 64)),
        dropout=number(0, 0.5),
        init_scale=choice(0.01, 0.1),
        negatives=whole(2, 24),
    )
    tolerances = tolerate("users", "items", "rows", hit_rate=0.01, why="it draws in their order")

    def network(self, train: Interactions, generator: torch.Generator) -> PairNetwork:
        """An untrained network."""
        return DLRMNetwork(self, train, generator)


class DLRMNetwork(PairNetwork):
    """Dot products within a side are among what the side brings; those across are crossed."""

    def __init__(self, model: DLRM, train: Interactions, generator: torch.Generator) -> None:
        super().__init__()
        self.users, self.items = both_fields(
            train,
            size=model.factors,
            scale=model.init_scale,
            dense_fields=False,
            generator=generator,
        )
        self.user_bottom, self.item_bottom = (
            _bottom([side.dense.shape[1], *model.bottom, model.factors], generator)
            for side in (self.users, self.items)
        )
        n_users, n_items = 1 + self.users.count, 1 + self.items.count  # fields, with bottom's
        within_users, within_items = (model.factors + n * (n - 1) // 2 for n in (n_users, n_items))
        self.first = FirstLayer(within_users, within_items, model.hidden[0], generator)
        self.tower = Tower(
            model.hidden,
            generator,
            model.dropout,
            crosses=n_users * n_items,
            fan_in=within_users + within_items + n_users * n_items,
        )

    def user_side(self, rows: Tensor | None = None) -> Side:
        """The user's fields, and W_u [bottom ; dot products among them] + b."""
        fields, within = _side(self.users(rows), self.user_bottom(self.users.dense_of(rows)))
        return Side(first=self.first.users(within), fields=fields)  # [R, H], [R, F_u, D]

    def item_side(self, rows: Tensor | None = None) -> Side:
        """The item's fields, and W_i [bottom ; dot products among them]."""
        fields, within = _side(self.items(rows), self.item_bottom(self.items.dense_of(rows)))
        return Side(first=self.first.items(within), fields=fields)  # [R, H], [R, F_i, D]


def _bottom(widths: list[int], generator: torch.Generator) -> nn.Sequential:
    """The bottom MLP, with a relu after each layer: [E, X] -> [E, D]."""
    layers = []
    for width, out in pairwise(widths):
        layers += [Linear(width, out, generator), nn.ReLU()]
    return nn.Sequential(*layers)


def _side(embedded: Tensor, bottom: Tensor) -> tuple[Tensor, Tensor]:
    """All fields of a side [E, F, D]; and bottom [E, D] with the dot products of each two."""
    fields = torch.cat([bottom[:, None], embedded], dim=1)  # [E, F, D]
    return fields, torch.cat([bottom, field_dots(fields)], dim=1)
