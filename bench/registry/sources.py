"""A hash of what a model is made of: its file, what it imports of ours, and library versions."""

import ast
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib import import_module, metadata
from importlib.util import resolve_name
from pathlib import Path

from bench.registry.names import UNREADABLE, find

MODELS = "bench.models"


def source_sha256(name: str) -> str:
    """A hash of what a model is made of.

    That is its file, the shared files that it imports and those import in turn, and the versions of
    the installed libraries that any of them imports.

    Raises:
        UnknownName: there is no such model.
    """
    files, libraries = _parts(name)
    digest = sha256()
    for module in sorted(files):
        digest.update(sha256(files[module].read_bytes()).digest())
    for library in sorted(libraries):
        for distribution in sorted(_distributions().get(library, [])):
            digest.update(f"{distribution}=={metadata.version(distribution)}".encode())
    return digest.hexdigest()


def source_files(name: str) -> list[Path]:
    """The model's file and the shared files that it is made of, in the order of their modules."""
    files, _ = _parts(name)
    return [files[module] for module in sorted(files)]


def _parts(name: str) -> tuple[dict[str, Path], set[str]]:
    """Our files by the names of their modules, and the other libraries that they import."""
    model = find("models", name)
    files = {f"{MODELS}.{name}": model}  # also of a file outside: it is imported by this name
    libraries: set[str] = set()
    pending = list(files)
    while pending:
        module = pending.pop()
        path = files[module]
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        imported = _imports(path.read_bytes(), package)
        libraries |= {other.partition(".")[0] for other in imported}
        for other in _with_packages(imported):
            found = _file_of(other, model)
            if found is not None and found not in files.values():
                files[other] = found
                pending.append(other)
    return files, libraries - {"bench"} - sys.stdlib_module_names


@cache
def _imports(text: bytes, package: str) -> frozenset[str]:
    """The modules that a file in a package may import, by their full names."""
    try:
        tree = ast.parse(text)
    except UNREADABLE:  # the cell that uses the model reports it
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            with suppress(ImportError):  # more dots than there are packages
                base = resolve_name("." * node.level + (node.module or ""), package)
                found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _with_packages(modules: Iterable[str]) -> list[str]:
    """The modules and all packages around them, whose files are run when they are imported."""
    found = set()
    for module in modules:
        while module:
            found.add(module)
            module = module.rpartition(".")[0]
    return sorted(found)


def _file_of(module: str, model: Path) -> Path | None:
    """The file of a module of models/, or beside the model; None for any other."""
    if not module.startswith(f"{MODELS}."):
        return None
    inside = module.removeprefix(f"{MODELS}.").replace(".", "/")
    folders = [*map(Path, import_module(MODELS).__path__), model.parent]
    places = [
        folder / end for folder in folders for end in (f"{inside}.py", f"{inside}/__init__.py")
    ]
    return next((place for place in places if place.is_file()), None)


@cache
def _distributions() -> Mapping[str, list[str]]:
    """The installed distributions that each importable name belongs to."""
    return metadata.packages_distributions()
