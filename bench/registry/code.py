"""Files of Python by their text: what each does, as a hash, and what it imports."""

import ast
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from bench import hashing
from bench.hashing import code_sha256, names_used
from bench.registry.names import UNREADABLE
from bench.registry.remembered import remember, remembered

# What a model declares for `bench tune` and `bench certify`, which changes no result.
DECLARED = ("search", "tolerances")


class Code(NamedTuple):
    """What is known of a file of Python by its text."""

    # What it may import: level and module of each statement as they stand there, and the names.
    imports: tuple[tuple[int, str, tuple[str, ...]], ...]
    sha256: str  # of what it does, see `bench.hashing.code_sha256`; "" where it is no Python
    undeclared: str  # the same without what it declares
    reads_declared: bool  # whether it reads what models declare


@cache
def code_of(text: bytes) -> Code:
    """What a file does and imports; nothing where it is no Python, which its cell reports.

    To read a hundred files takes half a second, so what they are is remembered.
    """
    name = f"code/{sha256(text + _reader()).hexdigest()[:32]}"
    try:
        imports, whole, undeclared, reads = remembered(name)  # type: ignore[misc]
        return Code(
            tuple((level, module, tuple(names)) for level, module, names in imports),
            str(whole),
            str(undeclared),
            reads_declared=bool(reads),
        )
    except (TypeError, ValueError):  # nothing, or damaged
        found = _read(text)
        remember(name, found)
        return found


def _read(text: bytes) -> Code:
    try:
        tree = ast.parse(text)
        whole, undeclared = code_sha256(tree), code_sha256(tree, DECLARED)
        reads = not names_used(tree, DECLARED).isdisjoint(DECLARED)
    except UNREADABLE:
        return Code((), "", "", reads_declared=False)
    found: list[tuple[int, str, tuple[str, ...]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(0, alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            found.append((node.level, node.module or "", names))
    return Code(tuple(found), whole, undeclared, reads)


@cache
def _reader() -> bytes:
    """Tells what reads the files: what another one remembered counts for nothing."""
    return b"".join(Path(str(path)).read_bytes() for path in (__file__, hashing.__file__))


def code_of_files(paths: Iterable[Path], root: Path) -> str:
    """SHA-256 of what files of Python do, and of their names as they stand below `root`."""
    digest = sha256()
    for path in sorted(paths):
        text = path.read_bytes()
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update((code_of(text).sha256 or sha256(text).hexdigest()).encode())
    return digest.hexdigest()
