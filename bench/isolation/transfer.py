"""Hand a large value to another process: written once, then mapped into memory, never copied.

Its arrays stand side by side in a file of their own (PEP 574, out-of-band pickling). Processes that
map the file share its memory and cannot write to it, and what they never read takes none. joblib
maps arrays too, but its import would cost every job 0.06 s.
"""

import mmap
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ALIGNMENT = 64  # bytes: where an array may begin


class Place(NamedTuple):
    """Where the bytes of an array stand."""

    path: Path
    first: int
    beyond: int


Elsewhere = Callable[[pickle.PickleBuffer], Place | None]


def write(value: Any, path: Path, elsewhere: Elsewhere = lambda buffer: None) -> None:
    """Write a value to a path; its arrays beside it.

    Args:
        elsewhere: where an array stands already, as `bench.isolation.shared` knows; None for one
            that is to be written.
    """
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    places = []
    with _arrays(path).open("wb") as file:
        for buffer in buffers:
            place, raw = elsewhere(buffer), buffer.raw()
            if place is None:
                place = Place(_arrays(path), file.tell(), file.tell() + raw.nbytes)
                file.write(raw)
                file.write(bytes(-raw.nbytes % ALIGNMENT + ALIGNMENT))  # an empty file has no map
            places.append(place)
    path.write_bytes(pickle.dumps((head, places)))


def read(path: Path) -> Any:
    """The value at a path, its arrays read-only."""
    head, places = pickle.loads(path.read_bytes())
    mapped = {each: _mapped(each) for each in dict.fromkeys(place.path for place in places)}
    arrays = [mapped[place.path][place.first : place.beyond] for place in places]
    return pickle.loads(head, buffers=arrays)


def _mapped(path: Path) -> memoryview:
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _arrays(path: Path) -> Path:
    return path.with_suffix(".arrays")
