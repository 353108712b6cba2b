"""The interactions that kept models learned from, once for each split, as parquet files.

So a kept model needs no data set where it is used. Arrays come back as they were, bit for bit.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.interactions import Features, Interactions, OriginalIds
from bench.kept.manifest import DATA, Damaged, DataManifest, intact
from bench.kept.tables import ids_column, numbers, read_table, write_table
from bench.records.files import load

ROWS = "interactions.parquet"
SIDES = ("users", "items")
DATA_FILES = (ROWS, *(f"{side}.parquet" for side in SIDES))


def write_interactions(train: Interactions, folder: Path) -> None:
    """Write interactions, and all that is known of their users and items, into a folder."""
    rows = {"user": train.users, "item": train.items, "time": train.times, "rating": train.ratings}
    columns = {name: pa.array(each) for name, each in rows.items() if each is not None}
    write_table(columns, folder / ROWS)
    for side in SIDES:
        ids, features = getattr(train, f"{side[:-1]}_ids"), getattr(train, f"{side[:-1]}_features")
        described, facts = ({}, None) if features is None else _written(features)
        write_table({"id": ids_column(ids)} | described, folder / f"{side}.parquet", facts)


def read_interactions(folder: Path) -> Interactions:
    """What `write_interactions` wrote.

    Raises:
        Damaged: a file is missing, or has changed.
    """
    manifest = load(DataManifest, folder / DATA)
    rows, _ = read_table(intact(folder, ROWS, manifest.files))
    sides = [_side(intact(folder, f"{side}.parquet", manifest.files)) for side in SIDES]
    (user_ids, user_features), (item_ids, item_features) = sides
    try:
        return Interactions(
            users=numbers(rows["user"]),
            items=numbers(rows["item"]),
            times=numbers(rows["time"]),
            ratings=numbers(rows["rating"]) if "rating" in rows else None,
            n_users=len(user_ids),
            n_items=len(item_ids),
            user_ids=user_ids,
            item_ids=item_ids,
            user_features=user_features,
            item_features=item_features,
            source=manifest.source,
        )
    except (KeyError, ValueError) as error:
        raise Damaged(f"{folder}: no interactions: {error}") from error


def _side(path: Path) -> tuple[OriginalIds, Features | None]:
    columns, facts = read_table(path)
    return numbers(columns["id"]), None if facts is None else _read(columns, facts)


def _written(features: Features) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns of a table, by kind and number, and what their names and sizes are.

    Of yes-or-no columns there may be thousands, so that a row has the numbers of its own.
    """
    owned = [np.flatnonzero(row).astype(np.int32) for row in features.multi_hot]
    columns: dict[str, Any] = {"multi_hot": pa.array(owned, pa.list_(pa.int32()))}
    for kind in ("categorical", "dense"):
        for j, column in enumerate(getattr(features, kind).T):
            columns[f"{kind}.{j}"] = pa.array(np.ascontiguousarray(column))
    if features.labels is not None:
        columns["label"] = pa.array(features.labels, pa.string())
    for j, texts in enumerate(features.text):
        columns[f"text.{j}"] = pa.array(texts, pa.string())
    names = ("categorical_names", "categorical_sizes", "multi_hot_names", "dense_names")
    return columns, {name: list(getattr(features, name)) for name in (*names, "text_names")}


def _read(columns: dict[str, Any], facts: dict[str, Any]) -> Features:
    count = len(columns["multi_hot"])
    multi_hot = np.zeros((count, len(facts["multi_hot_names"])), dtype=np.bool_)
    owned = columns["multi_hot"]
    sizes = np.diff(np.from_dlpack(owned.offsets))
    multi_hot[np.repeat(np.arange(count), sizes), np.from_dlpack(owned.flatten())] = True
    named: dict[str, Any] = {name: tuple(each) for name, each in facts.items()}
    return Features(
        categorical=_stacked(columns, "categorical", facts, count, np.int32),
        multi_hot=multi_hot,
        dense=_stacked(columns, "dense", facts, count, np.float32),
        labels=tuple(columns["label"].to_pylist()) if "label" in columns else None,
        text=tuple(
            tuple(columns[f"text.{j}"].to_pylist()) for j in range(len(facts["text_names"]))
        ),
        **named,
    )


def _stacked(
    columns: dict[str, Any], kind: str, facts: dict[str, Any], count: int, dtype: type
) -> Any:
    found: NDArray[Any] = np.empty((count, len(facts[f"{kind}_names"])), dtype=dtype)
    for j in range(found.shape[1]):
        found[:, j] = np.from_dlpack(columns[f"{kind}.{j}"])
    return found
