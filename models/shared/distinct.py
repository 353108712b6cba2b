"""The distinct ids of a batch, so that what stands for each is looked up and moved once."""

import numpy as np
import torch
from torch import Tensor

from .devices import compiled
from .kernels.rows import number_distinct

# Shapes: R distinct ids.


class Distinct:
    """Finds the distinct ids below a height among those of a batch."""

    def __init__(self, height: int) -> None:
        self._numbers = np.full(height, -1, dtype=np.int32)

    def of(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Distinct ids [R], and the place of each id among them, in the shape of ids: int32."""
        if not compiled(ids):
            distinct, places = torch.unique(ids, return_inverse=True)
            return distinct, places.int()
        distinct, places = torch.empty(ids.numel(), dtype=torch.int32), torch.empty_like(ids)
        count = number_distinct(
            ids.flatten().numpy(), self._numbers, distinct.numpy(), places.view(-1).numpy()
        )
        return distinct[:count], places
