"""Factorisation machine (Rendle, ICDM 2010), of second order, over ids and features."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.adapter import tolerate
from bench.interactions import Interactions
from bench.space import choice, space

from .shared.features import both_fields
from .shared.pairs import PairAdapter, PairNetwork, Part, Side
from .shared.pairs.second_order import item_vectors, user_vectors

# Shapes: R users or items, D factors.


@dataclass(kw_only=True)
class FM(PairAdapter):
    """Logit w_0 + sum_f w_f x_f + sum_{f < g} (v_f . v_g) x_f x_g over all fields (equation 1)."""

    factors: int = 32
    init_scale: float = 0.01  # standard deviation of the initial vectors of ids

    uses_features = ("users", "items")
    search = space(
        PairAdapter.search,
        factors=choice(8, 16, 32, 64, 96, 128),
        init_scale=choice(0.01, 0.1),
    )
    tolerances = tolerate("users", "items", "rows", hit_rate=0.03, why="it draws in their order")

    def network(self, train: Interactions, generator: torch.Generator) -> PairNetwork:
        """An untrained network."""
        return FMNetwork(self, train, generator)


class FMNetwork(PairNetwork):
    """Every feature has a vector v and, as its last number, a weight w."""

    biases = 2  # what is within each side, beside the one that it meets

    def __init__(self, model: FM, train: Interactions, generator: torch.Generator) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))
        self.users, self.items = both_fields(
            train,
            size=model.factors + 1,
            scale=model.init_scale,
            dense_fields=True,
            generator=generator,
        )

    def user_side(self, rows: Tensor | None = None) -> Side:
        """The user's half of the machine."""
        return Side(dot=user_vectors(self.users, rows, self.bias))  # [R, D + 2]

    def item_side(self, rows: Tensor | None = None) -> Side:
        """The item's half of the machine."""
        return Side(dot=item_vectors(self.items, rows))  # [R, D + 2]

    def parts(self) -> tuple[Part, Part]:
        """The same, for whole epochs to be compiled."""
        return Part(fields=self.users, offset=self.bias, of_users=True), Part(fields=self.items)
