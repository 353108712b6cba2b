"""Ask models for their hyper-parameters and search spaces."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Literal, NamedTuple

import click

from bench.adapter import Adapter
from bench.errors import BadParameter, UnknownName
from bench.fold_in.ways import ways_of
from bench.isolation.process import Child, Limits, running
from bench.isolation.worker import Parent
from bench.protocol.task import Task
from bench.registry.models import ModelSpec, adapter_class
from bench.registry.names import knowing_added_models
from bench.registry.parameters import complete
from bench.registry.suites import Suite, blame
from bench.running.answered import keep_answer, kept_answer, key_of_answer
from bench.running.compiling import COMPILING, compilation_told
from bench.running.stages import stages_of_asking
from bench.space import to_plain
from bench.text import in_one_line, one_line

LIMITS = Limits(seconds=120.0)


class Described(NamedTuple):
    """What is known of a row before it runs."""

    status: Literal["ok", "usage", "skipped", "failed"]
    params: dict[str, Any]  # complete when ok
    reason: str = ""
    # The declared search space by `bench.space.to_plain`, or why it is not known.
    search: dict[str, Any] | str = "the model was not asked"
    needs: Sequence[str] = ()  # of the data, see `bench.adapter.Adapter.needs`
    ways: Sequence[str] = ()  # to serve new people, see bench.fold_in
    compile_seconds: float = 0.0  # that its kernels took just now; those kept on the disk take none


@dataclass(kw_only=True)
class Describe:
    """Complete and check the parameters of some rows, which means to import their models."""

    rows: list[ModelSpec]

    def run(self, parent: Parent) -> dict[str, Any]:
        rows = []
        for row in self.rows:
            parent.tell("asked", row.model)
            with compilation_told(parent) as watch:
                found = self._describe(row)
            rows.append(list(found._replace(compile_seconds=watch.seconds)))
        return {"rows": rows}

    def _describe(self, row: ModelSpec) -> Described:
        try:
            cls = adapter_class(row.model)
            params = complete(cls, *row)
            adapter = cls(**params)
            if reason := adapter.unavailable():
                return Described("skipped", params, reason, _search_of(cls))
            needs = adapter.needs()
            return Described("ok", params, "", _search_of(cls), needs, ways_of(cls))
        except (UnknownName, BadParameter) as error:
            return Described("usage", row.params, str(error))
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if missing in ("", "bench"):
                return Described("failed", row.params, str(error))
            return Described("skipped", row.params, f"needs {missing}, which is not installed")
        except BaseException as error:
            return Described("failed", row.params, in_one_line(error))


def _search_of(cls: type[Adapter]) -> dict[str, Any] | str:
    """A wrong one is no reason not to measure a model."""
    try:
        plain: dict[str, Any] = json.loads(json.dumps(to_plain(cls.search)))
    except Exception as error:
        return in_one_line(error)
    return plain


def describe(suite: Suite, work: Path) -> list[Described]:
    """Ask each row's model for its hyper-parameters, in another process: its file is code.

    What a model as it is now answered before is taken as it was.

    If a model kills the process while it is imported, the others are asked again, each alone. Its
    own row stays as it is, and its cell fails with the reason.

    Raises:
        BadParameter, BadSuite: a row has a hyper-parameter that its model does not take.
    """
    described = _answers([ModelSpec(row.model, row.params) for row in suite.rows], work)
    for row, known in zip(suite.rows, described, strict=True):
        if known.status == "usage":
            raise blame(suite, row, known.reason)
    return described


def fit_for(task: Task, described: list[Described]) -> list[Described]:
    """The rows as they are on a task: models that need what its data lack are skipped."""
    lacking = {
        "order": (
            task.order == "random",
            f"uses the order of a user's items, and {task.protocol} has none",
        ),
        "item features": (
            task.train.item_features is None,
            f"needs features of items, and {task.dataset} has none",
        ),
    }
    return [_on(known, lacking) for known in described]


def _on(known: Described, lacking: Mapping[str, tuple[bool, str]]) -> Described:
    reasons = [why for need, (lacks, why) in lacking.items() if lacks and need in known.needs]
    if known.status != "ok" or not reasons:
        return known
    return known._replace(status="skipped", reason="; ".join(reasons))


def _answers(specs: list[ModelSpec], work: Path) -> list[Described]:
    """Those that are kept, and those of a process for the rest."""
    keys = [key_of_answer(spec) for spec in specs]
    kept = [kept_answer(key) for key in keys]
    asked = [spec for spec, found in zip(specs, kept, strict=True) if found is None]
    new = iter(_ask(asked, work) if asked else [])
    answers = [next(new) if found is None else Described(*found) for found in kept]
    for key, found, known in zip(keys, kept, answers, strict=True):
        if found is None and isinstance(known.search, dict):  # the model itself has answered
            keep_answer(key, list(known._replace(compile_seconds=0.0)))
    return answers


def _ask(specs: list[ModelSpec], work: Path) -> list[Described]:
    stages = stages_of_asking([spec.model for spec in specs])
    with running(Describe(rows=specs), LIMITS, work, knowing_added_models(), stages) as child:
        _tell_of_compilation(child)
        ending = child.end()
    if ending.status == "ok":
        return [Described(*each) for each in ending.result["rows"]]
    if len(specs) == 1:
        return [Described("ok", specs[0].params, search=ending.reason)]
    return [known for spec in specs for known in _ask([spec], work)]


def _tell_of_compilation(child: Child) -> None:
    """Say for which models kernels are being compiled: it takes long, and comes only once."""
    began, model, told = monotonic(), "", ""
    for kind, value in child.messages({"asked": str, "phase": str}):
        if kind == "asked":
            model = value
        elif kind == "phase" and value == COMPILING and model != told:
            click.echo(f"compiling what {one_line(model)} needs, once ...")
            told = model
    if told:
        click.echo(f"compiled in {monotonic() - began:.0f} s, which counts in no cell")
