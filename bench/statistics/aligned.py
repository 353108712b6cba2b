"""The ledgers of several models, on the same users: the one way from a results folder to figures.

Call `load_aligned(results, {"als": records of its seeds, ...})`; of a section of the board that is
`{row.model: row.records for row in section.rows}`. Then `aligned.values()` has the figure of each
user in each fit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.evaluation import ledger
from bench.evaluation.ledger import Ledger
from bench.interactions import OriginalIds
from bench.records.folder import Results
from bench.records.record import Record
from bench.statistics.paired import NotComparable
from bench.statistics.user_figures import DEFAULT, user_figures
from bench.text import one_line


@dataclass(frozen=True)
class Fits:
    """A model's fits, one for each seed."""

    name: str
    records: tuple[Record, ...]  # all ok
    ledgers: tuple[Ledger, ...]

    @property
    def one_fit(self) -> bool:
        """Whether there is one seed only, so that what is found is of this fit."""
        return len(self.ledgers) < 2

    def values(self, figure: str = DEFAULT) -> NDArray[np.float64]:
        """The figure of each user in each fit. [seeds, m]"""
        return np.array([user_figures(each, figure) for each in self.ledgers])


@dataclass(frozen=True)
class Aligned:
    """Models on the same users, whose order is that of every ledger."""

    fits: tuple[Fits, ...]
    user_ids: OriginalIds  # [m]
    item_ids: OriginalIds  # [m], the held-out items

    def __len__(self) -> int:
        return len(self.user_ids)

    def values(self, figure: str = DEFAULT) -> tuple[NDArray[np.float64], ...]:
        """The figure of each user in each fit, model after model. [seeds, m] each"""
        return tuple(each.values(figure) for each in self.fits)


def load_aligned(results: Results, models: Mapping[str, Sequence[Record]]) -> Aligned:
    """Read the ledgers of some models of a results folder.

    Args:
        results: where the ledgers stand.
        models: by the name that the model has on the board, the records of its seeds. What is not
            ok has no ledger and is left out, and so is a model of which nothing is ok.

    Raises:
        NotComparable: a ledger is missing, they are of different data or splits, or of fewer than
            two users; the message names the first that differs.
        BadRecord: a file is no ledger.
    """
    good = {name: [each for each in of if each.status == "ok"] for name, of in models.items()}
    refuse_others([record for of_model in good.values() for record in of_model])
    fits = tuple(
        Fits(name, tuple(of), tuple(ledger.load(ledger_path(results, each)) for each in of))
        for name, of in good.items()
        if of
    )
    if not fits:
        raise NotComparable(f"{results}: no model has a ledger")
    first = fits[0].ledgers[0]
    for each in fits:
        for record, its_ledger in zip(each.records, each.ledgers, strict=True):
            if not _same_cases(first, its_ledger):
                raise NotComparable(
                    f"the ledgers of {_fit(fits[0].records[0])} and {_fit(record)} are of"
                    " different users or held-out items"
                )
    if len(first) < 2:
        raise NotComparable(f"{results}: a comparison needs two shared users or more")
    return Aligned(fits, first.user_ids, first.item_ids)


def refuse_others(records: Sequence[Record]) -> None:
    """Refuse fits on other data, or another split of them, than the first.

    Raises:
        NotComparable: the message names the two.
    """
    for record in records:
        names = f"{_fit(records[0])} and {_fit(record)}"
        if record.data_sha256 != records[0].data_sha256:
            raise NotComparable(f"{names} saw different data")
        if record.split_sha256 != records[0].split_sha256:
            raise NotComparable(f"{names} saw different splits")


def ledger_path(results: Results, record: Record) -> Path:
    """Where the ledger of a record that is ok stands.

    Raises:
        NotComparable: there is none.
    """
    path = results.ledger_of(record)
    if not path.exists():
        raise NotComparable(f"the ledger of {record.stem} is missing")
    return path


def _same_cases(ours: Ledger, theirs: Ledger) -> bool:
    return np.array_equal(ours.user_ids, theirs.user_ids) and np.array_equal(
        ours.item_ids, theirs.item_ids
    )


def _fit(record: Record) -> str:
    return f"{one_line(record.cell.name)} (seed {record.cell.seed})"
