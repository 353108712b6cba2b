"""GMF: generalised matrix factorisation (He et al., WWW 2017, section 3.2)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.interactions import Interactions

from ._layers import normal
from ._network import PairNetwork
from ._pair_loss import Side
from ._pairs import PairAdapter
from ._tables import Table

# Shapes: R users or items, D factors.


@dataclass(kw_only=True)
class GMF(PairAdapter):
    """Logit h . (p_u * q_i) over ids alone (equation 9)."""

    factors: int = 32
    init_scale: float = 0.01  # standard deviation of the initial embeddings

    def network(self, train: Interactions, generator: torch.Generator) -> PairNetwork:
        """An untrained network."""
        return GMFNetwork(self, train, generator)


class GMFNetwork(PairNetwork):
    """h . (p_u * q_i) = (h * p_u) . q_i."""

    def __init__(self, model: GMF, train: Interactions, generator: torch.Generator) -> None:
        super().__init__()
        self.users = Table(normal((train.n_users, model.factors), model.init_scale, generator))
        self.items = Table(normal((train.n_items, model.factors), model.init_scale, generator))
        self.weights = normal((model.factors,), model.factors**-0.5, generator)

    def user_side(self, rows: Tensor | None = None) -> Side:
        """h * p_u."""
        return Side(dot=self.users(rows) * self.weights)  # [R, D]

    def item_side(self, rows: Tensor | None = None) -> Side:
        """q_i."""
        return Side(dot=self.items(rows))  # [R, D]
