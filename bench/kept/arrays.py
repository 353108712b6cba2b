"""Arrays by name in a file of safetensors, which holds numbers and no code.

The order of an array's numbers in memory is kept too: a product by the transpose of a matrix may
differ in its last bits from one by a copy of it.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from bench.kept.manifest import Damaged

TRANSPOSED = "transposed"  # in the metadata: names of arrays that were by column, as JSON cannot be


def write_arrays(arrays: dict[str, NDArray[Any]], path: Path) -> None:
    """Write arrays of numbers or truth values.

    Raises:
        TypeError, ValueError: something else is among them.
    """
    plain, by_column = {}, []
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            raise TypeError(f"{name!r} must be an array of numbers, not {_kind(array)}")
        if array.flags.f_contiguous and not array.flags.c_contiguous:
            by_column.append(name)
            array = array.T
        plain[name] = np.asarray(array, order="C")
    save_file(plain, path, metadata={TRANSPOSED: "\n".join(by_column)})


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file, in memory of their own.

    Raises:
        Damaged: it is no such file.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            by_column = (file.metadata() or {}).get(TRANSPOSED, "").split("\n")
            arrays = {name: np.array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise Damaged(f"{path}: {error}") from error
    return {name: each.T if name in by_column else each for name, each in arrays.items()}


def shapes_of(path: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type, as safetensors call it, and shape of each array, by what the file says at its start.

    That it is as long as it says is checked, and nothing is read of the arrays.

    Raises:
        Damaged: it is no such file.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            return {name: (p.get_dtype(), tuple(p.get_shape())) for name, p in parts.items()}
    except (OSError, ValueError, SafetensorError) as error:
        raise Damaged(f"{path}: {error}") from error


def _kind(value: Any) -> str:
    return str(value.dtype) if isinstance(value, np.ndarray) else type(value).__name__
