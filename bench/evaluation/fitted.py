"""Rank the held-out items by a fitted model: by its vectors in tiles where it pays, else by scores.

Tiles are shards of users: each thread takes one after the other. What is found of a user depends on
neither the number of threads nor on who else is in the shard.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_limits

from bench.adapter import Adapter, Embeddings
from bench.evaluation.evaluate import Evaluation, evaluate
from bench.evaluation.ledger import LIST_LENGTH
from bench.evaluation.lists import ledger_of
from bench.evaluation.ranks import NotFinite
from bench.evaluation.standings import Ranked, among_all_items, joined, left_out_by
from bench.evaluation.tiles.rank import USERS, Block, TileRanker
from bench.evaluation.tiles.vectors import offered
from bench.interactions import Interactions
from bench.protocol.task import Cases


def evaluate_fitted(
    adapter: Adapter,
    train: Interactions,
    cases: Cases,
    synchronize: Callable[[], None] = lambda: None,
    progress: Callable[[float], None] = lambda share: None,
    threads: int = 1,
) -> Evaluation:
    """As `evaluate`; in tiles where the catalogue is large and the model's vectors give its scores.

    Where a product in a tile is not finite, scores are asked for, which are what counts.

    Args:
        threads: over which tiles are spread; scores() takes its own.

    Raises:
        BadScores: as `evaluate`.
    """
    vectors = None if cases.pool is not None else offered(adapter, train, cases.users)
    if vectors is None:
        return evaluate(adapter, train, cases, synchronize, progress)
    try:
        return _in_tiles(vectors, train, cases, progress, threads)
    except NotFinite:
        return evaluate(adapter, train, cases, synchronize, progress)


def _in_tiles(
    vectors: Embeddings,
    train: Interactions,
    cases: Cases,
    progress: Callable[[float], None],
    threads: int,
) -> Evaluation:
    ranker = TileRanker(vectors, LIST_LENGTH)

    def of_shard(start: int) -> tuple[Ranked, float]:
        shard = cases.take(slice(start, start + USERS))
        left_out = left_out_by(train, shard)
        block = Block(shard.users, shard.held_out, left_out, shard.negatives.items)
        found, seconds = ranker.rank(block)
        return among_all_items(found, left_out, train, shard), seconds

    parts, seconds, starts = [], 0.0, range(0, len(cases.users), USERS)
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        for start, (part, taken) in zip(starts, pool.map(of_shard, starts), strict=True):
            parts.append(part)
            seconds += taken / threads
            progress(min(1.0, (start + USERS) / len(cases.users)))
    return Evaluation(ledger_of(train, cases, joined(parts)), seconds)
