"""Own: as the model itself makes scores of a history, by `Adapter.welcome`."""

import numpy as np

from bench.adapter import Adapter
from bench.interactions import Floats, Interactions


class Own:
    """The model's own way, as a user's vector solved as in training."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def scores(self, people: Interactions) -> Floats:
        """Score every item for these people: float32 [p, n_items]."""
        everyone = np.arange(people.n_users, dtype=np.int32)
        return self._adapter.welcome(people).scores(everyone)
