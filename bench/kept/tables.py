"""items.parquet and users.parquet of a kept model.

Read by pyarrow alone, since its read_table would load pandas, which takes half a second.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.interactions import Floats, OriginalIds
from bench.kept.catalogue import Catalogue
from bench.kept.manifest import Damaged

FACTS = b"bench"  # under which a file has its facts


def write_items(catalogue: Catalogue, vectors: Floats | None, path: Path) -> None:
    """Write the items and their vectors [I, d], if there are any."""
    columns = {
        "item_id": ids_column(catalogue.item_ids),
        "title": pa.array(catalogue.titles, pa.string()),
        "year": pa.array(catalogue.years, pa.int32()),
        "genres": pa.array([list(each) for each in catalogue.genres], pa.list_(pa.string())),
        "users": pa.array(catalogue.users),
    }
    write_table(columns | _vector(vectors), path)


def read_items(path: Path) -> tuple[Catalogue, Floats]:
    """The items, and their vectors [I, d]; [I, 0] where there are none.

    Raises:
        Damaged: it is no such file.
    """
    columns, _ = read_table(path)
    try:
        catalogue = Catalogue(
            item_ids=numbers(columns["item_id"]),
            titles=columns["title"].to_pylist(),
            years=columns["year"].to_pylist(),
            genres=[tuple(each) for each in columns["genres"].to_pylist()],
            users=numbers(columns["users"]),
        )
        vectors = _vectors(columns)
    except (KeyError, TypeError, ValueError, BufferError) as error:
        raise Damaged(f"{path}: no table of items: {error}") from error
    return catalogue, np.empty((len(catalogue), 0), np.float32) if vectors is None else vectors


def write_users(user_ids: OriginalIds, vectors: Floats | None, path: Path) -> None:
    """Write the users and their vectors [U, d], if there are any."""
    write_table({"user_id": ids_column(user_ids)} | _vector(vectors), path)


def read_users(path: Path) -> tuple[OriginalIds, Floats | None]:
    """The ids of the users, and their vectors [U, d] or None.

    Raises:
        Damaged: it is no such file.
    """
    columns, _ = read_table(path)
    try:
        return numbers(columns["user_id"]), _vectors(columns)
    except (KeyError, TypeError, ValueError, BufferError) as error:
        raise Damaged(f"{path}: no table of users: {error}") from error


def write_table(columns: dict[str, Any], path: Path, facts: Any = None) -> None:
    """Write columns of equal length, and facts that are fit for JSON.

    The same columns and facts give the same bytes.
    """
    table = pa.table(columns, metadata={FACTS: json.dumps(facts).encode()})
    pq.write_table(table, path, compression="zstd")


def read_table(path: Path) -> tuple[dict[str, Any], Any]:
    """The columns of a table, each an arrow array, and its facts.

    Raises:
        Damaged: it is no parquet file of ours.
    """
    try:
        table = pq.ParquetFile(path).read()
        columns = {name: table.column(name).combine_chunks() for name in table.column_names}
        return columns, json.loads(table.schema.metadata[FACTS])
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise Damaged(f"{path}: no table of bench: {error}") from error


def ids_column(ids: OriginalIds) -> Any:
    """Ids as an arrow array: int64, or text."""
    whole = ids.dtype.kind in "iu"
    return pa.array(ids, pa.int64()) if whole else pa.array(map(str, ids.tolist()), pa.string())


def numbers(column: Any) -> Any:
    """A column without gaps as a numpy array; of text as one of objects, as ids of text are."""
    if pa.types.is_string(column.type):
        return np.array(column.to_pylist(), dtype=object)
    return np.from_dlpack(column)


def _vector(vectors: Floats | None) -> dict[str, Any]:
    if vectors is None or not vectors.shape[1]:
        return {}
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    return {"vector": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])}


def _vectors(columns: dict[str, Any]) -> Floats | None:
    if "vector" not in columns:
        return None
    column = columns["vector"]
    return np.asarray(np.from_dlpack(column.flatten()).reshape(len(column), -1), dtype=np.float32)
