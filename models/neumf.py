"""NeuMF: GMF and an MLP, joined (He et al., WWW 2017, section 3.4)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.interactions import Interactions
from bench.space import choice, log, number, space, whole

from ._epoch import Part
from ._layers import FirstLayer, normal
from ._network import PairNetwork
from ._pair_loss import Side, Tower
from ._pairs import PairAdapter
from ._tables import Table

# Shapes: R users or items, D factors of the GMF, M of the MLP, H width of the first hidden layer.


@dataclass(kw_only=True)
class NeuMF(PairAdapter):
    """Logit h . [p_u * q_i ; MLP(p'_u, q'_i)] over ids alone (equation 12), from scratch."""

    factors: int = 32  # of the GMF
    mlp_factors: int = 32  # of the MLP, which has embeddings of its own
    hidden: tuple[int, ...] = (32, 16, 8)  # widths of the MLP's hidden layers
    dropout: float = 0.0
    init_scale: float = 0.01  # standard deviation of the initial embeddings

    search = space(
        factors=choice(8, 16, 32, 64),
        mlp_factors=choice(16, 32, 64, 128),
        hidden=choice((32, 16, 8), (64, 32, 16), (128, 64, 32)),
        dropout=number(0, 0.5),
        init_scale=choice(0.01, 0.1),
        epochs=whole(5, 60, log=True),
        batch_size=choice(1024, 2048, 4096, 8192),
        negatives=whole(2, 12),
        learning_rate=log(5e-4, 0.02),
        weight_decay=number(0, 2),
    )

    def network(self, train: Interactions, generator: torch.Generator) -> PairNetwork:
        """An untrained network."""
        return NeuMFNetwork(self, train, generator)


class NeuMFNetwork(PairNetwork):
    """h . [a ; b] = h_a . a + h_b . b: the two halves meet in a sum."""

    def __init__(self, model: NeuMF, train: Interactions, generator: torch.Generator) -> None:
        super().__init__()
        scale = model.init_scale
        self.gmf_users = Table(normal((train.n_users, model.factors), scale, generator))
        self.gmf_items = Table(normal((train.n_items, model.factors), scale, generator))
        self.weights = normal((model.factors,), model.factors**-0.5, generator)
        self.mlp_users = Table(normal((train.n_users, model.mlp_factors), scale, generator))
        self.mlp_items = Table(normal((train.n_items, model.mlp_factors), scale, generator))
        self.first = FirstLayer(model.mlp_factors, model.mlp_factors, model.hidden[0], generator)
        self.tower = Tower(model.hidden, generator, model.dropout)

    def user_side(self, rows: Tensor | None = None) -> Side:
        """h_a * p_u, and the user's summand of the MLP's first layer."""
        return Side(
            dot=self.gmf_users(rows) * self.weights,  # [R, D]
            first=self.first.users(self.mlp_users(rows)),  # [R, H]
        )

    def item_side(self, rows: Tensor | None = None) -> Side:
        """q_i, and the item's summand of the MLP's first layer."""
        return Side(
            dot=self.gmf_items(rows),  # [R, D]
            first=self.first.items(self.mlp_items(rows)),  # [R, H]
        )

    def parts(self) -> tuple[Part, Part]:
        """The same, for whole epochs to be compiled."""
        return (
            Part(self.gmf_users, self.weights, table=self.mlp_users, layer=self.first.users),
            Part(self.gmf_items, table=self.mlp_items, layer=self.first.items),
        )
