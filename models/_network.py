"""The form that all pair networks share: see `_pair_loss.py` for the formula.

What stands for a user or an item is computed once, however many pairs it is part of: a layer over
[x_u ; x_i] is a sum, W_u x_u + W_i x_i, and so is the second-order term of a factorisation machine.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from ._epoch import Part
from ._pair_loss import Side, Tower

# Shapes: R rows, distinct users or items.


class PairNetwork(nn.Module, ABC):
    """Subclasses give both sides, and a tower if they have one."""

    def __init__(self) -> None:
        super().__init__()
        self.tower: Tower | None = None

    @abstractmethod
    def user_side(self, rows: Tensor | None = None) -> Side:
        """What users bring: all of them, or those of a batch, int32 [R]."""

    @abstractmethod
    def item_side(self, rows: Tensor | None = None) -> Side:
        """What items bring: all of them, or those of a batch, int32 [R]."""

    def parts(self) -> tuple[Part, Part] | None:
        """What both sides consist of, of which whole epochs are compiled, if they are so simple."""
        return None
