"""NeuMF: GMF and an MLP, joined (He et al., WWW 2017, section 3.4)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.adapter import Run, tolerate
from bench.interactions import Interactions
from bench.space import choice, log, number, space, whole

from .gmf import GMFNetwork
from .ncf import NCFNetwork
from .shared.pairs import PairAdapter, PairNetwork, Part, Side, Tower
from .shared.tables import SGD, AdamW

# Shapes: R users or items, D factors of the GMF, M of the MLP, H width of the first hidden layer.


@dataclass(kw_only=True)
class NeuMF(PairAdapter):
    """Logit h . [p_u * q_i ; MLP(p'_u, q'_i)] over ids alone (equation 12).

    From scratch; or, with pretraining, as in section 3.4.1: the two halves are trained for so many
    epochs, each alone, then joined with equal weights (alpha = 0.5) and tuned together by SGD.
    These are two rows of a board, with published figures of their own, so that no search goes from
    one to the other.
    """

    factors: int = 32  # of the GMF
    mlp_factors: int = 32  # of the MLP, which has embeddings of its own
    hidden: tuple[int, ...] = (32, 16, 8)  # widths of the MLP's hidden layers
    dropout: float = 0.0
    init_scale: float = 0.01  # standard deviation of the initial embeddings
    pretraining: int = 0  # epochs of each half alone
    joint_learning_rate: float = 0.1  # of SGD, where the halves were trained before

    search = space(
        PairAdapter.search,
        factors=choice(8, 16, 32, 64, 96, 128),
        mlp_factors=choice(16, 32, 64, 128),
        hidden=choice((32, 16, 8), (64, 32, 16), (128, 64, 32)),
        dropout=number(0, 0.5),
        init_scale=choice(0.01, 0.1),
        joint_learning_rate=log(0.01, 1),
        epochs=whole(1, 60, log=True),
    )
    tolerances = tolerate("users", "items", "rows", hit_rate=0.04, why="it draws in their order")

    def network(self, train: Interactions, generator: torch.Generator) -> "NeuMFNetwork":
        """An untrained network."""
        return NeuMFNetwork(self, train, generator)

    def _train(self, train: Interactions, run: Run, generator: torch.Generator) -> None:
        if not self.pretraining:
            super()._train(train, run, generator)
            return
        network = self.network(train, generator).to(run.device)
        for half, seed in ((network.gmf, run.seed), (network.mlp, run.seed + 1)):
            optimizer = AdamW(half, self.learning_rate, self.weight_decay)
            if self._learn(half, train, run, self.pretraining, optimizer, seed):
                return
        joint = SGD(network.joined(0.5), self.joint_learning_rate)
        self._learn(network, train, run, self.epochs, joint, run.seed + 2)


class NeuMFNetwork(PairNetwork):
    """h . [a ; b] = h_a . a + h_b . b: the two halves meet in a sum."""

    tower: Tower

    def __init__(self, model: NeuMF, train: Interactions, generator: torch.Generator) -> None:
        super().__init__()
        self.gmf = GMFNetwork(train, model.factors, model.init_scale, generator)
        self.mlp = NCFNetwork(
            train, model.mlp_factors, model.init_scale, model.hidden, model.dropout, generator
        )
        self.tower = self.mlp.tower

    @torch.no_grad()
    def joined(self, share: float) -> "NeuMFNetwork":
        """Itself, with this share of the logit from the GMF and the rest from the MLP.

        That is equation 13, where each half has learned a logit of its own.
        """
        self.gmf.weights.mul_(share)
        for part in self.tower.layers()[-1]:
            part.mul_(1 - share)
        return self

    def user_side(self, rows: Tensor | None = None) -> Side:
        """What users bring to the GMF, and to the MLP."""
        return Side(dot=self.gmf.user_side(rows).dot, first=self.mlp.user_side(rows).first)

    def item_side(self, rows: Tensor | None = None) -> Side:
        """What items bring to the GMF, and to the MLP."""
        return Side(dot=self.gmf.item_side(rows).dot, first=self.mlp.item_side(rows).first)

    def parts(self) -> tuple[Part, Part]:
        """The same, for whole epochs to be compiled."""
        (gmf_user, gmf_item), (user, item) = self.gmf.parts(), self.mlp.parts()
        return (
            gmf_user._replace(table=user.table, layer=user.layer),
            gmf_item._replace(table=item.table, layer=item.layer),
        )
