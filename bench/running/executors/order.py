"""Orders to nodes of a cluster, and what a node must have in common with the driver to take one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench import __version__, machine
from bench.peers.environment import environment_of
from bench.peers.known import added_peers, is_peer, peer
from bench.records.record import Cell
from bench.registry.imports import imported_by
from bench.registry.names import added_models
from bench.registry.sources import source_sha256
from bench.running.executors.executor import Errand
from bench.running.plan import harness_sha256

PROGRAM = """from bench.running.cluster.serve import begin
begin()
from bench.running.executors.at_node import main
main()"""
MODELS, LIBRARIES = "models", "libraries"  # folders of files that are sent along
CODE = "code of "  # of a fact that is a hash


class Room(NamedTuple):
    """A place on a node, of several that measure at a time."""

    number: int = 0
    places: int = 1
    threads: int = 1  # of each


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a node is to do, once it is as the driver in all that decides a key."""

    node: dict[str, str]  # for the record
    facts: dict[str, str]  # of the driver, see `facts`
    libraries: dict[str, str]  # see `facts_of_libraries`
    models: Sequence[str] = ()
    room: Room
    files: Mapping[str, bytes]  # of models and libraries from outside, see `files_from_outside`
    cell: Cell | None = None  # whose key is to be told
    errand: Errand | None = None  # what to measure; None: the canaries
    has_texts: bool = False  # vectors of texts are sent along, for the train of the errand
    gpu: bool = False  # cells are on one


def facts(models: Sequence[str]) -> dict[str, str]:
    """What decides keys on this machine, by what it is called in a message."""
    own = [model for model in models if not is_peer(model)]
    return {
        "bench": __version__,
        **machine.packages(),
        f"{CODE}the harness": harness_sha256(),
        **{f"{CODE}{model}": source_sha256(model) for model in own},
    }


def facts_of_libraries(models: Sequence[str]) -> dict[str, str]:
    """The same of models of other libraries, which a machine may lack and measure others."""
    found = {}
    for model in filter(is_peer, models):
        library, _ = peer(model)
        if not environment_of(library).fault():
            found[f"library {library.name}"] = library.version
        found[f"{CODE}{model}"] = source_sha256(model)
    return found


def first_difference(wanted: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Of two machines, in words; "" where there is none."""
    for name in {**wanted, **found}:
        here, there = wanted.get(name), found.get(name)
        if here != there:
            if name.startswith(CODE):
                return f"{name} is not the same"
            return f"{name} {there or 'is missing'} there, {here or 'missing'} here"
    return ""


def files_from_outside(models: Sequence[str]) -> dict[str, bytes]:
    """What of these models is in no package, by where it belongs in the folder of an order.

    That is `models/NAME.py` and what it imports beside it, and `libraries/NAME/`, a library's
    folder.
    """
    added = {path.stem: path for path in added_models()}
    found: dict[str, bytes] = {}
    for model in models:
        if model in added:
            beside = added[model].parent
            for path in imported_by(model).files.values():
                if path.is_relative_to(beside):
                    found[f"{MODELS}/{path.relative_to(beside).as_posix()}"] = path.read_bytes()
        elif is_peer(model) and peer(model)[0].folder in added_peers():
            folder = peer(model)[0].folder
            found |= {
                f"{LIBRARIES}/{path.relative_to(folder.parent).as_posix()}": path.read_bytes()
                for path in folder.rglob("*")
                if path.is_file() and path.suffix != ".pyc"
            }
    return found


def written(files: Mapping[str, bytes], folder: Path) -> None:
    """Write them where they belong."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def models_in(files: Mapping[str, bytes], models: Sequence[str]) -> list[str]:
    """Which of the files are models that were asked for, and not only imported by one."""
    return [f"{MODELS}/{model}.py" for model in models if f"{MODELS}/{model}.py" in files]


def libraries_in(files: Mapping[str, bytes]) -> list[str]:
    """The folders of libraries among the files."""
    parts = [name.split("/") for name in files if name.startswith(f"{LIBRARIES}/")]
    return list(dict.fromkeys(f"{LIBRARIES}/{each[1]}" for each in parts))
