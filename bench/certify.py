"""Hold a model to the laws of `bench.laws`, in processes of its own that may crash or hang."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from bench import isolation, machine, registry
from bench.adapter import Adapter
from bench.certificates import Certificate, Finding
from bench.checking import check
from bench.interactions import Interactions
from bench.isolation import Ending
from bench.jobs import Message, Row, Say
from bench.parameters import complete
from bench.sources import source_sha256
from bench.subject import Subject
from bench.worker import Order

EPOCHS = 6  # at most, of a model that has them: the laws are about what it does, not how well
SHORTER = ("epochs", "iterations")


class Stage(NamedTuple):
    """Laws that one process can look at, in this order."""

    laws: tuple[str, ...]
    threads: int = 1


FIRST = "form"  # without it there is nothing to compare
STAGES = (
    Stage(
        (
            *(FIRST, "pairs", "batches", "pickled", "inputs", "random", "doubled"),
            *("refit", "users", "items", "rows", "hidden"),
        )
    ),
    Stage(("process",)),
    Stage(("threads",), threads=2),
)
TRIED = {
    "form": "read-only data in, finite float32 scores out",
    "pairs": "pair_scores, in any order of candidates",
    "batches": "users one by one, and in other batches",
    "pickled": "pickled before fit and after",
    "inputs": "the training arrays after fit",
    "random": "the global random states after fit",
    "doubled": "scores times 2",
    "refit": "a second fit of the same object",
    "users": "users numbered in another way",
    "items": "items numbered in another way",
    "rows": "training rows in another order",
    "hidden": "other held-out items, lying open",
    "process": "fitted in a fresh process",
    "threads": "fitted with 2 threads",
}


@dataclass(kw_only=True)
class Certify:
    """Hold a model to some laws, and tell of each as soon as it is known."""

    row: Row
    seed: int
    threads: int
    data: Sequence[Interactions]
    laws: Sequence[str]
    folder: Path  # where the scores of the first process stand

    def run(self, say: Say, ask: Callable[[], Any]) -> dict[str, Any]:
        subjects: list[Subject] = []
        for law in self.laws:
            say(Message("phase", law))
            try:
                subjects = subjects or [self._subject(j) for j in range(len(self.data))]
                found = check(law, subjects)
                if law == FIRST:
                    for j, subject in enumerate(subjects):
                        np.save(self._scores(j), subject.scores)
            except BaseException as error:  # also SystemExit and KeyboardInterrupt
                words = f"{type(error).__name__}: {error}".rstrip(": ")
                found = Finding(law, "fail", " ".join(words.split()))
            say(Message("finding", tuple(found)))
            if law == FIRST and found.status == "fail":
                break
        return {}

    def _subject(self, j: int) -> Subject:
        before = None if FIRST in self.laws else np.load(self._scores(j))
        cls = registry.adapter_class(self.row.model)
        params = quick(cls, self.row)
        return Subject(
            lambda: cls(**params),
            self.data[j],
            seed=self.seed,
            threads=self.threads,
            before=before,
        )

    def _scores(self, j: int) -> Path:
        return self.folder / f"scores-{j}.npy"


def quick(cls: type[Adapter], row: Row) -> dict[str, Any]:
    """The hyper-parameters of a row, complete; what is not given has few epochs."""
    params = complete(cls, *row)
    names = {field.name for field in fields(cls)} & set(SHORTER)  # type: ignore[arg-type]
    return params | {name: min(EPOCHS, params[name]) for name in names - row.params.keys()}


def certify(
    row: Row,
    data: Sequence[Interactions],
    *,
    seed: int,
    timeout: float,
    memory_mb: int,
    work: Path,
) -> Certificate:
    """Hold a model to all laws. Whatever it does, there is a finding of each.

    Args:
        row: the model, and hyper-parameters that somebody gave.
        data: small, each tried under every law.
        timeout: seconds for a law.
        memory_mb: that a process may take.
        work: a folder for what is not kept.
    """
    started = datetime.now(UTC)
    findings: dict[str, Finding] = {}
    with tempfile.TemporaryDirectory(dir=work) as name:
        for stage in STAGES:
            while pending := [law for law in stage.laws if law not in findings]:
                job = Certify(
                    row=row,
                    seed=seed,
                    threads=stage.threads,
                    data=data,
                    laws=pending,
                    folder=Path(name),
                )
                findings |= _hold(job, timeout, memory_mb, work)
                if findings[FIRST].status == "fail":
                    left = (law for each in STAGES for law in each.laws if law not in findings)
                    findings |= {law: Finding(law, "not run", f"see {FIRST}") for law in left}
    return Certificate(
        model=row.model,
        code_sha256=source_sha256(row.model),
        params=row.params,
        seed=seed,
        findings=tuple(findings[law] for stage in STAGES for law in stage.laws),
        environment=machine.environment(),
        started=started.isoformat(timespec="milliseconds"),
    )


def _hold(job: Certify, timeout: float, memory_mb: int, work: Path) -> dict[str, Finding]:
    """Look at laws in one process, as far as it comes: there is a finding of one at least.

    A law that it crashes or hangs in fails; those after it are left to another process.
    """
    limits = isolation.Limits(threads=job.threads, memory_mb=memory_mb)
    findings: dict[str, Finding] = {}
    law = job.laws[0]
    began: float | None = None  # until then the process loads what is ours
    with tempfile.TemporaryDirectory(dir=work) as name:
        order = Order(registry.added_models(), memory_mb, Path(name), job)
        with isolation.child(order, limits) as child:
            for kind, value in child.messages():
                if kind == "phase" and value in job.laws:
                    law, began = value, monotonic()
                elif kind == "finding":
                    found = Finding(*value)
                    findings[found.law] = found
                if began is not None and monotonic() - began > timeout:
                    child.stop(Ending(status="timeout", reason=f"stopped after {timeout:g} s"))
            ending = child.end()
    if law not in findings:
        reason = ending.reason or "the process ended without a finding"
        findings[law] = Finding(law, "fail", reason)
    return findings
