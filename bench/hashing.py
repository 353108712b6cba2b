"""Hashes that change with what they are of, and with nothing else: of data, files and keys."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

PLAIN = (str, bool, int, float, np.generic, type(None))


def fingerprint(value: Any, **further: Any) -> str:
    """SHA-256 of arrays, numbers, text, None, and dataclasses, mappings or sequences of them.

    Args:
        value: what the hash is of.
        further: more of it, as if the value were a dataclass with these fields at its end.

    Raises:
        TypeError: something else is in it, of which it is not known what tells two apart.
    """
    digest = sha256()
    _feed(digest.update, value)
    for name, part in further.items():
        _feed_field(digest.update, name, part)
    return digest.hexdigest()


def _feed_field(update: Callable[[Any], None], name: str, value: Any) -> None:
    update(name.encode())
    _feed(update, value)


def _feed(update: Callable[[Any], None], value: Any) -> None:
    if is_dataclass(value):
        for field in fields(value):
            part = getattr(value, field.name)
            if field.metadata.get("hashed") == "unless empty" and (part is None or not len(part)):
                continue
            if field.name != "source":  # the same data by another way is the same data
                _feed_field(update, field.name, part)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        little_endian = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
        update(f"{little_endian.dtype.str}{value.shape}".encode())
        update(little_endian.ravel())
    elif isinstance(value, np.ndarray | list | tuple):
        update(f"{len(value)} of".encode())
        for entry in value:
            _feed(update, entry)
    elif isinstance(value, Mapping):
        update(f"{len(value)} named".encode())
        for name, entry in value.items():
            _feed_field(update, str(name), entry)
    elif not isinstance(value, PLAIN):
        raise TypeError(f"there is no fingerprint of {type(value).__name__}")
    else:
        update(f"{type(value).__name__} {value};".encode())


def key_of(parts: Mapping[str, Any]) -> str:
    """16 hex digits that change with any of the parts, which must be fit for JSON."""
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def of_files(paths: Iterable[Path], root: Path) -> str:
    """SHA-256 of files: of their contents, and their names as they stand below `root`."""
    digest = sha256()
    for path in sorted(paths):
        name = path.relative_to(root).as_posix()
        digest.update(name.encode() + sha256(path.read_bytes()).digest())
    return digest.hexdigest()
