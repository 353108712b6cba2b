"""Rows of a run from what a script names: models by name, classes and instances."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.adapter import Adapter
from bench.api.handed import hand_over
from bench.errors import BadParameter
from bench.registry.models import define
from bench.registry.names import NameTaken, add_model, files
from bench.registry.suites import SuiteRow
from bench.text import shown

Model = str | Adapter | type[Adapter]
Models = str | Iterable[Model] | Mapping[str, Model]
WANTED = "a model's name, an Adapter class or an instance of one"


def rows_of(models: Models, folder: Path) -> tuple[SuiteRow, ...]:
    """A row for each model; classes that are known nowhere are written into a folder.

    Args:
        models: in the order of the run; in a mapping, under the labels that they get.
        folder: exists until the run has ended.

    Raises:
        UnknownName: there is no model of a name.
        NameTaken: a class is called as a model that exists, or as another class.
        BadParameter: something else, or nothing at all.
        CannotBeHandedOver: see `hand_over`.
    """
    labelled: list[tuple[str, Model]]
    if isinstance(models, Mapping):
        labelled = [(str(label), model) for label, model in models.items()]
    else:
        given = [models] if isinstance(models, str | Adapter | type) else models
        if not isinstance(given, Iterable):
            raise BadParameter(f"models takes a list, each {WANTED}, not {shown(models)}")
        labelled = [("", model) for model in given]
    if not labelled:
        raise BadParameter("models is empty: name one or more, as ['als', 'ease']")
    known: dict[type, str] = {}
    rows = []
    for label, model in labelled:
        name, params = _named(model, known, folder)
        rows.append(SuiteRow(model=name, params=params, label=label))
    return tuple(rows)


def _named(model: Model, known: dict[type, str], folder: Path) -> tuple[str, dict[str, Any]]:
    """Name and parameters of a model."""
    if isinstance(model, str):
        return model, {}
    cls = model if isinstance(model, type) else type(model)
    if not issubclass(cls, Adapter):
        raise BadParameter(f"models takes {WANTED}, not {shown(model)}")
    if not is_dataclass(cls):
        raise BadParameter(f"{cls.__name__} must be a dataclass: @dataclass(kw_only=True) above it")
    if cls not in known:
        known[cls] = _registered(cls) or _added(cls, folder)
    if isinstance(model, type):
        return known[cls], {}
    return known[cls], {f.name: getattr(model, f.name) for f in fields(model) if f.init}


def _registered(cls: type[Adapter]) -> str:
    """The name of the model in whose file a class stands; "" where that is no model's file."""
    for entry in metadata.entry_points(group="bench.models"):
        if entry.module == cls.__module__:
            return entry.name
    package, _, name = cls.__module__.rpartition(".")
    return name if package == "bench.models" and name in files("models") else ""


def _added(cls: type[Adapter], folder: Path) -> str:
    if not cls.__name__.isidentifier() or cls.__name__ in files("models"):
        raise NameTaken(f"a model {cls.__name__!r} exists already; give the class another name")
    name = add_model(hand_over(cls, folder))
    define(name, cls)  # for `bench.open` in this process
    return name
