"""Filters of rows while they are read: conditions, and kinds of events with their weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from bench.data.columns import as_text, first_missing
from bench.data.options import ReadOptions
from bench.data.roles import find_roles
from bench.data.table import BadValue, Table
from bench.data.where import Where
from bench.errors import BadParameter
from bench.text import compact, shown

WEIGHT = "weight of its event"  # the column that is added


@dataclass
class RowFilters:
    """What each batch goes through before its ids are numbered; counts what each step leaves.

    First the condition, then the events. A kind of event that no weight is given for is an error,
    so that none is lost by a word typed wrong.
    """

    where: Where | None
    events: Mapping[str, float] | None
    event_column: str | None
    counts: dict[str, int] = field(default_factory=dict)  #: rows after each step
    _met: set[str] = field(default_factory=set)  # kinds of events

    @classmethod
    def of(cls, options: ReadOptions, table: Table) -> Self:
        """Raises UnknownName, BadParameter or UnclearColumns: see `Where.parse`, `find_roles`."""
        where = None if options.where is None else Where.parse(options.where, table.columns)
        column = None
        if options.events is not None:
            roles = find_roles(table, options.columns, needed=("user", "item", "event"))
            column = roles["event"]
            if options.columns.get("rating"):
                raise BadParameter("events give the rating: no column can be the rating too")
        return cls(where, options.events, column)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are needed."""
        found = self.where.columns if self.where is not None else ()
        return (*found, self.event_column) if self.event_column is not None else found

    def kept(self, rows: Any) -> tuple[Any, Any]:
        """The rows that are left, and the number of each in the batch; None: all are left.

        Raises:
            BadValue: a missing event, or one without a weight; or text compared with a number.
        """
        import pyarrow as pa
        from pyarrow import compute

        self._count("read", rows)
        numbers = None
        if self.where is not None:
            mask = self.where.mask(rows)
            numbers = compute.indices_nonzero(mask)
            rows = rows.filter(mask)
            self._count(f"where {self.where.text}", rows)
        if self.events is not None:
            try:
                weights = self._weights(rows.column(self.event_column))
            except BadValue as error:
                row = error.row if numbers is None else numbers[error.row].as_py()
                raise BadValue(row, str(error)) from None
            rows = pa.RecordBatch.from_arrays(
                [*rows.columns, weights], names=[*rows.schema.names, WEIGHT]
            )
            mask = compute.greater(weights, 0)
            left = compute.indices_nonzero(mask)
            numbers = left if numbers is None else numbers.take(left)
            rows = rows.filter(mask)
            self._count(f"events {compact(dict(self.events))}", rows)
        return rows, numbers

    def check(self) -> None:
        """Raises BadParameter where a kind of event with a weight never occurs: a wrong word."""
        for kind in self.events or ():
            if kind not in self._met:
                raise BadParameter(
                    f"events: there is no {shown(kind)} in column {shown(self.event_column)};"
                    f" there are {', '.join(sorted(self._met)[:20])}"
                )

    def _weights(self, values: Any) -> Any:
        import pyarrow as pa
        from pyarrow import compute

        assert self.events is not None
        if values.null_count:
            raise BadValue(first_missing(values), "is missing")
        encoded = as_text(values).dictionary_encode()
        kinds = encoded.dictionary.to_pylist()
        if len(kinds) > 1000:
            raise BadValue(0, f"is no kind of event: {len(kinds):,} of them are different")
        self._met.update(kinds)
        weights = [self.events.get(kind) for kind in kinds]
        if None in weights:
            code = weights.index(None)
            raise BadValue(
                compute.index(encoded.indices, code).as_py(),
                f"{shown(kinds[code])} has no weight; give it one, or 0 to leave such rows out:"
                f" --events {kinds[code]}=0,...",
            )
        return pa.array(weights, pa.float32()).take(encoded.indices)

    def _count(self, step: str, rows: Any) -> None:
        self.counts[step] = self.counts.get(step, 0) + rows.num_rows
