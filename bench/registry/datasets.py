"""Load data sets by name and parameters."""

from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any, get_type_hints

from bench.data.delimited import BadData
from bench.errors import BadParameter, unknown
from bench.interactions import Interactions
from bench.registry.models import load_module
from bench.registry.parameters import as_type, toml_value


def parse_dataset(text: str) -> tuple[str, dict[str, Any]]:
    """Split "synthetic:scale=10,seed=1" into data set and parameters, as `parse_setting` does.

    Raises:
        BadParameter: the text is not of this form.
    """
    name, colon, rest = text.partition(":")
    given = {}
    for setting in rest.split(",") if colon else []:
        parameter, equals, value = setting.partition("=")
        if not (equals and parameter.strip()):
            raise BadParameter(
                f"dataset takes name:parameter=value, as synthetic:scale=10, not {text!r}"
            )
        given[parameter.strip()] = toml_value(value)
    return name.strip(), given


def for_load(load: Callable[..., Any], name: str, given: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a data set's load(), checked: those that it takes by keyword only.

    Raises:
        UnknownName: a parameter that it does not take.
        BadParameter: a value of another type than the parameter's.
    """
    types = get_type_hints(load)
    known = [p.name for p in signature(load).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for parameter in given:
        if parameter not in known:
            raise unknown(f"parameter of {name}", parameter, known)
    return {
        parameter: as_type(value, types[parameter], f"{name}.{parameter}")
        for parameter, value in given.items()
    }


def load_data(dataset: str, data_dir: Path | None) -> Interactions:
    """Load a data set by name, with parameters if any: "synthetic:scale=10".

    What its module raises goes on: see `bench.data.fetch`.

    Raises:
        UnknownName, BadParameter: there is no such data set, or it does not take the parameters.
    """
    name, given = parse_dataset(dataset)
    load = load_module("datasets", name).load
    parameters = for_load(load, name, given)
    try:
        data = load(data_dir, **parameters)
    except ValueError as error:
        if not given or isinstance(error, BadData):
            raise
        raise BadParameter(f"{dataset}: {error}") from error
    if not isinstance(data, Interactions):
        raise TypeError(f"load() of {name} must return Interactions, not {type(data).__name__}")
    return data
