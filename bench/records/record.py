"""The record of one measured cell: a JSON file, the truth behind every table and MLflow run.

A cell is data set x protocol x model x parameters x seed. Its record and, when it is ok, its ledger
stand in a results folder (`bench.records.folder`) under the same stem.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bench.records.files import Kept
from bench.text import file_name

Status = Literal["ok", "failed", "timeout", "oom", "killed", "skipped", "pruned"]
HEADLINE = ("hr_at_10", "ndcg_at_10")  # the metrics by which models are compared
TUNING = "tune "  # begins the suite of a trial


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is measured. Everything here changes the result, or its clock."""

    dataset: str
    protocol: str
    model: str
    params: dict[str, Any]  # every hyper-parameter of the model, also those left at their default
    seed: int
    device: str = "cpu"
    threads: int = 1
    eval_users: int = 0  # test users in the sample that is scored; 0 for all
    label: str = ""  # the name on the board, where one model stands there twice
    # Of protocols with new people: how they are served ("way"), and with which parameters.
    fold_in: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The label or the model; with the way to serve new people, where there are any."""
        name = self.label or self.model
        return f"{name} ({self.fold_in['way']})" if self.fold_in else name


@dataclass(frozen=True, kw_only=True)
class Record(Kept):
    """All that is known of one attempt to measure a cell."""

    KIND = "record"
    SCHEMA = 1

    cell: Cell
    key: str  # 16 hex digits: data, split, model source, parameters, seed, protocol, libraries
    status: Status
    # Of what is not ok; of what is ok, what a later attempt came to that was not:
    reason: str = ""  # one line
    traceback: str = ""
    output: str = ""  # the end of what the model printed
    metrics: dict[str, float] = field(default_factory=dict)  # hr_at_10, ndcg_at_10, ...
    timings: dict[str, float] = field(default_factory=dict)  # train_seconds, peak_memory_mb, ...
    curve: list[dict[str, float | None]] = field(default_factory=list)  # number, seconds, loss, ...
    audit: dict[str, Any] = field(default_factory=dict)  # of the data: users, items, ...
    data_sha256: str = ""
    split_sha256: str = ""
    code_sha256: str = ""  # of the model's file and the shared files it imports
    source: str = ""  # where the data came from
    environment: dict[str, Any] = field(default_factory=dict)  # packages, cpu, git_commit, ...
    tuned: str = ""  # how the parameters were found
    uses_order: bool = False  # whether the model looks at the order of a user's items
    invocation: str = ""  # id of the `bench run` that measured it
    suite: str = ""
    started: str = ""  # ISO 8601, UTC
    ended: str = ""
    schema: int = SCHEMA

    @property
    def stem(self) -> str:
        """Name of its files, without the ending."""
        return stem(self.cell, self.key)

    @classmethod
    def parts(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The cell."""
        return {"cell": Cell(**values["cell"])}


def stem(cell: Cell, key: str) -> str:
    """Name of a cell's files, without the ending: readable, and unique by the key."""
    words = f"{cell.dataset}.{cell.protocol}.{cell.name}.s{cell.seed}"
    return f"{file_name(words)}.{key}"


def finite(record: Record) -> Record:
    """The record; as a failed one where a figure is NaN or infinite, which is never kept."""
    figures = {**record.metrics, **record.timings}
    bad = [name for name, value in figures.items() if not math.isfinite(value)]
    if not bad:
        return record
    reason = f"{bad[0]} is {figures[bad[0]]}, which is no figure"
    return replace(record, status="failed", reason=reason, metrics={}, timings={}, curve=[])
