"""What stands in the files of bench/, models/ and datasets/: each is read once."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import resolve_name
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PATHS = sorted(
    path.relative_to(ROOT)
    for folder in ("bench", "models", "datasets")
    for path in (ROOT / folder).rglob("*.py")
    # These run in the Python of another library, and import nothing of ours.
    if "libraries" not in path.parts
)
Imports = list[tuple[str, bool]]  # a module by its full name, and whether inside a function


def module_of(path: Path) -> str:
    """Its full name; models/ and datasets/ are imported as bench.models and bench.datasets."""
    parts = path.with_suffix("").parts
    full = parts if parts[0] == "bench" else ("bench", *parts)
    return ".".join(full[:-1] if full[-1] == "__init__" else full)


MODULES = {module_of(path): path for path in PATHS}


def room_of(module: str) -> str:
    """The package or module at the top of bench/ that it belongs to; empty for bench itself."""
    return module.split(".")[1] if "." in module else ""


class Source(NamedTuple):
    """What a file is looked at for; its tree, kept for all files, would slow all tests down."""

    imports: Imports  # of `from bench.x import y`, bench.x.y where that is a module
    docstring: str
    functions: list[str]  # at its top
    attributes: set[str]  # as they are written
    takes_from_click: bool


@cache
def source(path: Path) -> Source:
    name = module_of(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    late = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    nodes = list(ast.walk(tree))
    return Source(
        imports=[(found, id(node) in late) for node in nodes for found in imported(node, package)],
        docstring=ast.get_docstring(tree) or "",
        functions=[node.name for node in tree.body if isinstance(node, ast.FunctionDef)],
        attributes={ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)},
        takes_from_click=any(
            isinstance(node, ast.ImportFrom) and node.module == "click" for node in nodes
        ),
    )


def imports(path: Path) -> Imports:
    return source(path).imports


def imported(node: ast.AST, package: str) -> Iterator[str]:
    match node:
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.ImportFrom():
            base = resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                inside = f"{base}.{alias.name}"
                yield inside if inside in MODULES else base
        case ast.Call(
            func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"),
            args=[ast.Constant(value=str(name))],
        ):
            yield name


def name(path: Path) -> str:
    return path.as_posix()
