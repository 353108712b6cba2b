"""Parameters of models and data sets from the command line and suites, checked against theirs."""

import json
import sys
import tomllib
from contextlib import suppress
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from bench.adapter import Adapter
from bench.errors import BadParameter, unknown
from bench.text import shown


def parse_setting(text: str) -> tuple[str, str, Any]:
    """Split "als.factors=32" into model, parameter and value. The value is TOML, or else text.

    Raises:
        BadParameter: the text is not of this form.
    """
    target, equals, value = text.partition("=")
    model, dot, parameter = target.strip().partition(".")
    if not (equals and dot and model and parameter):
        raise BadParameter(f"--set takes model.parameter=value, as als.factors=32, not {text!r}")
    return model, parameter, toml_value(value)


def toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # no TOML, or of too many digits or brackets
        return text.strip()


def complete(cls: type[Adapter], name: str, given: dict[str, Any]) -> dict[str, Any]:
    """All hyper-parameters of a model: those given, checked, and the others at their default.

    Raises:
        TypeError: the model is not a dataclass, or a field has no default, or one that no record
            can hold.
        UnknownName: a parameter that the model does not have.
        BadParameter: a value of another type than the field's.
    """
    if not is_dataclass(cls):
        raise TypeError(
            f"{cls.__name__} must be a dataclass: put @dataclass(kw_only=True) above it"
        )
    types = get_type_hints(cls)
    known = [field.name for field in fields(cls) if field.init]
    for parameter in given:
        if parameter not in known:
            raise unknown(f"parameter of {name}", parameter, known)
    checked = {
        parameter: as_type(value, types[parameter], f"{name}.{parameter}")
        for parameter, value in given.items()
    }
    adapter = cls(**checked)
    values = {parameter: getattr(adapter, parameter) for parameter in known}
    for parameter, value in values.items():
        if not is_plain(value):
            raise TypeError(f"{name}.{parameter} must be {PLAIN}, not {shown(value)}")
    return values


PLAIN = "text, a finite number, true or false, or a list or table of these"


def is_plain(value: Any) -> bool:
    """Whether a record can hold a value."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def as_type(value: Any, wanted: Any, where: str) -> Any:
    """A TOML value as a field's type: a whole number may stand for a float, a list for a tuple.

    Raises:
        UnknownName: none of the values that a Literal allows.
        BadParameter: a value of another type.
    """
    origin, arguments = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return value
    if origin in (Union, UnionType):
        for option in arguments:
            with suppress(BadParameter):
                return as_type(value, option, where)
    elif origin is Literal:
        if value in arguments:
            return value
        raise unknown(f"value of {where}", str(value), map(str, arguments))
    elif origin is tuple and isinstance(value, list | tuple):
        return tuple(as_type(entry, arguments[0], where) for entry in value)
    elif wanted is float and isinstance(value, int | float) and not isinstance(value, bool):
        if not abs(value) <= sys.float_info.max:
            raise BadParameter(f"{where} must be a finite number, not {shown(value)}")
        return float(value)
    elif wanted is int and type(value) is int and not -(2**63) <= value < 2**63:
        raise BadParameter(f"{where} must fit into 64 bits, unlike {shown(value)}")
    elif wanted is NoneType and value in (None, "none"):
        return None
    elif type(value) is (origin or wanted):
        return value
    raise BadParameter(f"{where} must be {_words(wanted)}, not {shown(value)}")


def _words(wanted: Any) -> str:
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin in (Union, UnionType):
        return " or ".join(_words(option) for option in arguments)
    if origin is tuple:
        return f"a list, each {_words(arguments[0])}"
    plain = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    return {**plain, dict: "a table", NoneType: '"none"'}.get(origin or wanted, str(wanted))
