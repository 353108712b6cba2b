"""The kept models that stand in the page."""

from collections.abc import Sequence

from bench.errors import UsageError, unknown
from bench.kept.manifest import Manifest
from bench.kept.model import KeptModel
from bench.kept.open import Summary, kept_models, open_kept
from bench.records.folder import Results

MOST_BYTES = 8_000_000  # of vectors, unless models are named
FEWEST = 2  # models, whatever their bytes
BYTES = 2 * 4 / 3  # of a number in the page
MOST_ITEMS = 20_000


class NothingToCompare(UsageError):
    """A model whose items have no vectors."""


def chosen(
    results: Results,
    names: Sequence[str] = (),
    dataset: str | None = None,
    seed: int | None = None,
) -> list[KeptModel]:
    """The kept models of one split, in the order named, or the best ones that a page has room for.

    Of several seeds the lowest is taken.

    Raises:
        NothingToCompare: a model has no item vectors, or none has.
        UsageError: as `open_kept`; or a name is not that of a model kept of the same split.
    """
    best = open_kept(results, dataset=dataset, seed=seed)
    known = _by_name(results, best, seed)
    for name in names:
        if name not in known:
            raise unknown("kept model", name, known)
    models: list[KeptModel] = []
    for name in names or known:
        model = KeptModel.read(known[name].folder)
        if model.kind == "none":
            if names:
                raise NothingToCompare(f"{name}: it has no vectors, so no item is like another")
        elif names or len(models) < FEWEST or _bytes([*models, model]) <= MOST_BYTES:
            models.append(model)
    if not models:
        raise NothingToCompare(f"{results.models}: no kept model has vectors of items")
    return models


def _by_name(results: Results, best: KeptModel, seed: int | None) -> dict[str, Summary]:
    """Those of the split of the best one, the best first; of several seeds the lowest."""
    found: dict[str, Summary] = {}
    for each in kept_models(results):
        before = found.get(each.name)
        lower = before is None or each.kept.cell.seed < before.kept.cell.seed
        if _split(each.kept) == _split(best) and seed in (None, each.kept.cell.seed) and lower:
            found[each.name] = each
    return found


def _split(kept: Manifest | KeptModel) -> tuple[str, ...]:
    return kept.cell.dataset, kept.cell.protocol, kept.data_sha256, kept.split_sha256


def _bytes(models: Sequence[KeptModel]) -> float:
    numbers = sum(each.item_vectors[:MOST_ITEMS].size for each in models)
    return BYTES * numbers
