"""In the run: check what the process of a fit left, which had the model's own code in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from bench.errors import Problem
from bench.interactions import Floats, Interactions
from bench.kept.arrays import read_arrays, shapes_of
from bench.kept.leave import VECTORS
from bench.kept.manifest import STATE, Damaged, Kind
from bench.kept.put import Fitted

MOST_BYTES = 1 << 34  # of a state: 16 GB
MOST_WIDE = 1 << 14  # numbers in a vector


class NotKept(Problem, ValueError):
    """What a fit left is not as agreed, so that its model is not kept."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """What the process says of the files that it left."""

    kind: Kind
    biases: int
    restorable: bool

    @classmethod
    def read(cls, plain: Any) -> "Left":
        """From what came over the connection.

        Raises:
            KeyError, TypeError, ValueError: it is of another form.
        """
        if plain["kind"] not in get_args(Kind):
            raise ValueError(f"there is no kind {plain['kind']!r}")
        if type(plain["biases"]) is not int or type(plain["restorable"]) is not bool:
            raise TypeError("biases must be a whole number, restorable true or false")
        return cls(**plain)


def taken(left: Left, folder: Path, train: Interactions) -> Fitted:
    """What is to be kept of a fit, if its files are as agreed.

    Args:
        left: what the process said.
        folder: where its files are.
        train: what it learned from.

    Raises:
        NotKept: a file is missing, too large or damaged, or an array of another shape or type, or
            not finite.
    """
    try:
        state = _plain(folder / STATE) if left.restorable else None
        if state is not None:
            shapes_of(state)  # or it would fail where it is used
        if left.kind == "none":
            return Fitted(kind="none", state=state)
        wanted = {"items": train.n_items}
        if left.kind == "vectors":
            wanted["users"] = train.n_users
        arrays = _vectors(_plain(folder / VECTORS), wanted)
    except (OSError, Damaged) as error:
        raise NotKept(str(error)) from error
    items, users = arrays["items"], arrays.get("users")
    if users is not None and users.shape[1] != items.shape[1]:
        raise NotKept(f"vectors of users have {users.shape[1]} numbers, of items {items.shape[1]}")
    if not 0 <= left.biases < items.shape[1]:
        raise NotKept(f"of {items.shape[1]} numbers in a vector {left.biases} cannot be biases")
    return Fitted(kind=left.kind, items=items, users=users, biases=left.biases, state=state)


def _plain(path: Path) -> Path:
    """A file of the process: none that stands elsewhere, and not too large."""
    if not path.is_file() or path.is_symlink():
        raise NotKept(f"{path.name} is no plain file")
    if (size := path.stat().st_size) > MOST_BYTES:
        raise NotKept(f"{path.name} has {size:,} bytes, more than {MOST_BYTES:,}")
    return path


def _vectors(path: Path, wanted: dict[str, int]) -> dict[str, Floats]:
    """The vectors of a file, of so many each; their shapes are checked before they are read."""
    shapes = shapes_of(path)
    for name, count in wanted.items():
        if name not in shapes:
            raise NotKept(f"there are no vectors of {name}")
        kind, shape = shapes[name]
        if kind != "F32" or len(shape) != 2 or shape[0] != count or not 0 < shape[1] <= MOST_WIDE:
            raise NotKept(f"vectors of {name} must be F32 ({count}, d), not {kind} {shape}")
    if unknown := shapes.keys() - wanted.keys():
        raise NotKept(f"vectors of {', '.join(sorted(unknown))} are not asked for")
    found = read_arrays(path)
    for name in wanted:
        if found[name].shape != shapes[name][1]:
            raise NotKept(f"vectors of {name} are not by row")
        if not np.isfinite(found[name]).all():
            raise NotKept(f"vectors of {name} are not all finite")
    return {name: np.ascontiguousarray(found[name]) for name in wanted}
