"""Interactions from a table of any kind: what is read, what was taken for what, what was left."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.data.delimited import BadData
from bench.data.encode import IdColumn
from bench.data.options import ReadOptions
from bench.data.plain import Snapshot, scratch_folder
from bench.data.roles import find_roles, is_number
from bench.data.table import BadValue, Batch, NeedsExactReading, Table, Wanted
from bench.data.tables import open_table
from bench.data.times import TimeColumn
from bench.errors import UsageError
from bench.interactions import DataSet, Floats, Interactions
from bench.text import quoted


class NoTimes(UsageError):
    """There is no column of times, and nothing else says which item of a user is the last."""


class Step(NamedTuple):
    """What was left after one step of reading."""

    name: str  # "read", "where event == 'buy'"
    rows: int
    users: int | None  # None where ids were not numbered yet
    items: int | None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read, and how."""

    data: DataSet
    columns: Mapping[str, str]  #: role -> what was taken for it, in words
    ticks: int | None  #: how many of the times are a second; None: they tell the order alone
    steps: tuple[Step, ...] = ()  #: the first is what the file holds
    notes: tuple[str, ...] = field(default=())  #: what was found out of the file

    def lines(self) -> str:
        """What was taken for what and what each step left, for people to read."""
        found = [self.data.interactions.source]
        found += [f"  {note}" for note in self.notes]
        found += [f"  {role}: {words}" for role, words in self.columns.items()]
        for step in self.steps:
            counts = f"{step.rows:,} rows"
            if step.users is not None and step.items is not None:
                counts += f", {step.users:,} users, {step.items:,} items"
            found.append(f"  {step.name}: {counts}")
        return "\n".join(found)


def read_data(source: Any, options: ReadOptions) -> Reading:
    """Read interactions.

    Args:
        source: a path; or a table in memory with the Arrow C stream interface
            (`__arrow_c_stream__`), as those of pandas, polars and pyarrow have.
        options: what is said of it.

    Raises:
        BadData: the content cannot be used; the message names file, row, column and value.
        DataUnavailable: no such file, or it cannot be read.
        UnclearColumns: it cannot be seen which column is what.
        NoTimes: there are no times, and the options give no order.
    """
    if not isinstance(source, Path | str):
        raise NotImplementedError
    path = Path(source)
    with ExitStack() as stack:
        snapshot = Snapshot.of(path)
        scratch = stack.enter_context(scratch_folder())
        table = open_table(
            path,
            scratch,
            separator=options.separator,
            encoding=options.encoding,
            columns=options.columns,
        )
        reading = read_table(table, options, path.name)
        snapshot.check()
        return reading


def read_table(table: Table, options: ReadOptions, source: str) -> Reading:
    """What `read_data` does, of a table that is open."""
    roles = find_roles(table, options.columns, needed=("user", "item"))
    if options.order in ("file", "random"):
        roles.pop("time", None)
    elif "time" not in roles:
        raise NoTimes(
            f"{table.name}: there is no column of times, so it cannot be seen which item of a user"
            " is the last. If the rows of a user stand in order: --order file. If not: --order"
            " random, which holds out one of each user's items at random. If there is such a"
            " column: --columns time=..."
        )
    try:
        collected = _collect(table, roles)
    except NeedsExactReading:
        table.exact = True
        collected = _collect(table, roles)
    return collected.reading(options, source, table.notes)


@dataclass
class _Collected:
    """The columns of all batches."""

    roles: Mapping[str, str]
    exact: bool
    users: IdColumn = field(default_factory=IdColumn)
    items: IdColumn = field(default_factory=IdColumn)
    ratings: list[Floats] = field(default_factory=list)
    rows: int = 0
    places: list[tuple[int, Table, int]] = field(default_factory=list)  # first row, file, its row

    def __post_init__(self) -> None:
        self.times = TimeColumn(exact=self.exact)

    def add(self, batch: Batch) -> None:
        rows = batch.rows
        self.places.append((self.rows, batch.table, batch.first))
        adders: dict[str, Callable[[Any], None]] = {
            "user": self.users.add,
            "item": self.items.add,
            "time": self.times.add,
            "rating": self._add_ratings,
        }
        for role, column in self.roles.items():
            values = rows.column(column)
            try:
                adders[role](values)
            except BadValue as error:
                raise self._at(error, batch, column, role) from None
        self.rows += rows.num_rows

    def _add_ratings(self, values: Any) -> None:
        self.ratings.append(numbers(values, self.exact))

    def _at(self, error: BadValue, batch: Batch, column: str, role: str) -> BadData:
        place = batch.table.place(batch.first + error.row)
        said = f"{role} (column {quoted(column)})" if column != role else role
        return BadData(f"{place}: {said} {error}")

    def reading(self, options: ReadOptions, source: str, notes: tuple[str, ...]) -> Reading:
        if not self.rows:
            raise BadData(f"{source}: no rows")
        columns = {role: f"column {quoted(column)}" for role, column in self.roles.items()}
        ticks: int | None = None
        times: NDArray[np.int64]
        if "time" in self.roles:
            try:
                times, ticks, words = self.times.finish()
            except BadValue as error:
                raise self._late(error) from None
            columns["time"] += f", {words}"
        else:
            times = np.arange(self.rows, dtype=np.int64)
            columns["time"] = "none: the order of the rows"
        users, user_ids = self.users.finish()
        items, item_ids = self.items.finish()
        ratings = np.concatenate(self.ratings) if self.ratings else None
        self.ratings.clear()
        words = options.words()
        interactions = Interactions(
            users=users,
            items=items,
            times=times,
            ratings=ratings,
            n_users=len(user_ids),
            n_items=len(item_ids),
            user_ids=user_ids,
            item_ids=item_ids,
            source=f"{source} ({words})" if words else source,
        )
        return Reading(
            data=DataSet(interactions),
            columns=columns,
            ticks=ticks,
            steps=(Step("read", len(users), len(user_ids), len(item_ids)),),
            notes=notes,
        )

    def _late(self, error: BadValue) -> BadData:
        """A fault that is seen when all is read: where its row stood."""
        start, table, first = next(
            place for place in reversed(self.places) if place[0] <= error.row
        )
        return BadData(f"{table.place(first + error.row - start)}: time {error}")


def _collect(table: Table, roles: Mapping[str, str]) -> _Collected:
    wanted: dict[str, Wanted] = {roles["user"]: "id", roles["item"]: "id"}
    if "rating" in roles:
        wanted[roles["rating"]] = "number"
    if "time" in roles:
        values = table.sample().column(roles["time"]).to_pylist()
        plain = all(value is None or is_number(str(value)) for value in values)
        wanted[roles["time"]] = "number" if plain else "text"
    collected = _Collected(roles, table.exact)
    for batch in table.batches(wanted):
        collected.add(batch)
    return collected


def numbers(values: Any, exact: bool) -> Floats:
    """Numbers as float32, an Arrow array. [n]

    Raises:
        BadValue: one is missing, no number or not finite.
        NeedsExactReading: the same, where another reading can say which.
    """
    import pyarrow as pa
    from pyarrow import compute

    if values.null_count:
        raise BadValue(int(np.argmax(values.is_null().to_numpy(False))), "is missing")
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        values = compute.utf8_trim_whitespace(values)
        good = compute.match_substring_regex(
            values, r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
        ).to_numpy(False)
        if not good.all():
            row = int(np.argmin(good))
            raise BadValue(row, f"{quoted(values[row].as_py())} is not a number")
        values = compute.replace_substring_regex(values, r"^\+", "").cast(pa.float64())
    elif not (
        pa.types.is_integer(values.type)
        or pa.types.is_floating(values.type)
        or pa.types.is_decimal(values.type)
        or pa.types.is_boolean(values.type)
    ):
        raise BadValue(0, f"is not a number but {values.type}")
    with np.errstate(over="ignore"):
        found: Floats = values.cast(pa.float64(), safe=False).to_numpy(False).astype(np.float32)
    if not np.isfinite(found).all():
        if not exact:
            raise NeedsExactReading
        row = int(np.argmin(np.isfinite(found)))
        raise BadValue(row, f"{quoted(str(values[row].as_py()))} is not a finite number")
    return found
