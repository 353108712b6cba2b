"""The MLP of neural collaborative filtering (He et al., WWW 2017, section 3.3)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.adapter import tolerate
from bench.interactions import Interactions
from bench.space import choice, number, space

from .shared.layers import FirstLayer, normal, normal_of_seen
from .shared.pairs import PairAdapter, PairNetwork, Part, Side, Tower
from .shared.tables import Table

# Shapes: R users or items, D factors, H width of the first hidden layer.


@dataclass(kw_only=True)
class NCF(PairAdapter):
    """Logit h . relu(W_L ... relu(W_1 [p_u ; q_i] + b_1) ... + b_L) over ids alone (equation 10).

    The paper's tower of f predictive factors has 4 f factors, and hidden layers of 4 f, 2 f and f.
    """

    factors: int = 64
    hidden: tuple[int, ...] = (64, 32)  # widths of the hidden layers
    dropout: float = 0.2
    init_scale: float = 0.01  # standard deviation of the initial embeddings

    search = space(
        PairAdapter.search,
        factors=choice(16, 32, 64, 128),
        hidden=choice((32, 16), (64, 32), (64, 32, 16), (128, 64, 32)),
        dropout=number(0, 0.5),
        init_scale=choice(0.01, 0.1),
    )
    tolerances = tolerate("users", "items", "rows", hit_rate=0.04, why="it draws in their order")

    def network(self, train: Interactions, generator: torch.Generator) -> PairNetwork:
        """An untrained network."""
        return NCFNetwork(
            train, self.factors, self.init_scale, self.hidden, self.dropout, generator
        )


class NCFNetwork(PairNetwork):
    """The first layer is split: W_1 [p_u ; q_i] + b_1 = (W_u p_u + b_1) + W_i q_i."""

    tower: Tower

    def __init__(
        self,
        train: Interactions,
        factors: int,
        scale: float,
        hidden: tuple[int, ...],
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.users = Table(normal((train.n_users, factors), scale, generator))
        self.items = Table(normal_of_seen(train.items, train.n_items, factors, scale, generator))
        self.first = FirstLayer(factors, factors, hidden[0], generator)
        self.tower = Tower(hidden, generator, dropout)

    def user_side(self, rows: Tensor | None = None) -> Side:
        """W_u p_u + b_1."""
        return Side(first=self.first.users(self.users(rows)))  # [R, H]

    def item_side(self, rows: Tensor | None = None) -> Side:
        """W_i q_i."""
        return Side(first=self.first.items(self.items(rows)))  # [R, H]

    def parts(self) -> tuple[Part, Part]:
        """The same, for whole epochs to be compiled."""
        return (
            Part(table=self.users, layer=self.first.users),
            Part(table=self.items, layer=self.first.items),
        )
