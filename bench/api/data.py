"""Data as `bench.run` takes them."""

from dataclasses import dataclass
from html import escape
from typing import Any

from bench.interactions import DataSet, Interactions


@dataclass(frozen=True, repr=False)
class Data:
    """What was read. Printed, or as the last line of a notebook's cell, it says how."""

    data: DataSet  #: what was read, under its name
    asked_as: str = ""  #: as `--dataset` of the command has it, with the options of reading

    @property
    def interactions(self) -> Interactions:
        """Who chose what, and when, with ids, ratings and features."""
        return self.data.interactions

    def to_frame(self) -> Any:
        """A pandas DataFrame with a row for each interaction, see `Interactions.to_frame`."""
        return self.interactions.to_frame()

    def __repr__(self) -> str:
        data = self.interactions
        sizes = f"{len(data):,} interactions, {data.n_users:,} users, {data.n_items:,} items"
        lines = [f"{self.data.name}: {sizes}", *(f"  {note}" for note in self.data.notes)]
        for step in self.data.steps:
            counts = f"{step.rows:,} rows"
            if step.users is not None and step.items is not None:
                counts += f", {step.users:,} users, {step.items:,} items"
            lines.append(f"  {step.name}: {counts}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"
