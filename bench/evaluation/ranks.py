"""Count and list the scores of users, by what `bench.evaluation.kernels` compiles."""

import numpy as np

from bench.evaluation.rank_arrays import LeftOut, Ranks
from bench.interactions import Floats, Ids


class NotFinite(ValueError):
    """A score is NaN or infinite."""


class Ranker:
    """Ranks scores, with top lists of a length.

    numba is loaded when the first is made: it takes half a second, and only a process that ranks
    should pay for it.
    """

    def __init__(self, length: int) -> None:
        from bench.evaluation.kernels import rank

        self._length, self._rank = length, rank

    def rank(self, scores: Floats, own: Floats, left_out: LeftOut, some: Ids) -> Ranks:
        """Rank b rows of scores; they are left as they are.

        Args:
            scores: [b, n_items].
            own: the score in each row that the others are compared with, [b].
            left_out: of each row.
            some: items of each row that are counted apart, [b, c]; -1 for none.

        Raises:
            NotFinite: a score is.
        """
        higher, equal, some_higher, some_equal = np.empty((4, len(scores)), dtype=np.int64)
        best = np.empty((len(scores), self._length), dtype=np.int32)
        ranks = Ranks(higher, equal, some_higher, some_equal, best)
        rows = np.require(scores, requirements=["C", "A"])
        if not self._rank(rows, own, *left_out, some, ranks):
            raise NotFinite
        return ranks

    def top(self, scores: Floats, out: Ids) -> Ids:
        """The best items of one row of scores, [1, n_items], in which these are left out."""
        left_out = LeftOut(np.array([0]), np.array([len(out)]), out)
        none = np.empty((1, 0), dtype=np.int32)
        return self.rank(scores, scores[:, 0].copy(), left_out, none).best
