"""Prior: a new person's vector by least squares, drawn to the vectors of the people of train."""

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from bench.adapter import Adapter
from bench.fold_in.shares import Shares
from bench.interactions import Floats, Ids, Interactions

# Found on MovieLens-1M's new-users-validation, seed 0, among tau .01, .03, .1, .3, 1 and unobserved
# .003, .01, .03, .1, .3: the best mean of exact NDCG@10 over als, ials, eals and puresvd, and over
# 1, 2, 5, 10 and 20 items shown (.3462; .3435 of the next).
TAU = 0.1  # weight of the prior
UNOBSERVED = 0.03  # weight of an item that was not chosen, against 1 of a chosen one
PARAMETERS = {"tau": TAU, "unobserved": UNOBSERVED}  # that a row of a suite may set
RIDGE = 0.001  # added to the covariance, as a share of its mean variance


class Prior:
    """The vector u that makes this sum the smallest, with v the vectors of items:

        sum over the chosen items of (1 - v'u)^2 + unobserved * sum over all items of (v'u)^2
        + tau (u - mu)' C^-1 (u - mu)

    mu and C are the mean and the covariance of the vectors of the people of train: a Gaussian prior
    for the squares that Hu, Koren & Volinsky (ICDM 2008, equation 4) solve with one around zero.
    For models whose scores were fitted by least squares to 1 for what is chosen and 0 for the rest.
    """

    def __init__(
        self, adapter: Adapter, *, tau: float = TAU, unobserved: float = UNOBSERVED
    ) -> None:
        """Prepare what is the same for everybody.

        Args:
            adapter: fitted, with `embeddings`.
            tau: weight of the prior, above 0.
            unobserved: weight of an item that was not chosen, against 1 of a chosen one.

        Raises:
            ValueError: tau is not above 0, unobserved is below 0, or the model has no vectors.
        """
        if not tau > 0 or not unobserved >= 0:
            raise ValueError(
                f"prior: tau must be above 0 and unobserved 0 or more, not {tau} and {unobserved}"
            )
        vectors = adapter.embeddings()
        if vectors is None:
            raise ValueError(f"{type(adapter).__name__} has no vectors")
        self._items = np.asarray(vectors.items, dtype=np.float64)  # [I, D]
        known = np.asarray(vectors.users, dtype=np.float64)
        known = known[np.any(known != 0, axis=1)]  # whoever chose nothing has a vector of zeros
        width = self._items.shape[1]
        mean = known.sum(axis=0) / max(1, len(known))
        covariance = (known - mean).T @ (known - mean) / max(1, len(known))  # [D, D]
        variance = float(np.trace(covariance)) / max(1, width)
        covariance[np.diag_indices(width)] += RIDGE * variance if variance > 0 else 1.0
        weight = tau * scipy.linalg.inv(covariance)  # [D, D]
        self._left = unobserved * (self._items.T @ self._items) + weight  # [D, D]
        self._right = weight @ mean  # [D]

    def vectors(self, people: Interactions) -> NDArray[np.float64]:
        """The vectors of these people: [p, D]."""
        first, beyond = people.rows_of(np.arange(people.n_users, dtype=np.int32))
        found = np.empty((people.n_users, self._items.shape[1]))
        for person in range(people.n_users):
            chosen = self._items[people.items[first[person] : beyond[person]]]
            right = chosen.sum(axis=0) + self._right
            found[person] = scipy.linalg.solve(self._left_of(chosen), right, assume_a="pos")
        return found

    def scores(self, people: Interactions) -> Floats:
        """Score every item for these people: float32 [p, n_items]."""
        return np.asarray(self.vectors(people) @ self._items.T, dtype=np.float32)

    def shares(self, items: Ids) -> Shares:
        """The parts of the scores of a person who chose these items: they sum to the scores.

        With A the matrix of the equations of their vector, A u = sum of v_i + tau C^-1 mu, item i
        has the part v_j' A^-1 v_i of the score of item j, and what everybody likes has the rest.
        """
        chosen = self._items[items]  # [n, D]
        right = np.vstack([chosen, self._right])  # [n + 1, D]
        solved = scipy.linalg.solve(self._left_of(chosen), right.T, assume_a="pos")  # [D, n + 1]
        parts = (self._items @ solved).T
        return Shares(of_items=parts[:-1], of_all=parts[-1])

    def _left_of(self, chosen: NDArray[np.float64]) -> NDArray[np.float64]:
        left: NDArray[np.float64] = self._left + chosen.T @ chosen
        return left
