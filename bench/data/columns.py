"""A column of any type as numbers or as text; what cannot be one is said by its row."""

import re
from typing import Any

import numpy as np

from bench.data.table import BadValue
from bench.text import quoted

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
PLAIN_NUMBER = re.compile(r"-?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def as_text(values: Any) -> Any:
    """An Arrow array of strings. Raises BadValue for lists and other things that are no text."""
    import pyarrow as pa
    from pyarrow import compute

    kind = values.type
    if isinstance(values, pa.ExtensionArray):
        return as_text(values.storage)
    if pa.types.is_string(kind):
        return values
    if pa.types.is_dictionary(kind):
        return as_text(values.dictionary_decode())
    if pa.types.is_floating(kind):
        # "3", not "3.0": so the same number is the same text in files of any kind.
        found = values.cast(pa.string())
        return compute.replace_substring_regex(found, r"\.0$", "")
    try:
        return values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise BadValue(0, f"is no text but {kind}") from None


def as_numbers(values: Any) -> Any:
    """An Arrow array of float64, missing ones stay so. Raises BadValue for what is no number."""
    import pyarrow as pa
    from pyarrow import compute

    kind = values.type
    if pa.types.is_dictionary(kind):
        return as_numbers(values.dictionary_decode())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return as_numbers(values.cast(pa.string()))
    if pa.types.is_string(kind):
        values = compute.utf8_trim_whitespace(values)
        good = compute.fill_null(compute.match_substring_regex(values, NUMBER), True)
        if not compute.all(good).as_py():
            row = compute.index(good, False).as_py()
            raise BadValue(row, f"{quoted(values[row].as_py())} is not a number")
        return compute.replace_substring_regex(values, r"^\+", "").cast(pa.float64())
    if not (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    ):
        raise BadValue(0, f"is not a number but {kind}")
    return values.cast(pa.float64(), safe=False)


def first_missing(values: Any) -> int:
    """The row of the first missing value, of an Arrow array that has one."""
    return int(np.argmax(values.is_null().to_numpy(zero_copy_only=False)))


def is_number(value: str) -> bool:
    """Whether text is a decimal number; one with a leading zero, as "007", is none."""
    return PLAIN_NUMBER.fullmatch(value) is not None


def fits_float(value: str) -> bool:
    """Whether text is a whole number that a float64 holds exactly."""
    return is_number(value) and float(value).is_integer() and abs(float(value)) < 2**53
