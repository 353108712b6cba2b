"""Forms of values: whether what JSON gave is of the types that a dataclass names."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

WHOLE, NUMBER = "a whole number", "a number"
WORDS = {str: "text", int: WHOLE, float: NUMBER, bool: "true or false"}


def wrong_fields(value: Any) -> Iterator[str]:
    """Those of a dataclass, and of dataclasses in it, whose values are of another type, in words.

    A whole number is a number too; what a collection holds is looked at, but not the keys.
    """
    kinds = _kinds(type(value))  # type: ignore[arg-type]
    for each in fields(value):
        found = getattr(value, each.name)
        if is_dataclass(found) and isinstance(found, kinds[each.name]):
            yield from wrong_fields(found)
        elif not _is_of(found, kinds[each.name]):
            yield f"{each.name} is not {_words(kinds[each.name])}"


@cache
def _kinds(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _is_of(value: Any, kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_is_of(value, each) for each in inner)
    if origin is Literal:
        return value in inner
    if origin is dict:
        return isinstance(value, dict) and all(_is_of(each, inner[1]) for each in value.values())
    if origin in (list, tuple):
        return isinstance(value, origin) and all(_is_of(each, inner[0]) for each in value)
    if kind in (int, float):
        right = int if kind is int else int | float
        return isinstance(value, right) and not isinstance(value, bool)
    return kind is Any or isinstance(value, kind)


def _words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    return WORDS.get(kind, str(kind))
