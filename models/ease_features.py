"""EASE with features of items, as further users (CEASE) or as scores of their own (Add-EASE)."""

from dataclasses import dataclass

import numpy as np

from bench.adapter import Need, Run
from bench.interactions import Interactions
from bench.space import log, number, space

from .ease import EASE
from .shared.closed_form import products, weights_without_self
from .shared.content import content

# Shapes: U users, I items, F columns of what is known of items.


@dataclass(kw_only=True)
class EASEFeatures(EASE):
    """The score is X B, B = (1 - additive) EASE(X'X + collective A A') + additive EASE(A A').

    EASE(G) is the closed form for products of items G (see ease), and A is what is known of items
    [I, F]. Both forms are those of Jeunen, Van Balen & Goethals, "Closed-form models for
    collaborative filtering with side-information" (RecSys 2020): `collective` is the weight of
    features beside users in one model (CEASE), `additive` the share of a model of features alone
    (Add-EASE). It holds two items x items matrices while it fits.
    """

    collective: float = 30.0
    additive: float = 0.0  # 0..1
    features_l2: float = 10.0  # of the model of features alone

    uses_features = ("items",)
    search = space(EASE.search, collective=log(1, 1000), additive=number(0, 1))

    def needs(self) -> tuple[Need, ...]:
        """Features of items, beside what ease needs."""
        return (*super().needs(), "item features")

    def memory_needed(self, n_users: int, n_items: int, n_interactions: int) -> int:
        """Two matrices, in bytes, and a block beside them."""
        return super().memory_needed(n_users, n_items, n_interactions) + 4 * n_items**2

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            ValueError: collective is below 0, additive not within 0..1, or features_l2 not above 0.
        """
        if self.collective < 0 or not 0 <= self.additive <= 1 or not self.features_l2 > 0:
            raise ValueError(
                "ease_features: collective must be at least 0, additive within 0..1 and features_l2"
                f" above 0, not {self.collective:g}, {self.additive:g} and {self.features_l2:g}"
            )
        self._history = self._weighted(train)  # [U, I]
        known = content(train.item_features, train.n_items).T.tocsr()  # [F, I]
        gram, beside = products(train.matrix()), products(known)
        beside *= np.float32(self.collective)
        gram += beside
        self._weights = weights_without_self(gram, self.l2)
        if self.additive:
            del gram, beside
            alone = weights_without_self(products(known), self.features_l2)
            alone *= np.float32(self.additive)
            self._weights *= np.float32(1 - self.additive)
            self._weights += alone
