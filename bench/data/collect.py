"""The columns of interactions, gathered batch by batch and numbered on the way."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.columns import as_numbers, first_missing
from bench.data.delimited import BadData
from bench.data.encode import IdColumn
from bench.data.table import BadValue, Batch, NeedsExactReading, Table
from bench.data.times import TimeColumn
from bench.interactions import Floats, Ids, OriginalIds
from bench.text import quoted

LEFT_OUT = "; --where '{} is not null' leaves such rows out"
HINTS = {
    "user": LEFT_OUT,
    "item": LEFT_OUT,
    "time": LEFT_OUT,
    "rating": LEFT_OUT + ", --columns rating= all ratings",
}


@dataclass(kw_only=True)
class Columns:
    """All rows of a table.

    n interactions of U users and I items.
    """

    users: Ids  # [n]
    items: Ids  # [n]
    times: NDArray[np.int64] | None  # [n]
    ratings: Floats | None  # [n]
    user_ids: OriginalIds  # [U]
    item_ids: OriginalIds  # [I]
    ticks: int | None  # of the times in a second
    words: str  # of the times


class Collector:
    """Takes batches; says of a value that cannot be used where it stood."""

    def __init__(self, roles: Mapping[str, str], *, exact: bool) -> None:
        """roles: user, item, time and rating -> column. exact: values come as text."""
        self._roles, self._exact = roles, exact
        self._users, self._items = IdColumn(), IdColumn()
        self._times = TimeColumn(exact=exact)
        self._ratings: list[Floats] = []
        self._rows = 0
        # What tells a row's place when all is read: its number here, the file, its number there.
        self._places: list[tuple[int, Table, int, Any]] = []

    def add(self, batch: Batch, rows: Any, numbers: Any) -> None:
        """Rows of a batch that are left of it, and the number of each in it; None: all are.

        Raises:
            BadData: a value is missing, or not of its kind.
            NeedsExactReading: see `TimeColumn`; never where the reading is exact.
        """
        if not rows.num_rows:
            return
        adders = {
            "user": self._users.add,
            "item": self._items.add,
            "time": self._times.add,
            "rating": self._add_ratings,
        }
        self._places.append((self._rows, batch.table, batch.first, numbers))
        for role, column in self._roles.items():
            if role in adders:
                try:
                    adders[role](rows.column(column))
                except BadValue as error:
                    raise self.fault(self._rows + error.row, role, column, str(error)) from None
        self._rows += rows.num_rows

    def finish(self) -> Columns:
        """Everything. Raises BadData where times of two units are mixed."""
        users, user_ids = self._users.finish()
        items, item_ids = self._items.finish()
        times, ticks, words = None, None, ""
        if "time" in self._roles:
            try:
                times, ticks, words = self._times.finish()
            except BadValue as error:
                raise self.fault(error.row, "time", self._roles["time"], str(error)) from None
        ratings = np.concatenate(self._ratings) if self._ratings else None
        self._ratings.clear()
        return Columns(
            users=users,
            items=items,
            times=times,
            ratings=ratings,
            user_ids=user_ids,
            item_ids=item_ids,
            ticks=ticks,
            words=words,
        )

    def fault(self, row: int, role: str, column: str, why: str) -> BadData:
        """The error for a value of a row, counted from the first one added."""
        start, table, first, numbers = next(
            place for place in reversed(self._places) if place[0] <= row
        )
        inside = row - start if numbers is None else numbers[row - start].as_py()
        if why == "is missing":
            why += HINTS[role].format(f"`{column}`" if re.search(r"\W", column) else column)
        said = role if role == column else f"{role} (column {quoted(column)})"
        return BadData(f"{table.place(first + inside)}: {said} {why}")

    def _add_ratings(self, values: Any) -> None:
        if values.null_count:
            raise BadValue(first_missing(values), "is missing")
        given = as_numbers(values).to_numpy(zero_copy_only=False)
        with np.errstate(over="ignore"):
            found: Floats = given.astype(np.float32)
        finite = np.isfinite(found)
        if not finite.all():
            if not self._exact:
                raise NeedsExactReading
            row = int(np.argmin(finite))
            raise BadValue(row, f"{quoted(str(values[row].as_py()))} is not a finite number")
        self._ratings.append(found)
