"""Names of libraries and of their models, as "implicit/als"."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from bench.errors import UsageError, unknown
from bench.peers.definition import DEFINITION, LOCK, SIDE, Library, PeerModel, read

LIBRARIES = Path(__file__).parent / "libraries"
BETWEEN = "/"  # library and model
# Folders outside the package by name: known where they were added, and to no other command.
_added: ContextVar[Mapping[str, Path]] = ContextVar("added peers", default=MappingProxyType({}))


class PeerTaken(UsageError, ValueError):
    """A library from outside has the name of one that exists."""


def is_peer(model: str) -> bool:
    """Whether the name of a model is one of another library's."""
    return BETWEEN in model


def folders() -> dict[str, Path]:
    """The folders of all libraries by name; nothing in them is read."""
    ours = {path.parent.name: path.parent for path in LIBRARIES.glob(f"*/{DEFINITION}")}
    return dict(sorted({**ours, **_added.get()}.items()))


def library(name: str) -> Library:
    """A library by name.

    Raises:
        UnknownName: there is none of that name.
        BadPeer: its folder cannot be used.
    """
    known = folders()
    if name not in known:
        raise unknown("library", name, known)
    return _read(known[name], _state(known[name]))


def peer(model: str) -> tuple[Library, PeerModel]:
    """The library and the model of "implicit/als".

    Raises:
        UnknownName: there is no such library, or no such model of it.
        BadPeer: its folder cannot be used.
    """
    name, _, inside = model.partition(BETWEEN)
    found = library(name)
    if inside not in found.models:
        raise unknown(f"model of {name}", inside, found.models)
    return found, found.models[inside]


def models_of(name: str) -> list[str]:
    """All models of a library, as "implicit/als"; none where there is no such library.

    Raises:
        BadPeer: its folder cannot be used.
    """
    if name not in folders():
        return []
    return [f"{name}{BETWEEN}{model}" for model in library(name).models]


def label_of(model: str) -> str:
    """The name of a peer on the board, with its version; "" for any other model."""
    if not is_peer(model):
        return ""
    found, inside = peer(model)
    return f"{found.title} {found.version} {inside.title}"[:60]


@contextmanager
def with_peers(paths: Iterable[Path]) -> Iterator[None]:
    """Libraries whose folders stand outside the package, known by name to what runs in the block.

    Raises:
        BadPeer, PeerTaken: see `add_peer`.
    """
    before = _added.set(_added.get())
    try:
        add_peers(list(paths))
    except BaseException:
        _added.reset(before)
        raise
    try:
        yield
    finally:
        _added.reset(before)


def add_peers(paths: list[Path]) -> None:
    """Make libraries outside the package known by the names of their folders.

    Raises:
        BadPeer: a folder cannot be used.
        PeerTaken: a library of that name exists already.
    """
    for path in paths:
        found = read(path.resolve())
        if folders().get(found.name, found.folder) != found.folder:
            raise PeerTaken(f"{path}: a library {found.name!r} exists already; rename the folder")
        _added.set({**_added.get(), found.name: found.folder})


def added_peers() -> list[Path]:
    """The folders of the libraries that were added from outside."""
    return list(_added.get().values())


@lru_cache(maxsize=64)
def _read(folder: Path, state: tuple[int, ...]) -> Library:
    return read(folder)


def _state(folder: Path) -> tuple[int, ...]:
    """What changes when a file in a folder does that makes it a library."""
    files = [folder / name for name in (DEFINITION, LOCK, SIDE)]
    return tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in files)
