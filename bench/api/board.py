"""The board of a run, to be looked at and to be worked with."""

import io
from dataclasses import dataclass
from typing import Any

from bench.leaderboard.sections import Section
from bench.leaderboard.tables import comma_separated, notebook, terminal
from bench.records.folder import Results
from bench.records.record import Record

WIDTH = 120  # columns of the table as text


@dataclass(frozen=True, repr=False)
class Board:
    """What `bench.run` measured, best first. In a notebook it is a table, else text.

    A cell that failed has a row without figures; its traceback stands in its record.
    """

    sections: tuple[Section, ...]  #: one for each data set under one protocol
    results: Results  #: the folder, which has the boards of all its runs

    @property
    def records(self) -> list[Record]:
        """All that is known of each cell, in the order of the rows."""
        return [record for part in self.sections for row in part.rows for record in row.records]

    def to_frame(self) -> Any:
        """A pandas DataFrame with the columns of `leaderboard.csv`, a row for each model."""
        import pandas as pd

        text = io.StringIO(comma_separated(self.sections))
        # A label may be called "None" or "NA"; only what is empty is missing.
        return pd.read_csv(text, keep_default_na=False, na_values=[""])

    def __repr__(self) -> str:
        return terminal(self.sections, WIDTH).rstrip()

    def _repr_html_(self) -> str:
        return notebook(self.sections)
