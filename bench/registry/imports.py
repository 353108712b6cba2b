"""Files that a model imports, found in their text: nothing is imported, and no code is run."""

import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ModuleSpec, PathFinder
from importlib.util import resolve_name
from pathlib import Path
from typing import NamedTuple, TypeVar

from bench.hashing import key_of
from bench.peers.known import is_peer
from bench.registry.code import Code, code_of
from bench.registry.names import added_models, find, folders, offered_models
from bench.registry.remembered import remember, remembered

MODELS = "bench.models"
OURS = "loobench"  # the distribution
Found = TypeVar("Found")
SUFFIXES = *SOURCE_SUFFIXES, *EXTENSION_SUFFIXES


class Imported(NamedTuple):
    """What a model imports, directly or not."""

    files: dict[str, Path]  # by the names of their modules; the model's is one
    libraries: set[str]  # names of other packages, by which their versions are found


def imported_by(name: str) -> Imported:
    """All that a model imports.

    A file is followed wherever it stands, but for Python's own, the harness, and libraries of which
    the version says all: those that the project pins, and those from an index. One in an editable
    package, in one installed from a folder, or beside the model can change under its version.

    Raises:
        UnknownName: there is no such model.
    """
    model = find("models", name)
    if is_peer(name):  # its environment and its files are in its hash, see bench.peers.environment
        return Imported({}, set())
    files = {_module_of(name, model): model}
    libraries: set[str] = set()
    pending = list(files)
    while pending:
        module = pending.pop()
        path = files[module]
        if path.suffix not in SOURCE_SUFFIXES:
            continue
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        imported = _modules(code_of(path.read_bytes()), package)
        libraries |= {other.partition(".")[0] for other in imported}
        for other in _with_packages(imported):
            found = _file_of(other, model)
            if found is not None and found not in files.values():
                files[other] = found
                pending.append(other)
    return Imported(files, libraries - {"bench"} - sys.stdlib_module_names)


def _module_of(name: str, model: Path) -> str:
    """The name by which a model is imported, also one outside; an installed one has its own."""
    for entry in offered_models():
        if entry.name == name and model not in added_models():
            return entry.module
    return f"{MODELS}.{name}"


def _modules(code: Code, package: str) -> set[str]:
    """The modules that a file in a package may import, by their full names."""
    found: set[str] = set()
    for level, module, names in code.imports:
        with suppress(ImportError):  # more dots than there are packages
            base = resolve_name("." * level + module, package)
            found |= {base, *(f"{base}.{name}" for name in names)}
    return found


def _with_packages(modules: Iterable[str]) -> list[str]:
    """The modules and all packages around them, whose files are run when they are imported."""
    found = set()
    for module in modules:
        while module:
            found.add(module)
            module = module.rpartition(".")[0]
    return sorted(found)


def _file_of(module: str, model: Path) -> Path | None:
    """The file of a module that has to be followed; None for any other, and for none."""
    if module.startswith(f"{MODELS}."):
        places = [*folders("models"), model.parent]
        return _first(places, module.removeprefix(f"{MODELS}."))
    top, _, inside = module.partition(".")
    if top == "bench" or top in sys.stdlib_module_names or _told_by_version(top):
        return None
    spec = _spec(top) or PathFinder.find_spec(top, [str(model.parent)])
    if spec is None:
        return None
    if inside:
        return _first(map(Path, spec.submodule_search_locations or ()), inside)
    return Path(spec.origin) if spec.has_location and spec.origin else None


def _first(places: Iterable[Path], module: str) -> Path | None:
    """The file of a module in the first of the places that has one."""
    inside = module.replace(".", "/")
    files = (
        place / f"{inside}{middle}{suffix}"
        for place in places
        for middle in ("", "/__init__")
        for suffix in SUFFIXES
    )
    return next((file for file in files if file.is_file()), None)


def _spec(top: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(top)
    except (ImportError, ValueError):  # a module that was made, not imported
        return None


@cache
def _told_by_version(top: str) -> bool:
    """Whether versions tell apart what stands in a package: it is pinned, or from an index."""
    found = distributions().get(top, [])
    return bool(found) and all(_normal(each) in _pinned() or not _local(each) for each in found)


def _local(distribution: str) -> bool:
    """Whether a distribution was installed from a folder, an archive or a checkout (PEP 610)."""
    return metadata.distribution(distribution).read_text("direct_url.json") is not None


@cache
def _pinned() -> frozenset[str]:
    """The distributions that ours needs, directly or not."""
    return frozenset(_of_what_is_installed("pinned", _needed_by_ours))


def _needed_by_ours() -> list[str]:
    found: set[str] = set()
    pending = [OURS]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            with suppress(metadata.PackageNotFoundError):
                needed = metadata.requires(name) or []
                pending += [_normal(re.split(r"[^\w.-]", each, maxsplit=1)[0]) for each in needed]
    return sorted(found)


def _normal(name: str) -> str:
    """A distribution's name as all spellings of it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def distributions() -> Mapping[str, list[str]]:
    """The installed distributions that each importable name belongs to."""
    found = _of_what_is_installed("distributions", metadata.packages_distributions)
    return {top: list(each) for top, each in found.items()}


def _of_what_is_installed(what: str, find: Callable[[], Found]) -> Found:
    """What is found in the installed distributions, which takes a third of a second.

    So it is remembered while none comes, goes, or is installed again.

    Args:
        what: a name for it.
        find: its result must be fit for JSON.
    """
    installed = [
        (path, each.name, each.stat().st_mtime_ns)
        for path in sys.path
        for kind in ("dist-info", "egg-info")
        for each in sorted(Path(path).glob(f"*.{kind}"))
    ]
    key = key_of({"installed": installed})
    name = f"{what}-{key_of({'prefix': sys.prefix})}"
    kept = remembered(name)
    if isinstance(kept, dict) and kept.get("key") == key:
        found: Found = kept["found"]
        return found
    found = find()
    remember(name, {"key": key, "found": found})
    return found
