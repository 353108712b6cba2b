"""Compare recommenders under one leave-one-out protocol."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# What a script or a notebook needs, by the module that has it. Imported when it is asked for: the
# command imports this package too, and must not wait for numpy. `__init__.pyi` has the types.
_PUBLIC = {
    **{"read": "api.read", "run": "api.run", "Board": "api.board", "Data": "api.data"},
    **{"open": "api.open"},
    **{"Adapter": "adapter", "Run": "adapter", "Embeddings": "adapter"},
    **{"Interactions": "interactions", "Features": "interactions", "DataSet": "interactions"},
    **{"UsageError": "errors", "Problem": "errors"},
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
