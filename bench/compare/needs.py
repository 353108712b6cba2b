"""Needs that are not a number: new people, new items, and no use of the order of items.

New people and new items are answered from rows that protocols for them measured on the same data
set, where there are any. Where there are none, nothing is known but that a model can be fitted
again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench.compare.words import decimal
from bench.errors import Problem, UsageError
from bench.leaderboard.rows import BoardRow
from bench.leaderboard.sections import Section
from bench.registry.models import ModelSpec, complete_adapter
from bench.text import compact, first_line

# The need, how it is said, and how the protocols begin that measure it.
KINDS = {
    "new-people": ("new people", "new-users"),
    "new-items": ("new items", "cold-items"),
}
CHANCE = 0.1  # HR@10 among the test item and 99 negatives, without knowing anything
ERRORS = 2.0  # standard errors over chance that a model must be
REFIT = "has to be fitted again"


@dataclass(frozen=True)
class Need:
    """What a model must be able to do, and for which rows it was measured."""

    option: str  # as "new-people"
    said: str  # as "new people"
    # By `_identity`; of the first protocol for it, and of ways to serve new people the best.
    measured: Mapping[tuple[str, ...], BoardRow]
    protocol: str = ""  # that it was measured under, or is by

    def refusal(self, row: BoardRow) -> str:
        """Why a row cannot do it, as far as it was measured; "" where it stays."""
        if not self.measured:
            return ""
        found = self.measured.get(_identity(row))
        if found is None:
            return f"was not measured on {self.said}"
        if found.cannot:
            return f"cannot tell {self.said} apart"
        figures = found.figures
        hits = _hits(found)
        if hits <= CHANCE + ERRORS * figures.get("hr_at_10_se", 0.0):
            return f"is no better than chance on {self.said} (HR@10 {decimal(hits)})"
        return ""

    def note(self, row: BoardRow, refit: str) -> str:
        """What is known of a row that stays.

        Args:
            row: of the board.
            refit: how long its training took, as "350 ms".
        """
        found = self.measured.get(_identity(row))
        if found is not None:
            hits = decimal(found.figures["hr_at_10"])
            return f"On {self.said} {found.model} was measured ({self.protocol}): HR@10 {hits}."
        return (
            f"On {self.said} nothing here was measured, which `bench run --protocol"
            f" {self.protocol}` does: {row.model} {REFIT} for them, which took {refit}."
        )


def need(option: str, sections: Iterable[Section], dataset: str, data_sha256: str = "") -> Need:
    """A need with what a results folder has measured of it on a data set.

    Args:
        option: of the command, as "new-people".
        sections: of the folder.
        dataset: the name by which it is loaded.
        data_sha256: of the data that count; "" for any.
    """
    said, prefix = KINDS[option]
    for section in sections:
        of_kind = section.protocol.startswith(prefix) and "validation" not in section.protocol
        same = data_sha256 in ("", section.records[-1].data_sha256)
        if section.data == dataset and same and of_kind:
            best_last = sorted((row for row in section.rows if row.seeds), key=_hits)
            measured = {_identity(row): row for row in best_last}
            return Need(option, said, measured, section.protocol)
    return Need(option, said, {}, prefix)


def order_refusal(row: BoardRow) -> str:
    """Why a row is out where the order of a user's items must not be used; "" where it stays."""
    try:
        uses_order = (
            row.uses_order
            or "order" in complete_adapter(ModelSpec(row.adapter, row.params)).needs()
        )
    except (UsageError, Problem, TypeError, ImportError) as error:
        return f"cannot be asked whether it uses the order: {first_line(error)}"
    return "uses the order of a user's items" if uses_order else ""


def _identity(row: BoardRow) -> tuple[str, ...]:
    """What a model with its parameters is under every protocol."""
    label = row.label.removesuffix(f" ({row.fold_in['way']})") if row.fold_in else row.label
    return label, row.adapter, compact(row.params)


def _hits(row: BoardRow) -> float:
    return row.figures.get("hr_at_10_expected", row.figures.get("hr_at_10", 0.0))
