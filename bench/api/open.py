"""`bench.open`: the kept models of a results folder."""

from collections.abc import Iterable
from pathlib import Path

from bench.adapter import Adapter
from bench.api.board import Board
from bench.errors import BadParameter
from bench.records.folder import Results
from bench.registry.models import adapter_class, define
from bench.registry.names import NameTaken, files, with_models
from bench.retrieval.opened import Opened
from bench.text import shown

Code = str | Path | type[Adapter]  #: a model's file, or its class


def open(  # the name that people look for
    results: str | Path | Results | Board = "results",
    *,
    dataset: str | None = None,
    seed: int | None = None,
    models: Code | Iterable[Code] = (),
) -> Opened:
    """Open the kept models of a results folder: `bench.open(results).similar("Alien")`.

    Args:
        results: the folder of runs with `--keep`, or the board of one.
        dataset: where models of several data sets are kept.
        seed: where a model is kept with several seeds.
        models: the code of kept models that stand neither in `models/` nor in an installed package:
            their files, as "mine.py", or their classes. A class that was run in this process is
            known without.

    Raises:
        bench.UsageError: nothing is kept there; or `models` has no model's file, and no class of
            one.
    """
    for code in [models] if isinstance(models, str | Path | type) else _listed(models):
        _know(code)
    if isinstance(results, Board):
        results = results.results
    opened = Opened(
        results if isinstance(results, Results) else Results(Path(results)), dataset, seed
    )
    opened.use(None)
    return opened


def _listed(models: Iterable[Code]) -> list[Code]:
    if not isinstance(models, Iterable):
        raise _wrong(models)
    return list(models)


def _know(code: Code) -> None:
    """Let a model be known to this process."""
    if isinstance(code, str | Path):
        with with_models([Path(code)]) as names:
            for name in names:
                define(name, adapter_class(name))
    elif isinstance(code, type) and issubclass(code, Adapter):
        if code.__name__ in files("models"):
            raise NameTaken(
                f"a model {code.__name__!r} exists already; give the class its own name"
            )
        define(code.__name__, code)
    else:
        raise _wrong(code)


def _wrong(given: object) -> BadParameter:
    return BadParameter(f"models takes files, as 'mine.py', or Adapter classes, not {shown(given)}")
