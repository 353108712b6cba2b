"""GMF: generalised matrix factorisation (He et al., WWW 2017, section 3.2)."""

from dataclasses import dataclass

import torch

from bench.interactions import Interactions

from ._layers import normal
from ._network import PairNetwork, Side
from ._pairs import PairAdapter

# Shapes: U users, I items, D factors.


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
        self.users = normal((train.n_users, model.factors), model.init_scale, generator)
        self.items = normal((train.n_items, model.factors), model.init_scale, generator)
        self.weights = normal((model.factors,), model.factors**-0.5, generator)

    def user_side(self) -> Side:
        """h * p_u."""
        return Side(dot=self.users * self.weights)  # [U, D]

    def item_side(self) -> Side:
        """q_i."""
        return Side(dot=self.items)  # [I, D]
