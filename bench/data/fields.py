"""One field of a table as a number or a time, or why it is none."""

import math
import re
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

Kind = Literal["integer", "number", "time", "text"]

# As seconds this is the year 5138, as milliseconds the year 1973: a larger time is milliseconds.
LATEST_SECONDS = 10**11
WHOLE_NUMBER = re.compile(r"\s*([+-]?[0-9]+)(?:\.0*)?\s*")
NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")


def _integer(field: str) -> int:
    match = WHOLE_NUMBER.fullmatch(field)
    if match is None:
        raise ValueError("is missing" if not field.strip() else "is not a whole number")
    # The length first: int() of very many digits is slow, and refused by Python.
    if len(match[1]) > 30 or not -(2**63) <= int(match[1]) < 2**63:
        raise ValueError("does not fit into 64 bits")
    return int(match[1])


def _number(field: str) -> float:
    if not field.strip():
        raise ValueError("is missing")
    if NUMBER.fullmatch(field) is None:
        raise ValueError("is not a finite number")
    value = float(field)
    if math.isinf(value) or abs(value) > float(np.finfo(np.float32).max):
        raise ValueError("is too large")
    return value


def _time(field: str) -> int:
    value = _integer(field)
    if value < 0:
        raise ValueError("is negative; times are seconds since 1970")
    if value >= LATEST_SECONDS:
        raise ValueError("looks like milliseconds; times are seconds since 1970")
    return value


# Each raises ValueError with what is wrong, to be said after the field.
PARSERS: dict[Kind, Callable[[str], Any]] = {
    "integer": _integer,
    "number": _number,
    "time": _time,
    "text": str,
}
DTYPES: dict[Kind, Any] = {
    "integer": np.int64,
    "number": np.float32,
    "time": np.int64,
    "text": object,
}
