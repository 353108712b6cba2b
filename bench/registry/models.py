"""Import models and data sets by name."""

import importlib.util
import sys
from importlib import import_module
from types import ModuleType
from typing import Any, Literal, NamedTuple

from bench.adapter import Adapter
from bench.peers.known import is_peer
from bench.registry.beside import stand_beside
from bench.registry.names import added_models, files, find, offered_models
from bench.registry.parameters import complete

_defined: dict[str, type[Adapter]] = {}  # where no file stands for them; of a name the latest


class ModelSpec(NamedTuple):
    """A model and the hyper-parameters that somebody gave it."""

    model: str
    params: dict[str, Any]


def load_module(kind: Literal["models", "datasets"], name: str) -> ModuleType:
    """Import the module of a model or a data set.

    Raises:
        UnknownName: there is none of that name.
    """
    path = find(kind, name)
    for entry in offered_models():
        if kind == "models" and entry.name == name and path not in added_models():
            return import_module(entry.module)
    full_name = f"bench.{kind}.{name}"
    if path not in added_models():
        return import_module(full_name)
    if getattr(sys.modules.get(full_name), "__file__", None) != str(path):
        stand_beside(path.parent)
        # Named as if it stood in models/, so that it can import what the models share, and pickle.
        spec = importlib.util.spec_from_file_location(full_name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"cannot import {path}")
        sys.modules[full_name] = module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[full_name]
            raise
    return sys.modules[full_name]


def define(name: str, cls: type[Adapter]) -> None:
    """Let a class of a script stand for a model, in this process, where no file has that name."""
    _defined[name] = cls


def is_model(name: str) -> bool:
    """Whether there is a model of that name: a file, or a class that was defined here."""
    return name in _defined or name in files("models")


def adapter_class(name: str) -> type[Adapter]:
    """The one Adapter that a model's file defines, or the class that stands for it.

    Raises:
        UnknownName: there is no such model.
        TypeError: the file defines none, or several.
    """
    if name in _defined and name not in files("models"):
        return _defined[name]
    if is_peer(name):
        return import_module("bench.peers.adapter").peer_class(name)  # type: ignore[no-any-return]
    module = load_module("models", name)
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Adapter)
        and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(cls.__name__ for cls in found) or "none"
        raise TypeError(f"{find('models', name)} must define one Adapter, not {names}")
    return found[0]


def complete_adapter(row: ModelSpec) -> Adapter:
    """The model of a row, with its hyper-parameters checked."""
    cls = adapter_class(row.model)
    return cls(**complete(cls, *row))
