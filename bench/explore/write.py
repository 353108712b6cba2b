"""Write the page to explore of a results folder."""

from collections.abc import Sequence
from pathlib import Path

from bench.explore.choose import chosen
from bench.explore.page import page
from bench.kept.model import KeptModel
from bench.records.files import write_whole
from bench.records.folder import Results


def write_explorer(
    results: Results,
    output: Path | None = None,
    *,
    names: Sequence[str] = (),
    dataset: str | None = None,
    seed: int | None = None,
) -> tuple[Path, list[KeptModel]]:
    """Write the page of the kept models of a split; where it stands, and which models are in it.

    Args:
        results: where they are kept.
        output: another place than the results folder.
        names: of models, as on the board; the first draws the map. Without, the best ones.
        dataset, seed: as for `open_kept`.

    Raises:
        UsageError, Problem: as `chosen`.
    """
    models = chosen(results, names, dataset, seed)
    path = output or results.explorer
    write_whole(path, page(models).encode())
    return path, models
