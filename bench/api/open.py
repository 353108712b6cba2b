"""`bench.open`: the kept models of a results folder."""

from pathlib import Path

from bench.api.board import Board
from bench.records.folder import Results
from bench.retrieval.opened import Opened


def open(  # the name that people look for
    results: str | Path | Results | Board = "results",
    *,
    dataset: str | None = None,
    seed: int | None = None,
) -> Opened:
    """Open the kept models of a results folder: `bench.open(results).similar("Alien")`.

    Args:
        results: the folder of runs with `--keep`, or the board of one.
        dataset: where models of several data sets are kept.
        seed: where a model is kept with several seeds.

    Raises:
        bench.UsageError: nothing is kept there.
    """
    if isinstance(results, Board):
        results = results.results
    opened = Opened(
        results if isinstance(results, Results) else Results(Path(results)), dataset, seed
    )
    opened.use(None)
    return opened
