"""Parquet, npz and safetensors: whole arrays, with the ids beside them."""

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from safetensors.numpy import save

from bench.export.exported import Exported
from bench.export.text_fields import refuse
from bench.kept.tables import write_items, write_users


def parquet(given: Exported) -> dict[str, bytes]:
    """A table as it is kept: item_id, title, year, genres, users and vector; or user_id and vector.

    vector is a list of d 32-bit numbers.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        if given.catalogue is None:
            write_users(given.ids, given.vectors, path)
        else:
            write_items(given.catalogue, given.vectors, path)
        return {"": path.read_bytes()}


def npz(given: Exported) -> dict[str, bytes]:
    """Arrays for numpy.load: vectors [n, d], ids [n] and, of items, titles [n].

    Raises:
        CannotExport: an id of text ends with a zero character, which numpy would drop.
    """
    arrays: dict[str, Any] = {"vectors": given.vectors, "ids": given.ids}
    if given.ids.dtype.kind == "O":
        arrays["ids"] = np.array(list(map(str, given.ids)), dtype=np.str_)
        for text, held in zip(given.ids, arrays["ids"], strict=True):
            if text != held:
                refuse(given, text, "ends with a zero character, which numpy drops", "npz")
    if given.catalogue is not None:
        arrays["titles"] = np.array(given.catalogue.titles, dtype=np.str_)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return {"": buffer.getvalue()}


def safetensors(given: Exported) -> dict[str, bytes]:
    """Tensors vectors [n, d] and ids [n], int64; ids of text, titles and what they are as metadata.

    In the metadata `ids` and `titles` are lists in JSON.
    """
    tensors: dict[str, Any] = {"vectors": given.vectors}
    metadata = dict(given.facts)
    if given.ids.dtype.kind == "O":
        metadata["ids"] = json.dumps(list(map(str, given.ids)))
    else:
        tensors["ids"] = np.ascontiguousarray(given.ids, dtype=np.int64)
    if given.catalogue is not None:
        metadata["titles"] = json.dumps(given.catalogue.titles)
    return {"": save(tensors, metadata)}
