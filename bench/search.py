"""The search spaces of models, asked for in a process of its own: a model's file is code."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bench import isolation, registry
from bench.adapter import Adapter
from bench.cells import DESCRIBE_SECONDS
from bench.errors import BadParameter, unknown
from bench.jobs import Say
from bench.space import Space, from_plain, to_plain
from bench.worker import Order


@dataclass(kw_only=True)
class Search:
    """Tell the search spaces of some models, which means to import them."""

    models: list[str]

    def run(self, say: Say, ask: Callable[[], Any]) -> dict[str, Any]:
        return {"spaces": [to_plain(declared(m, registry.adapter_class(m))) for m in self.models]}


def declared(model: str, cls: type[Adapter]) -> Space:
    """The search space that a model declares.

    Raises:
        UnknownName: it names what is no hyper-parameter.
    """
    known = [field.name for field in fields(cls)]  # type: ignore[arg-type]  # they are dataclasses
    for name in cls.search:
        if name not in known:
            raise unknown(f"parameter in the search space of {model}", name, known)
    return cls.search


def spaces(models: Sequence[str], work: Path) -> list[Space]:
    """The search space of each model.

    Raises:
        BadParameter: one of them cannot be told.
    """
    limits = isolation.Limits(seconds=DESCRIBE_SECONDS)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        job = Search(models=list(models))
        with isolation.child(Order(registry.added_models(), 0, Path(folder), job), limits) as child:
            for _ in child.messages():
                pass
            ending = child.end()
    if ending.status != "ok":
        raise BadParameter(f"no search space: {ending.reason}")
    return [from_plain(plain) for plain in ending.result["spaces"]]
