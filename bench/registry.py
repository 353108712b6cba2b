"""Find models, data sets and suites by file name: models/als.py is the model "als"."""

import ast
import importlib.util
import sys
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from bench.errors import UnknownName, UsageError, unknown

if TYPE_CHECKING:
    from bench.adapter import Adapter

Kind = Literal["models", "datasets", "suites"]
# What ast.parse raises; the last two where code is nested very deeply.
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
NOUNS = {"models": "model", "datasets": "data set", "suites": "suite"}


class NameTaken(UsageError, ValueError):
    """A model from outside has the name of one that exists."""


def files(kind: Kind) -> dict[str, Path]:
    """The files of all models, data sets or suites by name; nothing is imported.

    A model is also what `add_model` added, and any entry point of the group `bench.models`.
    """
    ending = ".toml" if kind == "suites" else ".py"
    found = {
        path.stem: path
        for folder in import_module(f"bench.{kind}").__path__
        for path in Path(folder).glob(f"*{ending}")
        if not path.stem.startswith("_")
    }
    if kind == "models":
        found |= _entry_points() | _added
    return dict(sorted(found.items()))


def find(kind: Kind, name: str) -> Path:
    """The file of a model, a data set or a suite.

    Raises:
        UnknownName: there is none of that name.
    """
    known = files(kind)
    if name not in known:
        raise unknown(NOUNS[kind], name, known)
    return known[name]


def summary(path: Path) -> str:
    """What a file says of itself in one line: the first of its docstring, or of its comment."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            return text.partition("\n")[0].lstrip("# ")
        return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    except UNREADABLE as error:
        return f"cannot be read: {error}"


_added: dict[str, Path] = {}


def add_model(path: Path) -> str:
    """Make a model outside the checkout known by its file name, which is returned.

    Raises:
        UnknownName: there is no such file.
        NameTaken: a model of that name exists already.
    """
    path = path.resolve()
    if path.suffix != ".py" or not path.is_file():
        raise UnknownName(f"--model-path needs a .py file; there is none at {path}")
    if _added.get(path.stem, path) != path or path.stem in files("models").keys() - _added.keys():
        raise NameTaken(f"{path}: a model {path.stem!r} exists already; rename the file")
    _added[path.stem] = path
    return path.stem


def added_models() -> list[Path]:
    """The files that `add_model` added."""
    return list(_added.values())


def _entry_points() -> dict[str, Path]:
    """Models that installed packages offer as `name = "package.module"`."""
    found = {}
    for entry in metadata.entry_points(group="bench.models"):
        spec = importlib.util.find_spec(entry.module)
        if spec and spec.origin:
            found[entry.name] = Path(spec.origin)
    return found


def load_module(kind: Literal["models", "datasets"], name: str) -> ModuleType:
    """Import the module of a model or a data set.

    Raises:
        UnknownName: there is none of that name.
    """
    path = find(kind, name)
    for entry in metadata.entry_points(group="bench.models"):
        if kind == "models" and entry.name == name and name not in _added:
            return import_module(entry.module)
    full_name = f"bench.{kind}.{name}"
    if path not in _added.values():
        return import_module(full_name)
    if full_name not in sys.modules:
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


def adapter_class(name: str) -> "type[Adapter]":
    """The one Adapter that a model's file defines.

    Raises:
        UnknownName: there is no such model.
        TypeError: the file defines none, or several.
    """
    from bench.adapter import Adapter  # here, because `bench list` must not wait for numpy

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
