"""Columns of tables of items and users: the kind of feature of each, told by what is in it."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from bench.data.columns import as_numbers, as_text
from bench.data.table import MISSING, BadValue
from bench.interactions import Floats, Ids

Kind = Literal["number", "category", "tags", "text", "label", "ignore"]
KINDS = get_args(Kind)
LABELS = ("title", "name", "label")  # of a column that is shown to people
FEW_NUMBERS = 10  # whole numbers of so few values are categories
FEW = 50  # distinct values that are categories in any table
SOME = 1000  # that are where each is there ten times on average
MOST_TAGS = 200  # of a column; the most frequent are kept
A_DATE = r"^(19|20)\d\d-[01]\d-[0-3]\d([T ]\d\d:\d\d(:\d\d)?)?$"
A_LIST = r"^\[.*\]$"
QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"|([^\s,\[\]'\"][^,\[\]]*)")


class Guess(NamedTuple):
    """A kind, and why where that needs saying."""

    kind: Kind
    why: str = ""


def without_missing(values: Any) -> Any:
    """An Arrow array, with null for what stands for nothing."""
    import pyarrow as pa
    from pyarrow import compute

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    if not pa.types.is_string(values.type):
        return values
    values = compute.utf8_trim_whitespace(values)
    nothing = compute.is_in(values, value_set=pa.array(MISSING))
    return compute.if_else(nothing, pa.scalar(None, pa.string()), values)


def guessed(values: Any, declared: str | None = None) -> Guess:
    """The kind of a column.

    Args:
        values: from `without_missing`.
        declared: what the file says of it, a type of RecBole.
    """
    import pyarrow as pa

    known = values.drop_null()
    if not len(known):
        return Guess("ignore", "nothing is in it")
    if declared == "float_seq" or _is_list_of_numbers(known.type):
        return Guess("ignore", "lists of numbers")
    if pa.types.is_nested(known.type):
        return Guess("tags") if pa.types.is_list(known.type) else Guess("ignore", "nested")
    if pa.types.is_temporal(known.type) or _all_match(known, A_DATE):
        return Guess("number", "days since 1970")
    if declared != "token" and (numbers := _numbers(known)) is not None:
        whole = np.all(np.floor(numbers) == numbers)
        few = whole and len(np.unique(numbers)) <= FEW_NUMBERS
        return Guess("category" if few or pa.types.is_boolean(known.type) else "number")
    return _of_words(as_text(known), declared)


def _of_words(known: Any, declared: str | None) -> Guess:
    from pyarrow import compute

    distinct = len(known.unique())
    parts = [part for some in tags_of(known, declared) for part in some]
    if len(parts) > len(known) and 2 * len(set(parts)) <= len(parts):
        return Guess("tags")
    if distinct <= FEW or distinct <= min(SOME, len(known) / 10):
        return Guess("category")
    spaces = compute.sum(compute.match_substring_regex(known, r"\s")).as_py()
    if spaces < len(known) / 10 and distinct > len(known) / 2:
        return Guess("ignore", "a word of its own for nearly each")
    return Guess("text")


def tags_of(values: Any, declared: str | None = None) -> list[list[str]]:
    """The parts of each value: of lists, of "a|b|c", of "['a', 'b']"; null has none."""
    import pyarrow as pa

    if pa.types.is_nested(values.type):
        return [[str(part) for part in some or () if part is not None] for some in values.tolist()]
    known = as_text(values)
    lists = _all_match(known.drop_null(), A_LIST)
    found = []
    for value in known.to_pylist():
        if value is None:
            parts: Sequence[str] = ()
        elif lists:
            parts = [next(filter(None, groups), "") for groups in QUOTED.findall(value)]
        else:
            parts = value.split("|") if "|" in value or declared != "token_seq" else value.split()
        found.append([part.strip() for part in parts if part.strip()])
    return found


def numbers_of(values: Any) -> Floats:
    """Numbers, NaN where there is none; moments as days since 1970. [E]

    Raises:
        BadValue: one is no number.
    """
    import pyarrow as pa

    if pa.types.is_string(values.type) and _all_match(values.drop_null(), A_DATE):
        values = values.cast(pa.timestamp("s"))
    if pa.types.is_temporal(values.type):
        seconds = values.cast(pa.timestamp("s")).cast(pa.int64()).cast(pa.float64())
        values = pa.array(seconds.to_numpy(zero_copy_only=False) / 86_400.0)
    found = as_numbers(values).to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        narrow: Floats = found.astype(np.float32)
    narrow[~np.isfinite(narrow)] = np.nan
    return narrow


def categories_of(values: Any) -> tuple[Ids, int]:
    """A number for each distinct value, in their order, and one for missing; how many. [E]"""
    from pyarrow import compute

    text = as_text(values)
    distinct = text.drop_null().unique().sort()
    codes = compute.index_in(text, value_set=distinct).fill_null(len(distinct))
    missing = int(text.null_count > 0)
    return np.asarray(codes.to_numpy(zero_copy_only=False), np.int32), len(distinct) + missing


def most_frequent(tags: list[list[str]]) -> list[str]:
    """The tags that are kept, sorted."""
    counts = Counter(tag for some in tags for tag in set(some))
    ordered = sorted(counts, key=lambda tag: (-counts[tag], tag))
    return sorted(ordered[:MOST_TAGS])


def label_column(columns: Sequence[str]) -> str | None:
    """The column that is shown to people: called title, name or label, or something_title."""
    compared = {re.sub(r"[^a-z]", "", column.lower()): column for column in reversed(columns)}
    for name in LABELS:
        if name in compared:
            return compared[name]
    titles = [column for name, column in compared.items() if name.endswith("title")]
    return titles[-1] if titles else None


def _numbers(known: Any) -> Any:
    """Numbers, or None where a value is none, or has leading zeros as codes have."""
    import pyarrow as pa

    if pa.types.is_string(known.type) and _any_match(known, r"^0\d"):
        return None
    try:
        return as_numbers(known).to_numpy(zero_copy_only=False)
    except BadValue:
        return None


def _is_list_of_numbers(kind: Any) -> bool:
    import pyarrow as pa

    is_list = pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(is_list and pa.types.is_floating(kind.value_type))


def _all_match(values: Any, pattern: str) -> bool:
    import pyarrow as pa
    from pyarrow import compute

    if not pa.types.is_string(values.type) or not len(values):
        return False
    return bool(compute.all(compute.match_substring_regex(values, pattern)).as_py())


def _any_match(values: Any, pattern: str) -> bool:
    from pyarrow import compute

    return bool(compute.any(compute.match_substring_regex(values, pattern)).as_py())
