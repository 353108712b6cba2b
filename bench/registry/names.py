"""Find models, data sets and suites by file name: models/als.py is the model "als"."""

import ast
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, partial
from importlib import import_module, metadata
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from bench.errors import UnknownName, UsageError, unknown
from bench.peers.known import add_peers, added_peers, is_peer, models_of, peer
from bench.text import shown

Kind = Literal["models", "datasets", "suites"]
# What ast.parse raises; the last two where code is nested very deeply.
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
NOUNS = {"models": "model", "datasets": "data set", "suites": "suite"}
# Models outside the checkout by name: known where they were added, and to no other command.
_added: ContextVar[Mapping[str, Path]] = ContextVar("added", default=MappingProxyType({}))


class NameTaken(UsageError, ValueError):
    """A model from outside has the name of one that exists."""


def files(kind: Kind) -> dict[str, Path]:
    """The files of all models, data sets or suites by name; nothing is imported.

    A model is also what was added from outside, and any entry point of the group `bench.models`.
    """
    ending = ".toml" if kind == "suites" else ".py"
    found = {
        path.stem: path
        for folder in folders(kind)
        for path in folder.glob(f"*{ending}")
        if not path.stem.startswith("_")
    }
    if kind == "models":
        found |= _entry_points() | dict(_added.get())
    return dict(sorted(found.items()))


def folders(kind: Kind) -> list[Path]:
    """Where the files of the project's own models, data sets or suites stand."""
    folders = import_module(f"bench.{kind}").__path__
    # What stands beside a model from outside is no model: see `bench.registry.beside`.
    return [Path(folder) for folder in (folders[:1] if kind == "models" else folders)]


def find(kind: Kind, name: str) -> Path:
    """The file of a model, a data set or a suite; of another library's model, as of
    "implicit/als", the file by which that library is called.

    Raises:
        UnknownName: there is none of that name.
    """
    if kind == "models" and is_peer(name):
        return peer(name)[0].side
    known = files(kind)
    if name not in known:
        if kind == "datasets" and (Path(name).suffix or "/" in name):
            raise UnknownName(
                f"unknown data set {shown(name)}; a file of your own is for --data, or bench.read"
            )
        if kind == "models" and (theirs := models_of(name)):
            raise UnknownName(f"{name} is a library; its models are {', '.join(theirs)}")
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


@contextmanager
def with_models(paths: Iterable[Path]) -> Iterator[list[str]]:
    """Models outside the checkout, known by their file names to what runs in the block.

    Raises:
        UnknownName, NameTaken: see `add_model`.
    """
    before = _added.set(_added.get())
    try:
        yield [add_model(path) for path in paths]
    finally:
        _added.reset(before)


def add_model(path: Path) -> str:
    """Make a model outside the checkout known by its file name, which is returned.

    It is forgotten at the end of the block of `with_models` around it; where there is none, as in
    the process of a cell, at the end of the process.

    Raises:
        UnknownName: there is no such file.
        NameTaken: a model of that name exists already.
    """
    path = path.resolve()
    if path.suffix != ".py" or not path.is_file():
        raise UnknownName(f"--model-path needs a .py file; there is none at {path}")
    added = _added.get()
    if added.get(path.stem, path) != path or path.stem in files("models").keys() - added.keys():
        raise NameTaken(f"{path}: a model {path.stem!r} exists already; rename the file")
    _added.set({**added, path.stem: path})
    return path.stem


def added_models() -> list[Path]:
    """The files of the models that were added from outside."""
    return list(_added.get().values())


def add_models(paths: list[Path]) -> None:
    """Make models outside the checkout known by their file names, as `add_model` does."""
    for path in paths:
        add_model(path)


def knowing_added_models() -> Callable[[], None]:
    """What makes the models that are known here known in another process, when it is called there.

    Libraries likewise. It can be pickled.
    """
    return partial(_add_all, added_models(), added_peers())


def _add_all(models: list[Path], peers: list[Path]) -> None:
    add_models(models)
    add_peers(peers)


def _entry_points() -> dict[str, Path]:
    """Models that installed packages offer as `name = "package.module"`."""
    found = {}
    for entry in offered_models():
        spec = importlib.util.find_spec(entry.module)
        if spec and spec.origin:
            found[entry.name] = Path(spec.origin)
    return found


def offered_models() -> tuple[metadata.EntryPoint, ...]:
    """The entry points of installed packages, read again where something was installed."""
    return _offered(tuple((path, _changed(path)) for path in sys.path))


@lru_cache(maxsize=1)
def _offered(places: tuple[tuple[str, int], ...]) -> tuple[metadata.EntryPoint, ...]:
    return tuple(metadata.entry_points(group="bench.models"))


def _changed(folder: str) -> int:
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0
