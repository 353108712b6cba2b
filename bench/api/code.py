"""A hash of what a class is made of that stands in no file of its own, as one of a notebook.

It changes with the class, with what of its module it uses (functions, classes, constants) and
with the modules of yours that it imports, and not with comments or with the number of the cell.
"""

import dis
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import cloudpickle
import numpy as np

from bench.registry.imports import distributions

GENERATED = "<string>"  # where dataclasses say that the methods they write stand
# What says nothing of how a class works, or is recorded as its parameters.
LEFT_OUT = {"__module__", "__dict__", "__weakref__", "__doc__", "__annotations__"}
LEFT_OUT |= {"__dataclass_fields__", "__dataclass_params__", "__match_args__", "__firstlineno__"}
LEFT_OUT |= {"__abstractmethods__", "_abc_impl", "__static_attributes__", "__qualname__"}
LEFT_OUT |= {"search", "tolerances"}


@dataclass
class Code:
    """Walks through a class, and all that it uses."""

    module: str  # that the class stands in
    modules: set[str] = field(default_factory=set)  # other ones that it uses
    _parts: list[bytes] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def digest(self) -> str:
        """Of all that was added, and of the modules that are no installed library: 64 digits."""
        whole = sha256()
        for part in self._parts:
            whole.update(sha256(part).digest())
        for name in sorted(self.modules):
            path = own_file(name)
            if path is not None:
                whole.update(name.encode() + sha256(path.read_bytes()).digest())
        return whole.hexdigest()

    def add(self, name: str, value: Any) -> None:
        """Something that is used by this name."""
        if isinstance(value, ModuleType):
            self._use(value.__name__)
        elif isinstance(value, type | FunctionType) and value.__module__ != self.module:
            self._use(value.__module__)
            self._parts.append(f"{name}: {value.__module__}.{value.__qualname__}".encode())
        elif id(value) in self._seen:
            self._parts.append(f"{name}: as before".encode())
        elif isinstance(value, type):
            self._seen.add(id(value))
            self._add_class(name, value)
        elif isinstance(value, FunctionType):
            self._seen.add(id(value))
            self._add_function(name, value)
        else:
            self._add_value(name, value)

    def _add_class(self, name: str, cls: type) -> None:
        self._parts.append(f"class {name}".encode())
        for base in cls.__bases__:
            self.add(base.__name__, base)
        parameters = getattr(cls, "__dataclass_fields__", {})
        for key, value in sorted(vars(cls).items()):
            if key not in LEFT_OUT and key not in parameters:
                for part in _inside(value):
                    self.add(key, part)

    def _add_function(self, name: str, function: FunctionType) -> None:
        if function.__code__.co_filename == GENERATED:
            return
        self._parts.append(f"def {name}".encode())
        self._add_code(function.__code__, function.__globals__)
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
        for free, cell in cells:
            try:
                held = cell.cell_contents
            except ValueError:  # of a name that was never given a value
                continue
            self.add(free, held)
        for key, value in (function.__kwdefaults__ or {}).items():
            self.add(key, value)
        for value in function.__defaults__ or ():
            self.add("default", value)

    def _add_code(self, code: CodeType, names: dict[str, Any]) -> None:
        self._parts.append(code.co_code)
        self._parts.append(repr((code.co_names, code.co_varnames, code.co_freevars)).encode())
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._add_code(constant, names)
            elif isinstance(constant, frozenset):
                self._parts.append(repr(sorted(map(repr, constant))).encode())
            else:
                self._parts.append(repr(constant).encode())
        for instruction in dis.get_instructions(code):
            if instruction.opname == "IMPORT_NAME":
                self._use(str(instruction.argval))
            elif instruction.opname == "LOAD_GLOBAL" and instruction.argval in names:
                self.add(str(instruction.argval), names[str(instruction.argval)])

    def _add_value(self, name: str, value: Any) -> None:
        self._use(type(value).__module__)
        if isinstance(value, np.ndarray) and value.dtype != object:
            content = (
                f"{value.dtype} {value.shape}".encode() + np.ascontiguousarray(value).tobytes()
            )
        elif isinstance(value, bool | int | float | complex | str | bytes | None):
            content = repr(value).encode()
        else:
            content = cloudpickle.dumps(value)
        self._parts.append(name.encode() + b": " + content)

    def _use(self, module: str) -> None:
        named = all(part.isidentifier() for part in module.split("."))
        if named and module not in {self.module, "builtins", "__main__"}:
            self.modules.add(module)


def _inside(value: Any) -> Iterator[Any]:
    """The functions of what wraps them in a class; else the value."""
    if isinstance(value, staticmethod | classmethod | MethodType):
        yield value.__func__
    elif isinstance(value, property):
        yield from (each for each in (value.fget, value.fset) if each is not None)
    elif isinstance(value, partial):
        yield from (value.func, value.args, value.keywords)
    else:
        yield value


def own_file(module: str) -> Path | None:
    """The file of a module that is neither Python's, nor an installed library's, nor ours."""
    top = module.partition(".")[0]
    if top == "bench" or top in sys.stdlib_module_names or top in distributions():
        return None
    found = getattr(sys.modules.get(module), "__file__", None)
    path = Path(found) if found else None
    if path is None or not path.is_file() or path.is_relative_to(sysconfig.get_path("stdlib")):
        return None
    return path
