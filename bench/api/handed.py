"""Models that a script or a notebook defines itself: how they reach the process of a cell.

The class is pickled by value (cloudpickle), with what it uses of its module. A file that loads it
stands for it among the models, so that everything finds it by its name like any other.
"""

import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import cloudpickle

from bench.adapter import Adapter
from bench.api.code import Code
from bench.errors import UsageError
from bench.text import first_line

TEXT = '''"""{name}, handed over by a script or a notebook."""

from pathlib import Path

from bench.api.handed import restored

CODE = "{code}"  # a hash of it


def _what_it_uses() -> None:
    """Never called: these libraries, and parts of ours, are known from here."""
{imports}


{name} = restored(Path(__file__), __name__)
'''


class CannotBeHandedOver(UsageError, TypeError):
    """A class holds, or uses, what cannot be brought into another process."""


def hand_over(cls: type[Adapter], folder: Path) -> Path:
    """Write a class into a folder, for another process; the file that stands for it.

    Raises:
        CannotBeHandedOver: it cannot be pickled.
    """
    code = Code(cls.__module__)
    path = folder / f"{cls.__name__}.py"
    try:
        code.add(cls.__name__, cls)
        hints = get_type_hints(cls)
        own = [
            {name: hints[name] for name in vars(base).get("__annotations__", {})}
            for base in _own_classes(cls)
        ]
        content = _pickled((cls, own), sys.modules.get(cls.__module__))
    except (pickle.PicklingError, TypeError, AttributeError, NameError, RecursionError) as error:
        raise CannotBeHandedOver(
            f"{cls.__name__} cannot be handed to the process of a cell: {first_line(error)}."
            " Make such a thing inside fit(), or put the model into a file of its own"
        ) from error
    places = [entry or str(Path.cwd()) for entry in sys.path]  # of the modules that it imports
    path.with_suffix(".pickle").write_bytes(pickle.dumps((places, content)))
    imports = "\n".join(f"    import {module}" for module in sorted(code.modules)) or "    pass"
    path.write_text(TEXT.format(name=cls.__name__, code=code.digest(), imports=imports))
    return path


def restored(file: Path, module: str) -> type[Adapter]:
    """The class that a file stands for, as if that module had defined it."""
    places, content = pickle.loads(file.with_suffix(".pickle").read_bytes())
    sys.path.extend(place for place in places if place not in sys.path)
    cls: type[Adapter]
    cls, own = pickle.loads(content)
    for base, hints in zip(_own_classes(cls), own, strict=True):
        base.__annotations__ = hints  # as text they could not be understood here
    cls.__module__ = module
    return cls


def _own_classes(cls: type) -> list[type]:
    """The class, and its bases that stand in the same module."""
    return [base for base in cls.__mro__ if base.__module__ == cls.__module__]


def _pickled(value: Any, module: ModuleType | None) -> bytes:
    """With all that stands in a module by value."""
    if module is None or module.__name__ == "__main__":
        return bytes(cloudpickle.dumps(value))
    cloudpickle.register_pickle_by_value(module)
    try:
        return bytes(cloudpickle.dumps(value))
    finally:
        cloudpickle.unregister_pickle_by_value(module)
