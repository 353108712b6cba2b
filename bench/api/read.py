"""`bench.read`: interactions from a file, or from a table in memory."""

import tempfile
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from bench.api.data import Data
from bench.data.options import ReadOptions, mapping
from bench.data.read import read_data
from bench.errors import BadParameter, unknown
from bench.registry.own_data import own_dataset
from bench.text import shown

IN_MEMORY = Path("a table in memory")  # in place of a path, where there is none


def read(
    source: Any,
    *,
    items: Any = None,
    users: Any = None,
    user: str | None = None,
    item: str | None = None,
    time: str | None = None,
    rating: str | None = None,
    event: str | None = None,
    name: str | None = None,
    **options: Any,
) -> Data:
    """Read interactions from a file, or from a table in memory.

    Columns are recognised by the names that people use, and by what is in them; what was taken for
    what is shown where the result is printed.

    Args:
        source: the path of a file or a folder, in any format that `--data` takes; or a table of
            pandas, polars or pyarrow, or any with the Arrow C stream interface.
        items: what is known of the items: a path, or a table in memory.
        users: the same of the users.
        user, item, time, rating, event: the names of columns, where they are not recognised. An
            empty name: there is no such column, whatever its columns are called.
        name: of the data on the board. None: that of the file, or "table of pandas" and so on.
        options: as those of the command, see `bench.data.options.ReadOptions`: `where`,
            `events`, `min_rating`, `since`, `until`, `min_user`, `min_item`, `order`, `features`,
            `item_id`, `user_id`, `encoding`, `separator`.

    Raises:
        bench.UsageError: it cannot be seen which column is what, there are no times and no order
            is given, or an option is wrong.
        bench.Problem: there is no such file, or it cannot be used; the message names file, row,
            column and value.
    """
    said = {"user": user, "item": item, "time": time, "rating": rating, "event": event}
    columns = {role: column for role, column in said.items() if column is not None}
    known = {"name", *said, *(option.name for option in fields(ReadOptions))}
    for option in options:
        if option not in known:
            raise unknown("option of the data", option, known)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        beside = {"items": items, "users": users}
        beside = {key: _as_path(value, Path(folder), key) for key, value in beside.items()}
        given = {**options, **beside}
        if columns:
            given["columns"] = mapping("columns", options.get("columns", {})) | columns
        whole = ReadOptions.of(given)
        is_path = isinstance(source, str | Path)
        found = read_data(Path(source) if is_path else _as_table(source), whole).data
        asked_as = own_dataset(Path(source) if is_path else IN_MEMORY, given)
    return Data(replace(found, name=name or found.name), asked_as)


def _as_path(given: Any, folder: Path, kind: str) -> Path | None:
    """A path as it is; a table in memory written to a file."""
    if given is None or isinstance(given, str | Path):
        return None if given is None else Path(given)
    import pyarrow as pa
    from pyarrow import parquet

    path = folder / f"{kind}.parquet"
    parquet.write_table(pa.table(_as_table(given)), path)
    return path


def _as_table(given: Any) -> Any:
    if not hasattr(given, "__arrow_c_stream__"):
        raise BadParameter(
            "bench.read takes a path, or a table of pandas, polars or pyarrow, not"
            f" {shown(type(given).__name__)}"
        )
    return given
