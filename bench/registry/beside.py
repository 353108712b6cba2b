"""Files beside a model from outside, which it can import, and its processes too."""

import importlib
import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from bench.registry.names import added_models

MODELS = "bench.models"


def stand_beside(folder: Path) -> None:
    """Let what stands in a folder be imported, as `from helper import ...` or `from .helper`.

    Processes that are started from now on can do so too, however they are started. What is
    installed comes first. What stood beside the model before, in another folder, is forgotten: a
    helper there may have the same name.
    """
    models, wanted = import_module(MODELS), str(folder)
    before = models.__path__[1:]
    importlib.invalidate_caches()  # a file may be younger than what Python knows of its folder
    if before == [wanted]:
        return
    for other in before:
        _forget(Path(other))
        if other in sys.path:
            sys.path.remove(other)
    models.__path__[1:] = [wanted]
    sys.path.append(wanted)
    os.environ[models.BESIDE] = wanted


def _forget(folder: Path) -> None:
    """Let modules that stand in a folder be imported anew; not models themselves."""
    kept = set(added_models())
    for name, module in list(sys.modules.items()):
        top = name if name.startswith(f"{MODELS}.") else name.partition(".")[0]
        path = _file(sys.modules.get(top, module))
        if path is None or path in kept:
            continue
        if folder == (path.parent.parent if path.name == "__init__.py" else path.parent):
            del sys.modules[name]


def _file(module: ModuleType) -> Path | None:
    path = getattr(module, "__file__", None)
    return Path(path) if isinstance(path, str) else None
