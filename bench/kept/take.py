"""In the run: check what the process of a fit left, which had the model's own code in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from bench.errors import Problem
from bench.interactions import Interactions
from bench.kept.arrays import read_arrays
from bench.kept.leave import VECTORS
from bench.kept.manifest import STATE, Kind
from bench.kept.put import Fitted

MOST_BYTES = 1 << 34  # of a file: 16 GB


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
        arrays = {} if left.kind == "none" else read_arrays(_small_enough(folder / VECTORS))
        state = _small_enough(folder / STATE) if left.restorable else None
        if state is not None:
            read_arrays(state)  # or it would fail where it is used
    except (OSError, ValueError) as error:
        raise NotKept(str(error)) from error
    if left.kind == "none":
        return Fitted(kind="none", state=state)
    items = _checked("items", arrays.get("items"), train.n_items)
    users = None
    if left.kind == "vectors":
        users = _checked("users", arrays.get("users"), train.n_users)
        if users.shape[1] != items.shape[1]:
            raise NotKept(
                f"vectors of users have {users.shape[1]} numbers, of items {items.shape[1]}"
            )
    if not 0 <= left.biases < items.shape[1]:
        raise NotKept(f"of {items.shape[1]} numbers in a vector {left.biases} cannot be biases")
    return Fitted(kind=left.kind, items=items, users=users, biases=left.biases, state=state)


def _small_enough(path: Path) -> Path:
    size = path.lstat().st_size
    if not path.is_file() or path.is_symlink():
        raise NotKept(f"{path.name} is no plain file")
    if size > MOST_BYTES:
        raise NotKept(f"{path.name} has {size:,} bytes, more than {MOST_BYTES:,}")
    return path


def _checked(name: str, given: NDArray[Any] | None, count: int) -> NDArray[np.float32]:
    if given is None:
        raise NotKept(f"there are no vectors of {name}")
    if given.dtype != np.float32 or given.ndim != 2 or len(given) != count or not given.shape[1]:
        raise NotKept(
            f"vectors of {name} must be float32 ({count}, d), not {given.dtype} {given.shape}"
        )
    if not np.isfinite(given).all():
        raise NotKept(f"vectors of {name} are not all finite")
    return np.ascontiguousarray(given)
