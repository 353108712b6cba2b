"""Answers of nodes: a zip file of what they say as JSON, records, ledgers, and what a fit left.

A node packs it, and the driver reads it as any file that it did not write.
"""

import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from bench.evaluation import ledger
from bench.kept.arrays import write_arrays
from bench.kept.leave import VECTORS
from bench.kept.manifest import STATE
from bench.kept.put import Fitted
from bench.kept.take import Left, NotKept, taken
from bench.protocol.task import Task
from bench.records import files
from bench.records.record import Record
from bench.running.cell import READERS, Measured, checked_ledger
from bench.running.executors.executor import Errand, Hear
from bench.running.reference import KernelTimes
from bench.text import in_one_line

SAID = "answer.json"  # in the zip file
TOLD = ("phase", "share", "epoch")  # kinds of messages that are passed on while it measures

UNREADABLE = (KeyError, TypeError, ValueError, OSError, zipfile.BadZipFile)


class BadAnswer(ValueError):
    """A node has answered something else than was asked for."""


class Lacks(Exception):
    """A node lacks what this one model needs."""


class About(NamedTuple):
    """What a node says of itself."""

    unlike: str  # the first thing that decides keys and is not as here; "" where there is none
    wrong: Sequence[str]  # what the canaries found
    key: str  # of the cell that was named
    canaries: str  # how many of them were within their bounds; "" where none was measured
    places: int  # cells at a time, of those asked for
    fewer: Sequence[str]  # where these are fewer, why
    cores: int
    memory_mb: int  # that cells may take
    gpus: int  # that torch finds, where they are asked for

    @property
    def fault(self) -> str:
        """Why it can measure nothing; "" where it can."""
        return self.unlike or "; ".join(self.wrong)


class Cells(NamedTuple):
    """What a node has measured."""

    measured: list[Measured]
    kernel: KernelTimes | None
    share_mb: int | None  # of memory that a cell had beside others


def packed(
    said: Mapping[str, Any], measured: Sequence[Measured] = (), work: Path = Path()
) -> bytes:
    """The answer of a node.

    Args:
        said: beside records, fit for JSON.
        measured: the cells.
        work: an existing folder.
    """
    found = BytesIO()
    left = [_left(each.fitted) for each in measured]
    not_kept = [each.not_kept for each in measured]
    with zipfile.ZipFile(found, "w") as answer:
        answer.writestr(SAID, json.dumps({**said, "left": left, "not_kept": not_kept}))
        for number, each in enumerate(measured):
            files.save(each.record, work / f"{number}.json")
            answer.write(work / f"{number}.json", f"{number}.json")
            if each.ledger is not None:
                ledger.save(each.ledger, work / f"{number}.parquet")
                answer.write(work / f"{number}.parquet", f"{number}.parquet")
            if each.fitted is not None:
                _add(each.fitted, number, answer, work)
    return found.getvalue()


def _left(fitted: Fitted | None) -> dict[str, Any] | None:
    if fitted is None:
        return None
    return {
        "kind": fitted.kind,
        "biases": fitted.biases,
        "restorable": fitted.state is not None,
    }


def _add(fitted: Fitted, number: int, answer: zipfile.ZipFile, work: Path) -> None:
    """What a fit left, as its process left it."""
    vectors = {"items": fitted.items, "users": fitted.users}
    write_arrays({k: v for k, v in vectors.items() if v is not None}, work / VECTORS)
    answer.write(work / VECTORS, f"{number}.{VECTORS}")
    if fitted.state is not None:
        answer.write(fitted.state, f"{number}.{STATE}")


def read_about(answer: bytes) -> About:
    """What a node says of itself.

    Raises:
        BadAnswer: it says something else.
    """
    try:
        said = _said(answer)
        return About(*(said[name] for name in About._fields))
    except UNREADABLE as error:
        raise BadAnswer(f"it said what cannot be read: {in_one_line(error)}") from error


def read_cells(answer: bytes, errand: Errand, tasks: Mapping[str, Task], work: Path) -> Cells:
    """What a node has measured, if it is what was asked for.

    Args:
        answer: of the node.
        errand: what was asked for.
        tasks: by protocol.
        work: an existing folder, where the states of models stand then.

    Raises:
        BadAnswer: it is not, or the node is not as this machine.
        Lacks: the node can measure others.
    """
    try:
        said = _said(answer)
        if said.get("unlike"):
            raise BadAnswer(said["unlike"])
        if said.get("lacks"):
            raise Lacks(said["lacks"])
        with TemporaryDirectory(dir=work) as name, zipfile.ZipFile(BytesIO(answer)) as found:
            found.extractall(name)
            measured = [
                _measured(Path(name), number, errand, tasks, said)
                for number in range(len(errand.planned))
            ]
            times = said["kernel"]
            kernel = KernelTimes(*map(float, times)) if times else None
            moved = [
                each if each.fitted is None else each._replace(fitted=each.fitted.moved(work))
                for each in measured
            ]
        return Cells(moved, kernel, said["share_mb"])
    except BadAnswer:  # as the node has put it
        raise
    except UNREADABLE as error:
        raise BadAnswer(in_one_line(error)) from error


def _said(answer: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(BytesIO(answer)) as found:
        return dict(json.loads(found.read(SAID)))


def _measured(
    folder: Path, number: int, errand: Errand, tasks: Mapping[str, Task], said: Mapping[str, Any]
) -> Measured:
    planned = errand.planned[number]
    task = tasks[planned.cell.protocol]
    record = files.load(Record, folder / f"{number}.json")
    if (record.cell, record.key) != (planned.cell, planned.key):
        raise ValueError(f"the record is not that of {planned.cell.name}")
    not_kept = str(said["not_kept"][number]) if errand.keep else ""
    if record.status != "ok":
        return Measured(record, not_kept=not_kept)
    found = checked_ledger(ledger.load(folder / f"{number}.parquet"), task)
    measured = Measured(record, found, not_kept=not_kept)
    if not errand.keep or said["left"][number] is None:
        return measured
    own = folder / f"{folder.name}-{number}"  # no other model's state is called so
    own.mkdir()
    for name in (VECTORS, STATE):
        if (folder / f"{number}.{name}").exists():
            shutil.move(folder / f"{number}.{name}", own / name)
    try:
        fitted = taken(Left.read(said["left"][number]), own, task.train)
    except NotKept as error:
        return measured._replace(not_kept=str(error))
    return measured._replace(fitted=fitted)


def line_of(kind: str, value: Any) -> str:
    """A message of a cell's process, for its node to pass on; "" where it stays there."""
    return json.dumps([kind, value]) if kind in TOLD else ""


def pass_on(lines: bytes, hear: Hear) -> None:
    """Let one hear what the process of a cell has said on a node.

    Raises:
        BadAnswer: it cannot be read.
    """
    try:
        for line in lines.splitlines():
            kind, value = json.loads(line)
            if kind in TOLD:
                hear(kind, READERS[kind](value))
    except (TypeError, ValueError) as error:
        raise BadAnswer(f"it said what cannot be read: {in_one_line(error)}") from error
