"""The folder of a library: what its peer.toml says, and the lock beside it."""

import keyword
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from bench.errors import UsageError, unknown
from bench.space import Range, Space, choice, log, number, space, whole
from bench.text import shown

DEFINITION, LOCK, SIDE = "peer.toml", "requirements.txt", "side.py"
NAME = re.compile(r"[a-z][a-z0-9_]*")
VERSIONS = re.compile(r"\s*(>=|<=|==|<|>)\s*(\d+(?:\.\d+)*)\s*")  # one of those that commas part
# What an adapter has under these names would be covered by a hyper-parameter of the same name.
TAKEN = frozenset(
    {
        *("library", "model", "search", "tolerances", "depends", "uses_order", "uses_features"),
        *("needs", "unavailable", "prepare", "fit", "scores", "pair_scores", "memory_needed"),
        *("embeddings", "compares_items", "equations", "welcome", "state", "restore"),
    }
)
RANGES: Mapping[str, Callable[..., Range]] = {
    "choice": choice,
    "whole": whole,
    "number": number,
    "log": log,
}
# Keys of the file, and of the table of a model: the type of each, and its value where it is left
# out; None: it is needed.
KEYS: dict[str, tuple[type, Any]] = {
    **{"title": (str, None), "package": (str, None), "imports": (str, None)},
    **{"python": (str, ">=3.9"), "address": (str, ""), "models": (dict, None)},
}
MODEL_KEYS: dict[str, tuple[type, Any]] = {
    **{"name": (str, None), "order": (bool, False), "cuda": (bool, False)},
    **{"parameters": (dict, {}), "search": (dict, {})},
}


class BadPeer(UsageError, ValueError):
    """A library's folder that cannot be used; the message names the file."""


class PeerModel(NamedTuple):
    """A model of a library."""

    name: str  # as we call it, as "als"
    title: str  # as the library calls it
    order: bool  # whether it learns from the order of a user's items
    cuda: bool  # whether its side can use a GPU
    parameters: Mapping[str, Any]  # its hyper-parameters, with the library's defaults
    search: Space  # what `bench tune` may choose


@dataclass(frozen=True, kw_only=True)
class Library:
    """Another library, as its folder tells it."""

    folder: Path
    title: str
    package: str  # as package indexes call it
    imports: str  # the module that is imported to see whether the environment works
    python: str  # versions that it runs on, as ">=3.11,<3.13"
    address: str  # of its documentation
    models: Mapping[str, PeerModel]
    lock: Mapping[str, str]  # versions by package

    @property
    def name(self) -> str:
        """What its folder is called."""
        return self.folder.name

    @property
    def version(self) -> str:
        """Of the library, by the lock."""
        return self.lock[normal(self.package)]

    @property
    def side(self) -> Path:
        """The file by which its models are called."""
        return self.folder / SIDE

    @property
    def requirements(self) -> Path:
        """The file of the lock."""
        return self.folder / LOCK


def read(folder: Path) -> Library:
    """A library from its folder.

    Raises:
        BadPeer: a file is missing, or has something else than it should.
    """
    path = folder / DEFINITION
    if not NAME.fullmatch(folder.name):
        raise BadPeer(
            f"{folder}: the folder of a library is called by lower-case letters, digits and _,"
            f" not {shown(folder.name)}"
        )
    for needed in (DEFINITION, LOCK, SIDE):
        if not (folder / needed).is_file():
            raise BadPeer(f"{folder}: the folder of a library needs a {needed}")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        facts = _checked(values, KEYS, f"key of {DEFINITION}")
        for part in facts["python"].split(","):
            if not VERSIONS.fullmatch(part):
                raise BadPeer(f"python must be versions as >=3.11,<3.13, not {shown(part)}")
        models = {name: _model(name, table) for name, table in facts.pop("models").items()}
        if not models:
            raise BadPeer(f"{DEFINITION} needs a table for each model, as [models.als]")
        lock = read_lock(folder / LOCK)
        if normal(facts["package"]) not in lock:
            raise BadPeer(f"the lock has no {facts['package']}, which is its package")
    except (UsageError, LookupError, ValueError, OSError) as error:
        about = "" if str(error).startswith(str(folder)) else f"{path}: "
        raise BadPeer(f"{about}{error}") from None
    return Library(folder=folder, models=models, lock=lock, **facts)


def _model(name: str, table: Any) -> PeerModel:
    where = f"models.{name}"
    if not NAME.fullmatch(name) or not isinstance(table, dict):
        raise BadPeer(f"{where} must be a table, its name of lower-case letters, digits and _")
    values = _checked(table, MODEL_KEYS, f"key of {where}")
    parameters = values["parameters"]
    for parameter, value in parameters.items():
        _check_parameter(parameter, value, f"{where}.parameters.{parameter}")
    ranges = {}
    for parameter, given in values["search"].items():
        if parameter not in parameters:
            raise unknown(f"parameter in {where}.search", parameter, parameters)
        ranges[parameter] = _range(given, f"{where}.search.{parameter}")
    return PeerModel(
        name, values["name"], values["order"], values["cuda"], parameters, space(**ranges)
    )


def _check_parameter(name: str, value: Any, where: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_") or name in TAKEN:
        raise BadPeer(
            f"{where} is no name for a hyper-parameter: take another, which side.py hands to the"
            " library by its own"
        )
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, str | int | float) or (
            isinstance(each, float) and not isfinite(each)
        ):
            raise BadPeer(f"{where} must be text, a number, true or false, or a list of these")


def _range(given: Any, where: str) -> Range:
    kinds = given.keys() & RANGES.keys() if isinstance(given, dict) else set()
    if len(kinds) != 1 or len(given) != 1 or not isinstance(given[(kind := min(kinds))], list):
        raise BadPeer(f"{where} must be one of {{choice|whole|number|log = [...]}}")
    try:
        return RANGES[kind](*given[kind])
    except (TypeError, ValueError) as error:
        raise BadPeer(f"{where}: {error}") from None


def _checked(
    values: Mapping[str, Any], keys: Mapping[str, tuple[type, Any]], what: str
) -> dict[str, Any]:
    for key in values:
        if key not in keys:
            raise unknown(what, key, keys)
    found = {}
    for key, (kind, default) in keys.items():
        if key not in values and default is None:
            raise BadPeer(f"{what}: {key!r} is needed")
        found[key] = values.get(key, default)
        if type(found[key]) is not kind:
            raise BadPeer(f"{what}: {key!r} must be a {kind.__name__}, not {shown(found[key])}")
    return found


def read_lock(path: Path) -> dict[str, str]:
    """Versions by package, of a file with lines as `numpy==2.4.6`.

    An option, as of a further index, stands on a line of its own.

    Raises:
        BadPeer: it is no text, or a line names no exact version, or a package twice; the message
            has its number.
    """
    found: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise BadPeer(f"{path}: {error}") from None
    for place, line in enumerate(lines, start=1):
        where = f"{path}, line {place}"
        text = line.partition("#")[0].strip()
        if not text or text.startswith("--extra-index-url "):
            continue
        pinned = re.fullmatch(r"([A-Za-z0-9][\w.-]*)\s*==\s*([\w.!+-]+)", text)
        if not pinned:
            raise BadPeer(f"{where}: {shown(text)} is no exact version, as numpy==2.4.6")
        if normal(pinned[1]) in found:
            raise BadPeer(f"{where}: {pinned[1]} stands there twice")
        found[normal(pinned[1])] = pinned[2]
    return found


def normal(name: str) -> str:
    """A package's name as all spellings of it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
