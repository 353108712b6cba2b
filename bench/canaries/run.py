"""The canaries of a run: measured in a process of their own, unless that was done before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from time import monotonic

from bench import machine
from bench.canaries.job import MeasureCanaries
from bench.hashing import key_of, of_files
from bench.isolation.process import Limits, running
from bench.protocol.task import Task
from bench.records.canaries import Canaries, checks_of
from bench.records.files import load
from bench.records.folder import Results

STAGES = [["bench.evaluation.kernels"]]  # that a template imports for them, where there is one
SECONDS = 600.0  # that they may take; on MovieLens-100K it is two


def canaries_key(dataset: str, task: Task) -> str:
    """16 hex digits that change with anything that may change a canary's figure.

    All files of the harness count: a change in any may be the one that breaks the protocol.
    """
    parts = {
        "dataset": dataset,
        "protocol": task.protocol,
        "data": task.data_sha256,
        "split": task.split_sha256,
        "harness": _harness_sha256(),
        "packages": machine.packages(),
        "schema": Canaries.SCHEMA,
    }
    return key_of(parts)


@cache
def _harness_sha256() -> str:
    folder = Path(__file__).parents[1]
    return of_files(folder.rglob("*.py"), folder)


def ensure(
    dataset: str,
    task: Task,
    results: Results,
    work: Path,
    say: Callable[[str], None],
    *,
    again: bool = False,
) -> Canaries:
    """The canaries of a task, measured unless they are kept, and on the disk."""
    found = None if again else kept(dataset, task, results)
    if found is not None:
        say(f"{found}, as found before")
        return found
    found = measure(dataset, task, work)
    results.save(found)
    say(f"{found}, {found.seconds:.1f} s")
    for reason in found.invalid():
        say(f"INVALID: {reason}")
    return found


def kept(dataset: str, task: Task, results: Results) -> Canaries | None:
    """The canaries of this very task, if they were measured before and none was out of bounds."""
    wanted = Canaries(dataset=dataset, protocol=task.protocol, key=canaries_key(dataset, task))
    try:
        found = load(Canaries, results.file_of(wanted))
    except (OSError, ValueError):
        return None
    return None if found.invalid() else found


def measure(dataset: str, task: Task, work: Path) -> Canaries:
    """Measure all canaries in a process of their own. Whatever happens there, it is told."""
    started, began = datetime.now(UTC), monotonic()
    found = Canaries(
        dataset=dataset,
        protocol=task.protocol,
        key=canaries_key(dataset, task),
        data_sha256=task.data_sha256,
        split_sha256=task.split_sha256,
        started=started.isoformat(timespec="milliseconds"),
    )
    for each in task.fits:
        found = _measured(each, found, work)
        if found.status != "ok":
            break
    return replace(found, seconds=monotonic() - began)


def _measured(task: Task, before: Canaries, work: Path) -> Canaries:
    """What was found before, of other folds, and what is found of this task."""
    job = MeasureCanaries(train=task.train, published=task.published)
    with running(job, Limits(seconds=SECONDS), work, stages=STAGES) as child:
        for kind, _ in child.messages():
            if kind == "fitted":
                child.send(task.cases)  # only now: the leaker has to find nothing before
        ending = child.end()
    if ending.status != "ok":
        return replace(before, status=ending.status, reason=ending.reason)
    result = ending.result
    checks = {name: checks_of(given) for name, given in result["checks"].items()}
    return replace(
        before,
        checks={name: before.checks.get(name, ()) + each for name, each in checks.items()},
        errors=before.errors | result["errors"],
        users=before.users + result["users"],
    )
