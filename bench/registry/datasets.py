"""Load data sets by name and parameters."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import replace
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from bench.data.delimited import BadData
from bench.errors import BadParameter, Problem, UsageError, unknown
from bench.interactions import DataSet, Interactions
from bench.registry.models import load_module
from bench.registry.parameters import as_type, toml_value
from bench.text import shown, toml

# What the module of a data set must have.
FACTS: dict[str, tuple[Any, str]] = {
    "TITLE": (str, "text"),
    "DESCRIPTION": (str, "text"),
    "SOURCE": (str, "text"),
    "LICENCE": (str, "text"),
    "CITATION": (str, "text"),
    "SHA256": (Mapping, "a dictionary of its files, empty where no checksum is known"),
    "COUNTS": (Mapping, "a dictionary of users, items and interactions, empty where they change"),
    "load": (Callable, "a function"),
}


class BadDataSet(Problem):
    """The module of a data set that lacks a fact, or whose `load` returns something else."""


def parse_dataset(text: str) -> tuple[str, dict[str, Any]]:
    """Split "synthetic:scale=10,seed=1" into data set and parameters.

    What follows the colon is the inside of a TOML table, as `dataset_text` writes it; text may
    stand without quotes where there is no comma in it.

    Raises:
        BadParameter: the text is not of this form.
    """
    name, colon, rest = text.partition(":")
    whole = toml_value(f"{{{rest}}}")
    if rest.strip() and isinstance(whole, dict):
        return name.strip(), whole
    given = {}
    for setting in rest.split(",") if colon else []:
        parameter, equals, value = setting.partition("=")
        if not (equals and parameter.strip()):
            raise BadParameter(
                f"dataset takes name:parameter=value, as synthetic:scale=10, not {text!r}"
            )
        given[parameter.strip()] = toml_value(value)
    return name.strip(), given


def dataset_text(name: str, given: Mapping[str, Any]) -> str:
    """The inverse of `parse_dataset`."""
    inside = ",".join(f"{key}={toml(value)}" for key, value in given.items())
    return f"{name}:{inside}" if inside else name


def for_load(load: Callable[..., Any], name: str, given: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a data set's load(), checked: those that it takes by keyword only.

    Raises:
        UnknownName: a parameter that it does not take.
        BadParameter: a value of another type than the parameter's, or one is missing.
    """
    types = get_type_hints(load)
    known = {p.name: p for p in signature(load).parameters.values() if p.kind is p.KEYWORD_ONLY}
    for parameter in given:
        if parameter not in known:
            raise unknown(f"parameter of {name}", parameter, known)
    for parameter, declared in known.items():
        if declared.default is declared.empty and parameter not in given:
            raise BadParameter(f"{name} needs a {parameter}, as {name}:{parameter}=...")
    return {
        parameter: as_type(value, types[parameter], f"{name}.{parameter}")
        for parameter, value in given.items()
    }


def dataset_module(name: str) -> ModuleType:
    """The module of a data set, which has all of FACTS.

    Raises:
        UnknownName: there is none of that name.
        BadDataSet: a fact is missing, or of another type.
    """
    module = load_module("datasets", name)
    for fact, (kind, noun) in FACTS.items():
        value = getattr(module, fact, None)
        if value is None:
            near = difflib.get_close_matches(fact, set(vars(module)) - FACTS.keys(), n=1)
            hint = f"; it has {near[0]}" if near else ""
            raise BadDataSet(f"{module.__file__} lacks {fact}{hint}. Needed: {', '.join(FACTS)}")
        if not isinstance(value, kind):
            raise BadDataSet(f"{module.__file__}: {fact} must be {noun}, not {shown(value)}")
    return module


def load_data(dataset: str, data_dir: Path | None) -> DataSet:
    """Load a data set by name, with parameters if any: "synthetic:scale=10".

    It is called by that, unless it has a name of its own.

    What its module raises goes on: see `bench.data.fetch`.

    Raises:
        UnknownName, BadParameter: there is no such data set, or it does not take the parameters.
        BadDataSet: its module is not one of a data set.
    """
    name, given = parse_dataset(dataset)
    module = dataset_module(name)
    parameters = for_load(module.load, name, given)
    try:
        data = module.load(data_dir, **parameters)
    except ValueError as error:
        if not given or isinstance(error, BadData | UsageError):
            raise
        raise BadParameter(f"{dataset}: {error}") from error
    if not isinstance(data, Interactions | DataSet):
        found = type(data).__name__
        raise BadDataSet(
            f"{module.__file__}: load() must return Interactions or a DataSet, not {found}"
        )
    whole = DataSet.of(data)
    return replace(whole, name=whole.name or dataset)
