"""Vectors of what items are called and said to be, by a language model; kept in the cache folder.

A file text.parquet (item_id, vector) stands in a folder that is called by its key: the ids and
texts of the items, and the version of the language model. It is written once, and never by what is
timed.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.data.fetch import cache_folder
from bench.hashing import key_of
from bench.interactions import Floats, Interactions

FILE = "text.parquet"
YEAR = "year"  # a number that goes with a title

# Shapes: I items, D numbers in a vector.


def texts_of(data: Interactions) -> list[str]:
    """One line for each item, "Toy Story (1995). Animation, Comedy. A boy's toys ..."; [I].

    It has the label, the year, the tags, and all columns of text; "" where nothing is known.
    """
    known = data.item_features
    if known is None:
        return [""] * data.n_items
    labels = known.labels or ("",) * data.n_items
    years: Sequence[float] = [np.nan] * data.n_items
    if YEAR in known.dense_names:
        years = known.dense[:, known.dense_names.index(YEAR)].tolist()
    others = [column for column in known.text if column != known.labels]
    lines = []
    for item, (label, year) in enumerate(zip(labels, years, strict=True)):
        title = f"{label} ({year:.0f})" if np.isfinite(year) else label
        tags = ", ".join(known.multi_hot_names[k] for k in np.flatnonzero(known.multi_hot[item]))
        parts = [title.strip(), tags, *(column[item] for column in others)]
        lines.append(". ".join(part for part in parts if part))
    return lines


def key_of_texts(data: Interactions, model: str) -> str:
    """16 hex digits that change with the ids and texts of the items, and with the model."""
    return key_of({"ids": data.item_ids.tolist(), "texts": texts_of(data), "model": model})


def load_vectors(key: str) -> Floats | None:
    """What is kept under the key, float32 [I, D]; None where that is nothing, or damaged."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        column = (
            parquet.read_table(_path(key), columns=["vector"]).column("vector").combine_chunks()
        )
        return np.asarray(column.flatten(), dtype=np.float32).reshape(len(column), -1)
    except (OSError, ValueError, pa.ArrowException):
        return None


def save_vectors(key: str, data: Interactions, vectors: Floats) -> Path:
    """Keep the vectors of the items, [I, D]; written whole, or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    path = _path(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    columns = {
        "item_id": pa.array(data.item_ids.tolist()),
        "vector": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
    }
    unfinished = path.with_suffix(".tmp")
    parquet.write_table(pa.table(columns), unfinished)
    unfinished.replace(path)
    return path


def _path(key: str) -> Path:
    return cache_folder() / "texts" / key / FILE
