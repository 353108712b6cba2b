"""Hand a large value to another process: written once, then mapped into memory, never copied.

Its arrays stand side by side in a file of their own (PEP 574, out-of-band pickling). Processes that
map the file share its memory and cannot write to it, and what they never read takes none. joblib
maps arrays too, but its import would cost every job 0.06 s.
"""

import mmap
import pickle
from pathlib import Path
from typing import Any

ALIGNMENT = 64  # bytes: where an array may begin


def write(value: Any, path: Path) -> None:
    """Write a value to a path; its arrays beside it."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    places = []
    with _arrays(path).open("wb") as file:
        for buffer in buffers:
            raw = buffer.raw()
            places.append((file.tell(), file.tell() + raw.nbytes))
            file.write(raw)
            file.write(bytes(-raw.nbytes % ALIGNMENT + ALIGNMENT))  # an empty file has no map
    path.write_bytes(pickle.dumps((head, places)))


def read(path: Path) -> Any:
    """The value at a path, its arrays read-only."""
    head, places = pickle.loads(path.read_bytes())
    if not places:
        return pickle.loads(head)
    with _arrays(path).open("rb") as file:
        memory = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    return pickle.loads(head, buffers=[memory[first:beyond] for first, beyond in places])


def _arrays(path: Path) -> Path:
    return path.with_suffix(".arrays")
