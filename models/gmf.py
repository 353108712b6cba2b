"""GMF: generalised matrix factorisation (He et al., WWW 2017, section 3.2)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.adapter import tolerate
from bench.interactions import Interactions
from bench.space import choice, space

from .shared.layers import normal, normal_of_seen
from .shared.pairs import PairAdapter, PairNetwork, Part, Side
from .shared.tables import Table

# Shapes: R users or items, D factors.


@dataclass(kw_only=True)
class GMF(PairAdapter):
    """Logit h . (p_u * q_i) over ids alone (equation 9)."""

    factors: int = 32
    init_scale: float = 0.01  # standard deviation of the initial embeddings

    search = space(
        PairAdapter.search,
        factors=choice(8, 16, 32, 64, 96, 128),
        init_scale=choice(0.01, 0.1),
    )
    tolerances = tolerate("users", "items", "rows", hit_rate=0.05, why="it draws in their order")

    def network(self, train: Interactions, generator: torch.Generator) -> PairNetwork:
        """An untrained network."""
        return GMFNetwork(train, self.factors, self.init_scale, generator)


class GMFNetwork(PairNetwork):
    """h . (p_u * q_i) = (h * p_u) . q_i."""

    def __init__(
        self, train: Interactions, factors: int, scale: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.users = Table(normal((train.n_users, factors), scale, generator))
        self.items = Table(normal_of_seen(train.items, train.n_items, factors, scale, generator))
        self.weights = normal((factors,), factors**-0.5, generator)

    def user_side(self, rows: Tensor | None = None) -> Side:
        """h * p_u."""
        return Side(dot=self.users(rows) * self.weights)  # [R, D]

    def item_side(self, rows: Tensor | None = None) -> Side:
        """q_i."""
        return Side(dot=self.items(rows))  # [R, D]

    def parts(self) -> tuple[Part, Part]:
        """The same, for whole epochs to be compiled."""
        return Part(vectors=self.users, scale=self.weights), Part(vectors=self.items)
