"""Find a kept model in a results folder: by name, or the best one."""

from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError, unknown
from bench.kept.manifest import MANIFEST, Manifest
from bench.kept.model import KeptModel
from bench.records.files import BadRecord, load
from bench.records.folder import Results
from bench.records.record import Record

NDCG = "ndcg_at_10_expected"  # of a record: the figure that the best one has most of


class NothingKept(UsageError, LookupError):
    """No kept model is there, or none of what was asked for."""


class SeveralKept(UsageError, LookupError):
    """More than one kept model is of what was asked for; the message lists them."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What is there: one line of a list of kept models."""

    folder: Path
    kept: Manifest
    ndcg: float | None  # exact NDCG@10 of its record; None without one

    @property
    def name(self) -> str:
        """The name on the board."""
        return self.kept.cell.name

    @property
    def dataset(self) -> str:
        return self.kept.cell.dataset

    @property
    def section(self) -> str:
        """Data set and protocol."""
        return f"{self.kept.cell.dataset}.{self.kept.cell.protocol}"


def kept_models(results: Results) -> list[Summary]:
    """All that is kept, the best first; of one cell that was kept several times, the latest.

    What cannot be read is named once, and left out.
    """
    found: dict[tuple[str, str, int], Summary] = {}
    for path in sorted(results.models.glob(f"*/{MANIFEST}")):
        try:
            each = _summary(path.parent, results)
        except BadRecord as error:
            results.warn(error)
            continue
        place = each.section, each.name, each.kept.cell.seed
        if place not in found or found[place].kept.started <= each.kept.started:
            found[place] = each
    return sorted(found.values(), key=lambda each: (each.ndcg is None, -(each.ndcg or 0)))


def open_kept(
    results: Results, model: str | None = None, dataset: str | None = None, seed: int | None = None
) -> KeptModel:
    """Read a kept model.

    Args:
        results: the folder in which it was kept.
        model: its name on the board, or of the model. None: the one with the best exact NDCG@10.
        dataset: of several data sets; where one has several protocols, "dataset.protocol".
        seed: of several seeds.

    Raises:
        NothingKept: there is no kept model, or none of that seed.
        UnknownName: there is none of that model or data set.
        SeveralKept: there are several data sets or, of a model that was asked for, seeds.
        Damaged, BadRecord: what is kept cannot be read.
    """
    every = kept_models(results)
    if not every:
        hint = f"bench run --models {model or 'als'} --keep"
        raise NothingKept(f"nothing is kept in {results.models}; {hint}")
    every = _of_dataset(every, dataset)
    if model is not None:
        named = [each for each in every if each.name == model]
        named = named or [each for each in every if each.kept.cell.model == model]
        if not named:
            raise unknown("kept model", model, {each.name for each in every})
        every = named
    if seed is not None:
        of_seed = [each for each in every if each.kept.cell.seed == seed]
        if not of_seed:
            raise NothingKept(f"nothing of seed {seed} is kept; there is: {_list(every)}")
        every = of_seed
    elif model is not None and len(every) > 1:
        raise SeveralKept(f"{model} is kept more than once; choose a seed of: {_list(every)}")
    return KeptModel.read(every[0].folder)


def _summary(folder: Path, results: Results) -> Summary:
    kept = load(Manifest, folder / MANIFEST)
    try:
        record = load(Record, results.records / f"{kept.stem}.json")
    except BadRecord:
        return Summary(folder=folder, kept=kept, ndcg=None)
    return Summary(folder=folder, kept=kept, ndcg=record.metrics.get(NDCG))


def _of_dataset(every: list[Summary], dataset: str | None) -> list[Summary]:
    """Those of one data set under one protocol.

    Raises:
        UnknownName, SeveralKept: as `open_kept`.
    """
    chosen = [each for each in every if dataset in (None, each.dataset, each.section)]
    if not chosen:
        raise unknown("kept data set", str(dataset), {each.dataset for each in every})
    for names in ({each.dataset for each in chosen}, {each.section for each in chosen}):
        if len(names) > 1:
            raise SeveralKept(f"models of several data sets are kept: {', '.join(sorted(names))}")
    return chosen


def _list(every: list[Summary]) -> str:
    return ", ".join(f"{each.name} (seed {each.kept.cell.seed})" for each in every)
