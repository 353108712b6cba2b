"""Networks over (user, item) pairs: all that the author of one needs."""

from .adapter import PairAdapter
from .network import Batch, PairNetwork, Part, Side, Tower

__all__ = ["Batch", "PairAdapter", "PairNetwork", "Part", "Side", "Tower"]
