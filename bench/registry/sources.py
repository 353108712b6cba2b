"""A hash of what a model is made of: its code, what it imports of ours, and library versions."""

import ast
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from bench.errors import BadParameter
from bench.peers.environment import peer_sha256
from bench.peers.known import is_peer, peer
from bench.registry.code import code_of
from bench.registry.imports import distributions, imported_by
from bench.registry.names import UNREADABLE, find

DEPENDS = "depends"  # by which a model names further files


def source_sha256(name: str, *, declared: bool = False) -> str:
    """A hash of what a model is made of.

    That is the code of its file, and of the files that it imports and those import in turn, where
    they are not of a library that its version tells apart; the versions of the libraries that any
    of them imports; and the files that the model names by `depends`, see `bench.adapter.Adapter`.
    Of code it is what it does: comments, docstrings and layout do not count.

    Args:
        name: of the model.
        declared: whether its search space and tolerances count, which change no result. They do
            where any of its files reads them.

    Raises:
        UnknownName: there is no such model.
        BadParameter: its `depends` is not a tuple of names.
    """
    if is_peer(name):
        other, model = peer(name)
        return peer_sha256(other, model.name, declared=declared)
    found = imported_by(name)
    texts = [found.files[module].read_bytes() for module in sorted(found.files)]
    codes = [code_of(text) for text in texts]
    declared = declared or any(code.reads_declared for code in codes)
    digest = sha256()
    for text, code in zip(texts, codes, strict=True):
        told = code.sha256 if declared else code.undeclared
        digest.update((told or sha256(text).hexdigest()).encode())
    for library in sorted(found.libraries):
        for distribution in sorted(distributions().get(library, [])):
            digest.update(f"{distribution}=={metadata.version(distribution)}".encode())
    for named, path in _depends(find("models", name)):
        digest.update(named.encode())
        digest.update(sha256(path.read_bytes()).digest() if path.is_file() else b"missing")
    return digest.hexdigest()


def source_files(name: str) -> list[Path]:
    """The files of the modules that a model is made of, in the order of their names."""
    found = imported_by(name)
    return [found.files[module] for module in sorted(found.files)]


def _depends(model: Path) -> list[tuple[str, Path]]:
    """The files that a model names, as it names them and as they are; of folders all files."""
    found = []
    for named in _names(model):
        place = model.parent / named
        inside = sorted(path for path in place.rglob("*") if path.is_file())
        found += [(path.relative_to(model.parent).as_posix(), path) for path in inside]
        if not place.is_dir():
            found.append((named, place))
    return sorted(found)


def _names(model: Path) -> tuple[str, ...]:
    try:
        tree = ast.parse(model.read_bytes())
    except UNREADABLE:  # the cell that uses the model reports it
        return ()
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    bodies = [tree.body, *(each.body for each in classes)]
    for node in (node for body in bodies for node in body):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(each, ast.Name) and each.id == DEPENDS for each in targets):
                return _literal(node.value, model)
    return ()


def _literal(node: ast.expr | None, model: Path) -> tuple[str, ...]:
    try:
        value = ast.literal_eval(node) if node is not None else ()
    except ValueError:  # something is computed
        value = None
    if not (isinstance(value, tuple | list) and all(isinstance(each, str) for each in value)):
        line = getattr(node, "lineno", 1)
        raise BadParameter(
            f'{model}, line {line}: depends must be names of files, as ("weights.npz",), and '
            "nothing that is computed"
        )
    return tuple(value)
