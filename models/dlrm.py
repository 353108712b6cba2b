"""DLRM (Naumov et al., arXiv:1906.00091): dot products of all fields, then an MLP."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from bench.interactions import Interactions

from ._features import both_fields
from ._layers import FirstLayer, Linear, Tower
from ._network import PairNetwork, Side
from ._pairs import PairAdapter

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
        self.cross = Linear(
            n_users * n_items,
            model.hidden[0],
            generator,
            bias=False,
            fan_in=within_users + within_items + n_users * n_items,
        )
        self.tower = Tower(model.hidden, generator, model.dropout)

    def user_side(self) -> Side:
        """The user's fields, and W_u [bottom ; dot products among them] + b."""
        fields, within = _side(self.users(), self.user_bottom(self.users.dense))
        return Side(first=self.first.users(within), fields=fields)  # [U, H], [U, F_u, D]

    def item_side(self) -> Side:
        """The item's fields, and W_i [bottom ; dot products among them]."""
        fields, within = _side(self.items(), self.item_bottom(self.items.dense))
        return Side(first=self.first.items(within), fields=fields)  # [I, H], [I, F_i, D]

    def crossed(self, users: Tensor, items: Tensor) -> Tensor:
        """W times the dot products across: [B, F_u, D], [B, C, F_i, D] -> [B, C, H]."""
        dots = torch.bmm(items.flatten(1, 2), users.mT)  # [B, C F_i, F_u]
        return self.cross(dots.view(*items.shape[:2], -1))

    def crossed_all(self, users: Tensor, items: Tensor) -> Tensor:
        """The same for all pairs: [B, F_u, D], [I, F_i, D] -> [H, B, I]."""
        dots = users.transpose(0, 1).flatten(0, 1) @ items.permute(1, 2, 0)  # [F_i, F_u B, I]
        crossed = self.cross.weight @ dots.view(-1, len(users) * len(items))  # [H, B I]
        return crossed.view(-1, len(users), len(items))


def _bottom(widths: list[int], generator: torch.Generator) -> nn.Sequential:
    """The bottom MLP, with a relu after each layer: [E, X] -> [E, D]."""
    layers = []
    for width, out in pairwise(widths):
        layers += [Linear(width, out, generator), nn.ReLU()]
    return nn.Sequential(*layers)


def _side(embedded: Tensor, bottom: Tensor) -> tuple[Tensor, Tensor]:
    """All fields of a side [E, F, D]; and bottom [E, D] with the dot products of each two."""
    fields = torch.cat([bottom[:, None], embedded], dim=1)  # [E, F, D]
    n = fields.shape[1]
    upper = torch.ones(n, n, dtype=torch.bool, device=fields.device).triu(1).flatten()
    dots = (fields @ fields.mT).flatten(1)[:, upper]  # [E, F (F - 1) / 2]
    return fields, torch.cat([bottom, dots], dim=1)
