"""Interactions from a table of any kind: what was taken for what, and what each step left."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.data import cache
from bench.data.arrow_tables import MemoryTable
from bench.data.atomic import with_siblings
from bench.data.collect import Collector, Columns
from bench.data.columns import fits_float
from bench.data.delimited import BadData
from bench.data.features import read_features
from bench.data.filters import WEIGHT, RowFilters
from bench.data.narrow import narrowed
from bench.data.options import ReadOptions
from bench.data.plain import Snapshot, scratch_folder
from bench.data.roles import find_roles
from bench.data.table import BadValue, NeedsExactReading, Table, Wanted
from bench.data.tables import Opener, files_of
from bench.errors import BadParameter, UsageError
from bench.interactions import DataSet, Interactions, Step
from bench.text import quoted


class NoTimes(UsageError):
    """There is no column of times, and nothing else says which item of a user is the last."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read, and how."""

    data: DataSet
    columns: Mapping[str, str]  #: role -> what was taken for it, in words
    ticks: int | None  #: how many of the times are a second; None: they tell the order alone
    steps: tuple[Step, ...]  #: the first is what the file holds
    notes: tuple[str, ...]  #: what was found out of the file

    def lines(self) -> str:
        """What was taken for what and what each step left, for people to read."""
        found = [self.data.name, *(f"  {note}" for note in self.data.notes)]
        for step in self.steps:
            counts = f"{step.rows:,} rows"
            if step.users is not None and step.items is not None:
                counts += f", {step.users:,} users, {step.items:,} items"
            found.append(f"  {step.name}: {counts}")
        return "\n".join(found)


def read_data(source: Any, options: ReadOptions) -> Reading:
    """Read interactions.

    Of a file, what was read is kept in the cache folder, and mapped into memory the next time.

    Args:
        source: a path of a file or a folder; or a table in memory with the Arrow C stream interface
            (`__arrow_c_stream__`), as those of pandas, polars and pyarrow have.
        options: what is said of it.

    Raises:
        BadData: the content cannot be used; the message names file, row, column and value.
        DataUnavailable: no such file, or it cannot be read.
        UnclearColumns: it cannot be seen which column is what.
        NoTimes: there are no times, and the options give no order.
        UnknownName, BadParameter: options that do not fit the table.
    """
    if not isinstance(source, Path | str):
        table = MemoryTable(source)
        named = _named(_read(table, options, table.name), table.name, options)
        return _with_features(named, options)
    path = Path(source)
    options = with_siblings(path, options)
    name = path.absolute().name
    named = _named(_read_files(path, options), f"{name}/" if path.is_dir() else name, options)
    return _with_features(named, options)


def _with_features(reading: Reading, options: ReadOptions) -> Reading:
    """The reading with what tables of items and users tell."""
    data, notes = reading.data.interactions, reading.data.notes
    for name in options.features:
        side = name.partition(".")[0]
        if getattr(options, f"{side}s", None) is None:
            raise BadParameter(f"features of {name!r} need a table of {side}s: --{side}s PATH")
    for side in ("item", "user"):
        if getattr(options, f"{side}_id") is not None and getattr(options, f"{side}s") is None:
            raise BadParameter(f"{side}_id needs a table of {side}s: --{side}s PATH")
    with scratch_folder() as scratch:
        if options.items is not None:
            features, found = read_features(options.items, "item", data.item_ids, options, scratch)
            data, notes = replace(data, item_features=features), (*notes, *found)
        if options.users is not None:
            features, found = read_features(options.users, "user", data.user_ids, options, scratch)
            data, notes = replace(data, user_features=features), (*notes, *found)
    return replace(reading, data=replace(reading.data, interactions=data, notes=notes))


def _named(reading: Reading, source: str, options: ReadOptions) -> Reading:
    """The reading, its data with all that is to be said of them, wherever they go."""
    columns = (f"{role}: {words}" for role, words in reading.columns.items())
    words = options.words()
    interactions = replace(
        reading.data.interactions, source=f"{source} ({words})" if words else source
    )
    data = replace(
        reading.data,
        interactions=interactions,
        has_times=options.order not in ("file", "random"),
        ticks=reading.ticks,
        name=options.title(source),
        notes=(f"from {source}", *reading.notes, *columns),
        steps=reading.steps,
    )
    return replace(reading, data=data)


def _read_files(path: Path, options: ReadOptions) -> Reading:
    paths = files_of(path)
    snapshots = [Snapshot.of(part) for part in paths]
    key = cache.key_of_files(paths, path, options)
    kept = None if key is None else cache.load(key)
    if kept is not None:
        return _from_cache(kept)
    with scratch_folder() as scratch:
        opener = Opener(
            scratch=scratch,
            separator=options.separator,
            encoding=options.encoding,
            columns=options.columns,
        )
        reading = _read(opener.open(path), options, path.name or path.resolve().name)
    for snapshot in snapshots:
        snapshot.check()
    if key is not None:
        cache.store(key, reading.data.interactions, _facts(reading), str(path.resolve()))
    return reading


def _facts(reading: Reading) -> dict[str, Any]:
    """All of a reading but its arrays, fit for JSON."""
    return {
        "columns": dict(reading.columns),
        "ticks": reading.ticks,
        "steps": [list(step) for step in reading.steps],
        "notes": list(reading.notes),
    }


def _from_cache(kept: cache.Kept) -> Reading:
    return Reading(
        data=DataSet(kept.interactions),
        columns=kept.facts["columns"],
        ticks=kept.facts["ticks"],
        steps=tuple(Step(*step) for step in kept.facts["steps"]),
        notes=tuple(kept.facts["notes"]),
    )


def _read(table: Table, options: ReadOptions, source: str) -> Reading:
    roles = find_roles(table, options.columns, needed=("user", "item"))
    by_time = options.order in (None, "time")
    if by_time and "time" not in roles:
        raise NoTimes(
            f"{table.name}: there is no column of times, so it cannot be seen which item of a user"
            " is the last. If the rows of a user stand in order: --order file. If not: --order"
            " random, which holds out one of each user's items at random. If there is such a"
            " column: --columns time=..."
        )
    if not by_time and options.since is None and options.until is None:
        roles.pop("time", None)  # not needed; what is wrong with it does not matter
    filters = RowFilters.of(options, table)
    if options.events is not None:
        roles["rating"] = WEIGHT
    try:
        columns, filters = _collected(table, roles, options)
    except NeedsExactReading:
        table.exact = True
        columns, filters = _collected(table, roles, options)
    return _reading(table, roles, columns, filters, options, source)


def _collected(
    table: Table, roles: Mapping[str, str], options: ReadOptions
) -> tuple[Columns, RowFilters]:
    filters = RowFilters.of(options, table)
    collector = Collector(roles, exact=table.exact)
    for batch in table.batches(_wanted(table, roles, filters)):
        try:
            rows, numbers = filters.kept(batch.rows)
        except BadValue as error:
            place = batch.table.place(batch.first + error.row)
            raise BadData(f"{place}: {error}") from None
        collector.add(batch, rows, numbers)
    filters.check()
    if not sum(filters.counts.values()):
        raise BadData(f"{table.name}: no rows{' after the header' if table.has_header else ''}")
    for step, count in filters.counts.items():
        if not count:
            raise BadData(f"{table.name}: no rows are left after {step}")
    return collector.finish(), filters


def _wanted(table: Table, roles: Mapping[str, str], filters: RowFilters) -> dict[str, Wanted]:
    wanted: dict[str, Wanted] = {column: "text" for column in filters.columns}
    for role, column in roles.items():
        if role in ("user", "item"):
            wanted[column] = "id"
        elif role == "rating" and column != WEIGHT:
            wanted[column] = "number"
        elif role == "time":
            values = table.sample().column(column).to_pylist()
            plain = all(value is None or fits_float(str(value)) for value in values)
            wanted[column] = "number" if plain else "text"
    return wanted


def _reading(
    table: Table,
    roles: Mapping[str, str],
    columns: Columns,
    filters: RowFilters,
    options: ReadOptions,
    source: str,
) -> Reading:
    named = {role: f"column {quoted(column)}" for role, column in roles.items() if role != "event"}
    times = columns.times
    if times is not None:
        named["time"] += f", {columns.words}"
    if options.events is not None:
        named["rating"] = f"the weight of the event in column {quoted(roles['event'])}"
    if times is None:
        times = np.arange(len(columns.users), dtype=np.int64)
    words = options.words()
    data = Interactions(
        users=columns.users,
        items=columns.items,
        times=times,
        ratings=columns.ratings,
        n_users=len(columns.user_ids),
        n_items=len(columns.item_ids),
        user_ids=columns.user_ids,
        item_ids=columns.item_ids,
        source=f"{source} ({words})" if words else source,
    )
    steps = [Step(name, count, None, None) for name, count in filters.counts.items()]
    steps[-1] = Step(steps[-1].name, len(data), data.n_users, data.n_items)

    def report(name: str, left: Interactions) -> None:
        if not len(left):
            raise BadData(f"{table.name}: no rows are left after {name}")
        steps.append(Step(name, len(left), left.n_users, left.n_items))

    data = narrowed(data, options, columns.ticks, report)
    ticks = columns.ticks
    if options.order in ("file", "random"):
        named["time"] = "none is used: the rows of a user stand in order"
        if options.order == "random":
            named["time"] = "none is used: there is no order"
        data = replace(data, times=np.arange(len(data), dtype=np.int64))
        ticks = None
    notes = table.notes
    if "event" in roles and roles["event"] not in filters.columns:
        notes += (
            f"column {quoted(roles['event'])} may tell kinds of events; all are taken alike, unless"
            " --events gives them weights",
        )
    return Reading(data=DataSet(data), columns=named, ticks=ticks, steps=tuple(steps), notes=notes)
