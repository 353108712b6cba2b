"""DeepFM (Guo et al., IJCAI 2017): a factorisation machine and an MLP over the same vectors."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench.adapter import tolerate
from bench.interactions import Interactions
from bench.space import choice, number, space

from .shared.features import both_fields
from .shared.layers import FirstLayer
from .shared.pairs import PairAdapter, PairNetwork, Part, Side, Tower
from .shared.pairs.second_order import item_vectors, user_vectors

# Shapes: R users or items, F fields of a side, D factors, H width of
# the first layer of the MLP.


@dataclass(kw_only=True)
class DeepFM(PairAdapter):
    """Logit y_FM + y_DNN (equation 1): the two share the vectors of all fields."""

    factors: int = 32
    hidden: tuple[int, ...] = (32, 16)  # widths of the MLP's hidden layers
    dropout: float = 0.0
    init_scale: float = 0.1  # standard deviation of the initial vectors of ids

    uses_features = ("users", "items")
    search = space(
        PairAdapter.search,
        factors=choice(8, 16, 32, 64),
        hidden=choice((16, 8), (32, 16), (64, 32), (128, 64)),
        dropout=number(0, 0.5),
        init_scale=choice(0.01, 0.1),
    )
    tolerances = tolerate("users", "items", "rows", hit_rate=0.05, why="it draws in their order")

    def network(self, train: Interactions, generator: torch.Generator) -> PairNetwork:
        """An untrained network."""
        return DeepFMNetwork(self, train, generator)


class DeepFMNetwork(PairNetwork):
    """Every feature has a vector v, for both, and as its last number the machine's weight w."""

    def __init__(self, model: DeepFM, train: Interactions, generator: torch.Generator) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))
        self.users, self.items = both_fields(
            train,
            size=model.factors + 1,
            scale=model.init_scale,
            dense_fields=True,
            generator=generator,
        )
        user_width, item_width = (side.count * model.factors for side in (self.users, self.items))
        self.first = FirstLayer(user_width, item_width, model.hidden[0], generator)
        self.tower = Tower(model.hidden, generator, model.dropout)

    def user_side(self, rows: Tensor | None = None) -> Side:
        """The user's half of the machine, and its summand of the MLP's first layer."""
        return Side(
            dot=user_vectors(self.users, rows, self.bias),  # [R, D + 2]
            first=self.users.layer(self.first.users, rows),  # [R, H]
        )

    def item_side(self, rows: Tensor | None = None) -> Side:
        """The item's half of the machine, and its summand of the MLP's first layer."""
        return Side(
            dot=item_vectors(self.items, rows),  # [R, D + 2]
            first=self.items.layer(self.first.items, rows),  # [R, H]
        )

    def parts(self) -> tuple[Part, Part]:
        """The same, for whole epochs to be compiled."""
        return (
            Part(fields=self.users, offset=self.bias, of_users=True, layer=self.first.users),
            Part(fields=self.items, layer=self.first.items),
        )
