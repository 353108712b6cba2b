"""Ask models for their hyper-parameters and search spaces.

That is done in a process of its own: a model's file is code.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple

from bench.adapter import Adapter
from bench.errors import BadParameter, UnknownName, unknown
from bench.isolation import process as isolation
from bench.isolation.worker import Order, Say
from bench.registry import names
from bench.registry.models import ModelSpec, adapter_class
from bench.registry.parameters import complete
from bench.registry.suites import SuiteRow
from bench.space import Space, from_plain, to_plain
from bench.text import in_one_line

DESCRIBE_SECONDS = 120.0


class Described(NamedTuple):
    """What is known of a row before it runs."""

    status: Literal["ok", "usage", "skipped", "failed"]
    params: dict[str, Any]  # complete when ok
    reason: str = ""


@dataclass(kw_only=True)
class Describe:
    """Complete and check the parameters of some rows, which means to import their models."""

    rows: list[ModelSpec]

    def run(self, say: Say, ask: Callable[[], Any]) -> dict[str, Any]:
        return {"rows": [list(self._describe(row)) for row in self.rows]}

    def _describe(self, row: ModelSpec) -> Described:
        try:
            return Described("ok", complete(adapter_class(row.model), *row))
        except (UnknownName, BadParameter) as error:
            return Described("usage", row.params, str(error))
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if missing in ("", "bench"):
                return Described("failed", row.params, str(error))
            return Described("skipped", row.params, f"needs {missing}, which is not installed")
        except BaseException as error:
            return Described("failed", row.params, in_one_line(error))


@dataclass(kw_only=True)
class Search:
    """Tell the search spaces of some models, which means to import them."""

    models: list[str]

    def run(self, say: Say, ask: Callable[[], Any]) -> dict[str, Any]:
        return {"spaces": [to_plain(declared(m, adapter_class(m))) for m in self.models]}


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
        with isolation.child(Order(names.added_models(), 0, Path(folder), job), limits) as child:
            for _ in child.messages():
                pass
            ending = child.end()
    if ending.status != "ok":
        raise BadParameter(f"no search space: {ending.reason}")
    return [from_plain(plain) for plain in ending.result["spaces"]]


def describe(rows: tuple[SuiteRow, ...], work: Path) -> list[Described]:
    """Complete and check the hyper-parameters of each row, in a process of its own.

    A model that ends the process at its import loses nothing for the others; its row is left as it
    is, and the cell will tell.
    """
    wanted = [ModelSpec(row.model, row.params) for row in rows]
    found = _describe(wanted, work)
    if found is None:
        found = [(_describe([row], work) or [Described("ok", row.params)])[0] for row in wanted]
    return found


def _describe(rows: list[ModelSpec], work: Path) -> list[Described] | None:
    limits = isolation.Limits(seconds=DESCRIBE_SECONDS)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        order = Order(names.added_models(), 0, Path(folder), Describe(rows=rows))
        with isolation.child(order, limits) as child:
            for _ in child.messages():
                pass
            ending = child.end()
    if ending.status != "ok":
        return None
    return [Described(*entry) for entry in ending.result["rows"]]
