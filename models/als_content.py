"""ALS, and vectors for items that nobody has chosen yet, mapped from what is known of them."""

from dataclasses import dataclass

import numpy as np

from bench.adapter import Need, Run
from bench.interactions import Interactions
from bench.space import log, number, space

from .als import ALS
from .shared.content import content, ridge

# Shapes: I items, C of them chosen by somebody, N by nobody, F columns, D factors.


@dataclass(kw_only=True)
class ALSContent(ALS):
    """The vectors of als; an item without any interaction gets a A M, of what is known of it.

    M = (A'A + l2 I)^-1 A'V is a ridge regression from the features A of the items that somebody
    chose to their vectors V (Gantner et al., "Learning attribute-to-feature mappings for cold-start
    recommendations", ICDM 2010, section III). The scores of these items are exactly those of als.

    Mapped vectors are shorter than learned ones, and so stand lower in lists with both:
    `new_item_boost` makes them longer. Among new items it changes nothing.
    """

    features_l2: float = 10.0
    new_item_boost: float = 1.0
    tag_sets: float = 0.0  # length of a feature for all tags of an item together
    text: bool = False  # whether vectors of texts by a language model are features, too

    uses_features = ("items",)
    search = space(ALS.search, features_l2=log(0.1, 1000), tag_sets=number(0, 1))

    def needs(self) -> tuple[Need, ...]:
        """Features of items, beside what als needs."""
        needs: tuple[Need, ...] = (*super().needs(), "item features")
        return (*needs, "text vectors") if self.text else needs

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train; a look in between is at als.

        Raises:
            ValueError: as als does; features_l2 or new_item_boost is not above 0; tag_sets is
                below 0; or there are no vectors for `text`.
        """
        if not self.new_item_boost > 0:
            raise ValueError(f"new_item_boost must be above 0, not {self.new_item_boost:g}")
        super().fit(train, run)
        rows = content(train.item_features, train.n_items, self.text, self.tag_sets)  # [I, F]
        new = np.bincount(train.items, minlength=train.n_items) == 0
        known = rows[~new]  # [C, F]
        mapping = ridge(known, self.features_l2) @ (known.T @ self._items[~new])  # [F, D]
        self._items = self._items.copy()
        self._items[new] = self.new_item_boost * (rows[new] @ mapping)
