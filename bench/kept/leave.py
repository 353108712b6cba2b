"""In the child process of a fit: leave its vectors and its state, which the run checks."""

from pathlib import Path
from typing import Any

import numpy as np

from bench.adapter import Adapter
from bench.interactions import Interactions
from bench.kept.arrays import write_arrays
from bench.kept.manifest import STATE, Kind
from bench.kept.profile import profile

VECTORS = "vectors.safetensors"


def leave(adapter: Adapter, train: Interactions, folder: Path) -> dict[str, Any]:
    """Write vectors and state of a fitted model into a folder; what they are, fit for JSON.

    Raises:
        Exception: whatever the model raises, or what it gave is no arrays.
    """
    kind: Kind = "none"
    vectors, biases = {}, 0
    if adapter.compares_items:
        own = adapter.embeddings()
        if own is not None:
            kind, vectors = "vectors", {"users": own.users, "items": own.items}
            biases = own.biases
        elif (found := profile(adapter, train)) is not None:
            kind, vectors = "profile", {"items": found}
    by_row = {name: np.ascontiguousarray(each) for name, each in vectors.items()}
    write_arrays(by_row, folder / VECTORS)
    state = adapter.state()
    if state is not None:
        write_arrays(state, folder / STATE)
    return {"kind": kind, "biases": int(biases), "restorable": state is not None}
