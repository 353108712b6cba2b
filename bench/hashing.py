"""Hashes that change with what they are of and with nothing else: of data, code, files, keys."""

import ast
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

DECLARED_BY = ("bench.adapter", "bench.space")  # an import of them does nothing but give names
PLAIN = (str, bool, int, float, np.generic, type(None))


def fingerprint(value: Any, **further: Any) -> str:
    """SHA-256 of arrays, numbers, text, None, and dataclasses, mappings or sequences of them.

    Args:
        value: what the hash is of.
        further: more of it, as if the value were a dataclass with these fields at its end.

    Raises:
        TypeError: something else is in it, of which it is not known what tells two apart.
    """
    digest = sha256()
    _feed(digest.update, value)
    for name, part in further.items():
        _feed_field(digest.update, name, part)
    return digest.hexdigest()


def _feed_field(update: Callable[[Any], None], name: str, value: Any) -> None:
    update(name.encode())
    _feed(update, value)


def _feed(update: Callable[[Any], None], value: Any) -> None:
    if is_dataclass(value):
        for field in fields(value):
            part = getattr(value, field.name)
            if field.metadata.get("hashed") == "unless empty" and (part is None or not len(part)):
                continue
            if field.name != "source":  # the same data by another way is the same data
                _feed_field(update, field.name, part)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        little_endian = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
        update(f"{little_endian.dtype.str}{value.shape}".encode())
        update(little_endian.ravel())
    elif isinstance(value, np.ndarray | list | tuple):
        update(f"{len(value)} of".encode())
        for entry in value:
            _feed(update, entry)
    elif isinstance(value, Mapping):
        update(f"{len(value)} named".encode())
        for name, entry in value.items():
            _feed_field(update, str(name), entry)
    elif not isinstance(value, PLAIN):
        raise TypeError(f"there is no fingerprint of {type(value).__name__}")
    else:
        update(f"{type(value).__name__} {value};".encode())


def key_of(parts: Mapping[str, Any]) -> str:
    """16 hex digits that change with any of the parts, which must be fit for JSON."""
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def of_files(paths: Iterable[Path], root: Path) -> str:
    """SHA-256 of files: of their contents, and their names as they stand below `root`."""
    digest = sha256()
    for path in sorted(paths):
        name = path.relative_to(root).as_posix()
        digest.update(name.encode() + sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def code_sha256(tree: ast.Module, without: Collection[str] = ()) -> str:
    """SHA-256 of what code does: comments, layout and docstrings do not count.

    Docstrings do where the code reads them. The hash is the same under all versions of Python that
    read the code alike.

    Args:
        tree: the code.
        without: names in a class; what they are set to does not count either, nor what is imported
            of the contract of models for that alone.

    Raises:
        RecursionError: the code is nested very deeply.
    """
    digest = sha256()
    _feed_code(digest.update, tree, _LeftOut(tree, frozenset(without)))
    return digest.hexdigest()


def names_used(tree: ast.AST, without: Collection[str] = ()) -> set[str]:
    """All names that code reads, also of attributes, but where it sets some names in a class."""
    found: set[str] = set()
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.ClassDef):
            pending += [*node.decorator_list, *node.bases, *node.keywords]
            pending += [each for each in node.body if not _sets(each, without)]
            continue
        pending += ast.iter_child_nodes(node)
    return found


class _LeftOut:
    """What of some code does not count."""

    def __init__(self, tree: ast.AST, names: frozenset[str]) -> None:
        self._names = names
        self._used = names_used(tree, names)
        self._reads_docstrings = "__doc__" in self._used

    def statements(self, node: ast.AST, body: list[Any]) -> list[Any]:
        """The statements that count, of those in a node."""
        return [each for each in body if not self._leaves_out(node, each)]

    def aliases(self, node: ast.AST, aliases: list[Any]) -> list[Any]:
        """What counts of what is imported: of what models declare by only what is used."""
        if not (isinstance(node, ast.ImportFrom) and node.module in DECLARED_BY):
            return aliases
        return [each for each in aliases if (each.asname or each.name) in self._used | {"*"}]

    def _leaves_out(self, node: ast.AST, statement: ast.AST) -> bool:
        if isinstance(node, ast.ClassDef) and _sets(statement, self._names):
            return True
        if isinstance(statement, ast.ImportFrom) and not self.aliases(statement, statement.names):
            return True
        return (
            not self._reads_docstrings
            and isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Constant)
            and isinstance(statement.value.value, str)
        )


def _sets(statement: ast.AST, names: Collection[str]) -> bool:
    """Whether a statement sets one of the names, and nothing else."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return all(isinstance(each, ast.Name) and each.id in names for each in targets)


def _feed_code(update: Callable[[bytes], None], node: Any, left_out: _LeftOut) -> None:
    """Feed a node; fields that are empty are as if they were not there, as other versions say."""
    if not isinstance(node, ast.AST):
        update(f"{node!r};".encode())
        return
    update(f"{type(node).__name__}(".encode())
    for name in node._fields:
        value = getattr(node, name, None)
        if name in ("ctx", "kind", "type_comment") or value is None:  # known from the rest
            continue
        if not isinstance(value, list):
            update(f"{name}=".encode())
            _feed_code(update, value, left_out)
            continue
        if name == "body":
            value = left_out.statements(node, value)
        elif name == "names":
            value = left_out.aliases(node, value)
        if value:
            update(f"{name}={len(value)}:".encode())
            for each in value:
                _feed_code(update, each, left_out)
    update(b")")
