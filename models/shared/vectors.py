"""Models that score by the dot product of a vector for each user and one for each item.

Shared by dssm, lightgcn and autorec.
"""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bench.adapter import Adapter, Embeddings, State
from bench.interactions import Floats, Ids, Interactions

# Shapes: b users, c items of each, U users, I items, D width of the vectors.


@dataclass(kw_only=True)
class VectorAdapter(Adapter):
    """Finds the vectors when they are asked for, and keeps them until training goes on.

    Whoever trains sets `_found` to None after each epoch.
    """

    _found = None  # not annotated, as it is no hyper-parameter
    _biases = 0  # how many of the last numbers of a vector are biases, or the ones that they meet

    @abstractmethod
    def _vectors(self) -> tuple[Tensor, Tensor]:
        """The vectors of all users [U, D] and of all items [I, D], from what is learned so far."""

    def _kept(self) -> tuple[Tensor, Tensor]:
        if self._found is None:
            with torch.no_grad():
                self._found = self._vectors()
        return self._found

    def scores(self, users: Ids) -> Floats:
        """Score every item: int32 [b] -> float32 [b, I]."""
        of_users, of_items = self._kept()
        rows = torch.tensor(users, device=of_users.device)
        return (of_users.index_select(0, rows) @ of_items.T).cpu().numpy()

    def pair_scores(self, users: Ids, items: Ids) -> Floats:
        """Score items[j] for users[j]: int32 [b], [b, c] -> float32 [b, c]."""
        of_users, of_items, _ = self.embeddings()
        scores: Floats = np.einsum("bd,bcd->bc", of_users[users], of_items[items])
        return scores

    def embeddings(self) -> Embeddings:
        """The vectors of users and items."""
        of_users, of_items = self._kept()
        return Embeddings(of_users.cpu().numpy(), of_items.cpu().numpy(), self._biases)

    def state(self) -> State:
        """The vectors, which are all that scores need."""
        of_users, of_items, _ = self.embeddings()
        return {"users": of_users, "items": of_items}

    def restore(self, state: State, train: Interactions) -> None:
        """Take the vectors of another fit."""
        self._found = torch.from_numpy(state["users"]), torch.from_numpy(state["items"])
