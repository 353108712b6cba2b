"""Find a kept model in a results folder: by name, or the best one."""

from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError, unknown
from bench.kept.manifest import MANIFEST, Manifest
from bench.kept.model import KeptModel
from bench.records.files import BadRecord, load
from bench.records.folder import Results
from bench.records.learned_from import PREFIX
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
    return _read(results)[0]


def _read(results: Results) -> tuple[list[Summary], list[BadRecord]]:
    """The same, and what is wrong with those that are left out."""
    found: dict[tuple[str, str, int], Summary] = {}
    wrong = []
    for folder in sorted(results.models.glob("*/")):
        if folder.name.startswith(PREFIX):
            continue
        try:
            each = _summary(folder, results)
        except BadRecord as error:
            results.warn(error)
            wrong.append(error)
            continue
        place = each.section, each.name, each.kept.cell.seed
        if place not in found or found[place].kept.started <= each.kept.started:
            found[place] = each
    best = sorted(found.values(), key=lambda each: (each.ndcg is None, -(each.ndcg or 0)))
    return best, wrong


def open_kept(
    results: Results, model: str | None = None, dataset: str | None = None, seed: int | None = None
) -> KeptModel:
    """Read a kept model.

    Args:
        results: the folder in which it was kept.
        model: its name on the board; or of the model, where one row of it is kept. None: the one
            with the best exact NDCG@10.
        dataset: of several data sets; where one has several protocols, "dataset.protocol".
        seed: of several seeds.

    Raises:
        NothingKept: there is no kept model, or none of that seed.
        UnknownName: there is none of that model or data set.
        SeveralKept: there are several data sets or, of a model that was asked for, rows or seeds.
        Damaged, BadRecord: what is kept cannot be read.
    """
    every, wrong = _read(results)
    if not every:
        hint = f"bench run --models {model or 'als'} --keep"
        raise NothingKept(f"nothing is kept in {results.models}; {hint}")
    every = _of_dataset(every, dataset)
    if model is not None:
        every = _named(every, model, wrong)
    if seed is not None:
        of_seed = [each for each in every if each.kept.cell.seed == seed]
        if not of_seed:
            raise NothingKept(f"nothing of seed {seed} is kept; there is: {_list(every)}")
        every = of_seed
    elif model is not None and len(every) > 1:
        raise SeveralKept(
            f"{model} is kept more than once; choose by --seed one of: {_list(every)}"
        )
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
    of_each: dict[str, set[str]] = {}
    for each in chosen:
        of_each.setdefault(each.dataset, set()).add(each.section)
    if len(of_each) > 1 or any(len(sections) > 1 for sections in of_each.values()):
        what = "data sets" if len(of_each) > 1 else "protocols"
        names = (
            name
            for dataset, sections in sorted(of_each.items())
            for name in (sorted(sections) if len(sections) > 1 else [dataset])
        )
        raise SeveralKept(
            f"models of several {what} are kept; choose by --dataset one of: {', '.join(names)}"
        )
    return chosen


def _named(every: list[Summary], model: str, wrong: list[BadRecord]) -> list[Summary]:
    """Those of one name on the board, or else of the one row that is kept of a model.

    Raises:
        UnknownName, SeveralKept: as `open_kept`.
        BadRecord: none has the name itself, and something that is kept cannot be read.
    """
    if named := [each for each in every if each.name == model]:
        return named
    rows = [each for each in every if each.kept.cell.model == model]
    if wrong:
        raise BadRecord(f"{model} is not among the kept models that can be read; {wrong[0]}")
    if not rows:
        raise unknown("kept model", model, {each.name for each in every})
    if len(names := sorted({each.name for each in rows})) > 1:
        quoted = ", ".join(map(repr, names))
        raise SeveralKept(f"several rows of {model} are kept; choose by --model one of: {quoted}")
    return rows


def _list(every: list[Summary]) -> str:
    return ", ".join(f"{each.name} (seed {each.kept.cell.seed})" for each in every)
