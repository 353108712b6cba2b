"""Large read-only arrays that many jobs are handed, as those of train: written once for all.

They are written to the folder that the jobs have theirs in, and stay there as long as it.
"""

import os
import pickle
import tempfile
import weakref
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from bench.isolation.transfer import Place

LEAST_BYTES = 1 << 20  # of an array that stands in a file of its own

# Files of arrays by the array that owns their memory, the place in it, and the folder.
_Key = tuple[int, int, int, Path]
_files: dict[_Key, tuple[weakref.ref[Any], Path]] = {}
_lock = Lock()  # cells may start side by side


def place(buffer: pickle.PickleBuffer, folder: Path) -> Place | None:
    """Where an array stands in a folder for all jobs; None for one that is small or may change.

    It is written there unless it was before, and lives since.
    """
    array = memoryview(buffer).obj
    # Of one with several axes pickle may have made a copy, which lives no longer than it.
    if not isinstance(array, np.ndarray) or array.ndim != 1 or array.flags.writeable:
        return None
    if array.nbytes < LEAST_BYTES:
        return None
    owner: np.ndarray[Any, Any] = array  # views of it come and go
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    key = (id(owner), array.ctypes.data, array.nbytes, folder)
    with _lock:
        known, path = _files.get(key, (None, folder))
        if known is None or known() is not owner or not path.exists():
            path = _written(buffer.raw(), folder)
            _files[key] = weakref.ref(owner), path
    return Place(path, 0, array.nbytes)


def _written(raw: memoryview, folder: Path) -> Path:
    """A new file with these bytes, which nobody may write to."""
    number, name = tempfile.mkstemp(prefix="shared-", suffix=".array", dir=folder)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(raw)
            os.fchmod(file.fileno(), 0o400)
    except BaseException:
        Path(name).unlink()
        raise
    return Path(name)
