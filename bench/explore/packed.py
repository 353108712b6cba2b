"""Vectors as text of a page: 16 bits for each number, and a scale for each row."""

from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.interactions import Floats

LARGEST = 32_767


def packed(vectors: Floats) -> dict[str, Any]:
    """Vectors fit for JSON: [n, d] -> width, numbers and scales, little endian, in base64.

    A number is that of the row times the scale of the row. It differs from the given one by at most
    1 in 65,534 of the largest of the row, so that a cosine keeps four digits.
    """
    largest = np.abs(vectors).max(axis=1, initial=0.0)
    scales = np.where(largest > 0, largest / LARGEST, 1.0)
    numbers = np.rint(vectors / scales[:, None]).astype("<i2")
    return {
        "width": vectors.shape[1],
        "numbers": _text(numbers),
        "scales": _text(scales.astype("<f4")),
    }


def _text(array: NDArray[Any]) -> str:
    return b64encode(array.tobytes()).decode()
