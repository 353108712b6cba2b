"""Ranks in tiles, against a sort of each user's scores and against ranks of whole rows."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.adapter import Embeddings
from bench.evaluation.rank_arrays import LeftOut
from bench.evaluation.ranks import NotFinite, Ranker
from bench.evaluation.tiles.rank import ITEMS, USERS, Block, TileRanker
from bench.interactions import Floats

LENGTH = 10
SIZES = [1, 9, 11, ITEMS - 1, ITEMS, ITEMS + 1, 2 * ITEMS + 130]


class Asked:
    """Vectors, and what is asked of their products, drawn from a seed."""

    def __init__(
        self, users: int, n_items: int, seed: int, share_out: float, *, whole: bool = True
    ) -> None:
        rng = np.random.default_rng(seed)

        def drawn(n: int) -> Floats:
            # Products of small whole numbers are exact, and many of them are equal.
            of_numbers = rng.integers(-3, 4, (n, 5)) if whole else rng.standard_normal((n, 5))
            return of_numbers.astype(np.float32)

        self.vectors = Embeddings(drawn(users), drawn(n_items))
        self.held_out = rng.integers(0, n_items, users).astype(np.int32)
        self.out = [np.flatnonzero(rng.random(n_items) < share_out) for _ in range(users)]
        self.out = [rng.permutation(np.r_[each, each[:2]]) for each in self.out]  # two twice
        rows = np.repeat(np.arange(users), [len(each) for each in self.out])
        self.left_out = LeftOut.of_pairs(rows, np.concatenate(self.out), users)
        self.some = rng.integers(-1, n_items, (users, 7)).astype(np.int32)

    def block(self, rows: slice) -> Block:
        users = np.arange(len(self.held_out), dtype=np.int32)[rows]
        left_out = LeftOut(self.left_out.first[rows], self.left_out.beyond[rows], self.left_out[2])
        return Block(users, self.held_out[rows], left_out, self.some[rows])

    def scores(self) -> Floats:
        """Of all tiles, each as a product of its own."""
        users, items, _ = self.vectors
        padded = np.zeros((-(-len(items) // ITEMS) * ITEMS, items.shape[1]), dtype=np.float32)
        padded[: len(items)] = items
        of_users = np.zeros((USERS, users.shape[1]), dtype=np.float32)
        of_users[: len(users)] = users
        tiles = [of_users @ padded[at : at + ITEMS].T for at in range(0, len(padded), ITEMS)]
        return np.concatenate(tiles, axis=1)[: len(users), : len(items)]


@settings(max_examples=60)
@given(
    users=st.integers(1, 5),
    n_items=st.sampled_from(SIZES),
    length=st.sampled_from([1, LENGTH, 70]),
    share_out=st.sampled_from([0.0, 0.1, 0.97, 1.0]),
    seed=st.integers(0, 2**32),
)
def test_ranks_are_those_of_a_sort(
    users: int, n_items: int, length: int, share_out: float, seed: int
) -> None:
    asked = Asked(users, n_items, seed, share_out)
    found, _ = TileRanker(asked.vectors, length).rank(asked.block(slice(None)))
    of_users, of_items, _ = asked.vectors
    for row in range(users):
        values = (of_items @ of_users[row]).tolist()
        own = values[asked.held_out[row]]
        kept = [item for item in range(n_items) if item not in set(asked.out[row].tolist())]
        some = [item for item in asked.some[row].tolist() if item >= 0]
        best = sorted(kept, key=lambda item, values=values: (-values[item], item))[:length]
        assert found.higher[row] == sum(values[item] > own for item in kept)
        assert found.equal[row] == sum(values[item] == own for item in kept)
        assert found.some_higher[row] == sum(values[item] > own for item in some)
        assert found.some_equal[row] == sum(values[item] == own for item in some)
        assert found.best[row].tolist() == best + [-1] * (length - len(best))


@pytest.mark.parametrize("n_items", [5, 3 * ITEMS + 11])
def test_rounded_scores_are_ranked_as_whole_rows_of_them(n_items: int) -> None:
    asked = Asked(USERS, n_items, 1, 0.02, whole=False)
    found, _ = TileRanker(asked.vectors, LENGTH).rank(asked.block(slice(None)))
    scores = asked.scores()
    own = scores[np.arange(USERS), asked.held_out]
    expected = Ranker(LENGTH).rank(scores, own, asked.left_out, asked.some)
    assert all(map(np.array_equal, found, expected))


def test_a_held_out_score_that_is_rounded_otherwise_is_taken_from_its_tile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Asked(30, ITEMS + 50, 2, 0.02, whole=False)
    ranker = TileRanker(asked.vectors, LENGTH)
    expected, _ = ranker.rank(asked.block(slice(None)))
    own = ranker._own
    monkeypatch.setattr(ranker, "_own", lambda *given: np.nextafter(own(*given), np.float32(9)))
    found, _ = ranker.rank(asked.block(slice(None)))
    assert all(map(np.array_equal, found, expected))


def test_ranks_of_a_user_do_not_depend_on_the_others_of_a_block() -> None:
    asked = Asked(USERS, 2 * ITEMS + 1, 3, 0.05, whole=False)
    ranker = TileRanker(asked.vectors, LENGTH)
    together, _ = ranker.rank(asked.block(slice(None)))
    for rows in (slice(0, 1), slice(17, 60)):
        alone, _ = ranker.rank(asked.block(rows))
        for mine, theirs in zip(alone, together, strict=True):
            assert np.array_equal(mine, theirs[rows])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("left_out", [True, False])
def test_a_score_that_is_not_finite_is_found(value: float, left_out: bool) -> None:
    asked = Asked(3, ITEMS + 20, 4, 0.0)
    users, items, _ = asked.vectors
    users[1] = 1
    items[ITEMS + 7] = value
    block = asked.block(slice(0, 3))
    if left_out:
        pairs: Any = [np.arange(3), np.full(3, ITEMS + 7)]
        block = block._replace(left_out=LeftOut.of_pairs(*pairs, 3))
    with pytest.raises(NotFinite):
        TileRanker(asked.vectors, LENGTH).rank(block)
