"""Features of items and users from a table, whose columns become numbers, categories and text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.data.delimited import BadData
from bench.data.encode import IdColumn, positions_of
from bench.data.feature_columns import (
    KINDS,
    MOST_TAGS,
    categories_of,
    guessed,
    label_column,
    most_frequent,
    numbers_of,
    tags_of,
    without_missing,
)
from bench.data.options import ReadOptions
from bench.data.roles import NAMES, UnclearColumns, compared
from bench.data.table import BadValue, NeedsExactReading, Table
from bench.data.tables import Opener
from bench.errors import BadParameter, unknown
from bench.interactions import Features, OriginalIds
from bench.text import quoted

Side = Literal["item", "user"]


class Known(NamedTuple):
    """What a table tells."""

    features: Features
    notes: tuple[str, ...]  # what each column was taken for, for people


def read_features(
    path: Path, side: Side, ids: OriginalIds, options: ReadOptions, scratch: Path
) -> Known:
    """Read what is known of items, or of users.

    Entities without a line are unknown: NaN, a category of its own, no tags, no text. Of several
    lines for one the first counts.

    Args:
        path: of the table, in any format of interactions.
        side: what a line is of.
        ids: of the entities, [E].
        options: how to read it: encoding, the id's column and the kinds of features.
        scratch: a folder for what must be unpacked.

    Raises:
        BadData: a value is not of the kind that was asked for, or the file is damaged.
        DataUnavailable: no such file, or it cannot be read.
        UnknownName, BadParameter: a column or a kind that does not exist.
        UnclearColumns: it cannot be seen which column is the id.
    """
    opener = Opener(scratch=scratch, encoding=options.encoding)
    table = opener.open(path)
    id_column = options.item_id if side == "item" else options.user_id
    id_column = _id_column(table, side, id_column)
    kinds = _asked(table, side, options.features)
    try:
        columns = _all_of(table, id_column)
    except NeedsExactReading:
        table.exact = True
        columns = _all_of(table, id_column)
    return _known(table, side, columns, id_column, ids, kinds)


def _id_column(table: Table, side: Side, given: str | None) -> str:
    if given is not None:
        if given not in table.columns:
            raise unknown(f"column of {table.name}", given, table.columns)
        return given
    if not table.has_header:
        return table.columns[0]
    for name in (*NAMES[side], "id"):
        found = [column for column in table.columns if compared(column) == name]
        if len(found) == 1:
            return found[0]
    raise UnclearColumns(
        f"{table.name}: no column is clearly the {side}; say which: --{side}-id NAME. It has"
        f" {', '.join(map(quoted, table.columns))}"
    )


def _asked(table: Table, side: Side, features: Mapping[str, str]) -> dict[str, str]:
    """Column -> kind, of this table."""
    found = {}
    for name, kind in features.items():
        of, dot, column = name.partition(".")
        if not dot or of not in ("item", "user"):
            raise BadParameter(f"features takes item.column=kind, user.column=kind, not {name!r}")
        if kind not in KINDS:
            raise unknown(f"kind of feature of {name}", kind, KINDS)
        if of != side:
            continue
        if column not in table.columns:
            raise unknown(f"column of {table.name}", column, table.columns)
        found[column] = kind
    return found


def _all_of(table: Table, id_column: str) -> Any:
    """The whole table, an Arrow table."""
    import pyarrow as pa

    wanted = {column: "text" for column in table.columns} | {id_column: "id"}
    batches = table.batches(wanted)  # type: ignore[arg-type]
    parts = [pa.Table.from_batches([batch.rows]) for batch in batches]
    if not parts:
        raise BadData(f"{table.name}: no rows")
    return pa.concat_tables(parts, promote_options="permissive").combine_chunks()


@dataclass
class _Columns:
    """Features as they come together, column by column, of E entities."""

    entities: int
    categorical: dict[str, tuple[Any, int]] = field(default_factory=dict)
    dense: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, list[list[str]]] = field(default_factory=dict)
    text: dict[str, tuple[str, ...]] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None

    def add(self, name: str, kind: str, values: Any, declared: str | None, ids: OriginalIds) -> str:
        """Add a column; what it has become, in words."""
        if kind == "number":
            self.dense[name] = numbers_of(values)
            return "number"
        if kind == "category":
            self.categorical[name] = categories_of(values)
            return f"category, {self.categorical[name][1] - (values.null_count > 0)} values"
        if kind == "tags":
            found = tags_of(values, declared)
            self.tags[name] = found
            count = len({tag for some in found for tag in some})
            left_out = f", the {MOST_TAGS} most frequent of {count:,}" if count > MOST_TAGS else ""
            return f"tags{left_out or f', {count}'}"
        words = [value if isinstance(value, str) else "" for value in _texts(values)]
        self.text[name] = tuple(words)
        if kind == "label":
            self.labels = tuple(
                word or str(each) for word, each in zip(words, ids.tolist(), strict=True)
            )
            return "text, and shown to people"
        return "text"

    def features(self) -> Features:
        flags, names = self._multi_hot()
        sizes = [size for _, size in self.categorical.values()]
        codes = [codes for codes, _ in self.categorical.values()]
        return Features(
            categorical=_side_by_side(codes, self.entities, np.int32),
            categorical_names=tuple(self.categorical),
            categorical_sizes=tuple(sizes),
            multi_hot=flags,
            multi_hot_names=names,
            dense=_side_by_side(list(self.dense.values()), self.entities, np.float32),
            dense_names=tuple(self.dense),
            labels=self.labels,
            text=tuple(self.text.values()),
            text_names=tuple(self.text),
        )

    def _multi_hot(self) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
        columns, names = [], []
        for name, found in self.tags.items():
            kept = {tag: place for place, tag in enumerate(most_frequent(found))}
            flags = np.zeros((self.entities, len(kept)), dtype=np.bool_)
            for row, some in enumerate(found):
                flags[row, [kept[tag] for tag in some if tag in kept]] = True
            columns.append(flags)
            names += [tag if len(self.tags) == 1 else f"{name}={tag}" for tag in kept]
        none = np.zeros((self.entities, 0), dtype=np.bool_)
        return np.hstack([none, *columns]), tuple(names)


def _side_by_side(columns: list[Any], entities: int, dtype: Any) -> Any:
    return np.stack(columns, axis=1) if columns else np.empty((entities, 0), dtype=dtype)


def _texts(values: Any) -> list[Any]:
    return [None if value is None else " ".join(str(value).split()) for value in values.to_pylist()]


def _known(
    table: Table,
    side: Side,
    columns: Any,
    id_column: str,
    ids: OriginalIds,
    kinds: Mapping[str, str],
) -> Known:
    import pyarrow as pa

    row_of, strangers, repeated = _rows_of(table, columns.column(id_column), ids)
    found = _Columns(len(ids))
    lines = int((row_of >= 0).sum())
    notes = [f"{side}s from {table.name}: {lines:,} of {len(ids):,} {side}s have a line"]
    if strangers or repeated:
        notes[0] += f"; left out: {strangers:,} lines of others, {repeated:,} of the same again"
    others = [column for column in table.columns if column != id_column]
    label = label_column([c for c in others if c not in kinds])
    if "label" in kinds.values():
        label = None
    rows = pa.array(row_of, mask=row_of < 0)
    for column in others:
        values = columns.column(column).combine_chunks().take(rows)
        if isinstance(values, pa.ChunkedArray):
            values = values.combine_chunks()
        values = without_missing(values)
        declared = table.kinds().get(column)
        guess = guessed(values, declared)
        kind = kinds.get(column) or ("label" if column == label else guess.kind)
        if kind == "ignore":
            notes.append(f"  {side}.{column}: ignored{f', {guess.why}' if guess.why else ''}")
            continue
        try:
            words = found.add(column, kind, values, declared, ids)
        except BadValue as error:
            where = table.place(int(row_of[error.row]))
            raise BadData(f"{where}: column {quoted(column)} {error}") from None
        if kind == guess.kind == "number" and guess.why:
            words += f", {guess.why}"
        notes.append(f"  {side}.{column}: {words}")
    return Known(found.features(), tuple(notes))


def _rows_of(table: Table, values: Any, ids: OriginalIds) -> tuple[NDArray[np.int64], int, int]:
    """The first row of each entity, -1 for none, [E]; lines of nobody, and lines too many."""
    present = np.flatnonzero(values.is_valid().to_numpy())
    column = IdColumn()
    try:
        for chunk in values.drop_null().chunks:
            column.add(chunk)
    except BadValue as error:
        raise BadData(f"{table.name}: {error}") from None
    codes, named = column.finish()
    entity_of = positions_of(ids, named)[codes] if len(named) else np.empty(0, dtype=np.int64)
    known = entity_of >= 0
    entities, first = np.unique(entity_of[known], return_index=True)
    row_of = np.full(len(ids), -1, dtype=np.int64)
    row_of[entities] = present[known][first]
    return row_of, len(values) - int(known.sum()), int(known.sum()) - len(entities)
