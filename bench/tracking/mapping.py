"""A record as an MLflow run: names, parameters, tags, figures, status."""

import json
import math
import re
from collections.abc import Sequence
from datetime import datetime
from statistics import fmean
from typing import Any, NamedTuple

from bench.records.record import HEADLINE, TUNING, Record
from bench.records.standings import Standings

# MLflow knows no status for a cell that was not tried: a skip is no failure.
STATUS = {"ok": "FINISHED", "skipped": "FINISHED"}
STATUS |= dict.fromkeys(("timeout", "killed", "pruned"), "KILLED")
NOTE = """# {dataset}, {protocol}

Views > Leaderboard is a table sorted by HR@10, Views > Charts draws it. There is one run for each
model and seed (tag kind = cell), under one run for each `bench run`. HR@10 is `hr_at_10`, with its
standard error `hr_at_10_se`. The truth is the record among a run's artifacts. Another version of
the data has an experiment of its own.
"""
UNKNOWN = "unknown"
VERSION = "bench.data"  # tag of an experiment: of which data it is


# A zero byte, and half of a pair of UTF-16: PostgreSQL takes neither, and no terminal shows them.
UNSENT = re.compile("[\0\ud800-\udfff]")


class Figure(NamedTuple):
    """A metric of MLflow."""

    name: str
    value: float
    seconds: float  # after the start of the cell
    step: int = 0


def cleaned(record: Record) -> Record:
    """The record as it is told: without signs that a database may refuse in any text of it."""
    return Record.from_dict(_clean(record.to_dict()))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return UNSENT.sub("", value)
    if isinstance(value, dict):
        return {_clean(name): _clean(each) for name, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list | tuple) else value


def experiment_name(dataset: str, protocol: str, version: str = "") -> str:
    """One experiment holds what may be compared. A slash would split its name in the pages.

    A version of the data is said where the store had another first.
    """
    name = f"{dataset} {protocol}".replace("/", "-")
    return f"{name} data {version}" if version else name


def version(record: Record) -> str:
    """Tells versions of the data apart: the beginning of the hash."""
    return record.data_sha256[:8]


def parameters(record: Record) -> dict[str, str]:
    """The hyper-parameters, and what else defines the cell; the cell's own names come first."""
    facts = _facts(record)
    own = {f"param.{n}" if n in facts else n: _text(v) for n, v in record.cell.params.items()}
    return {**facts, **own}


def cell_tags(record: Record) -> dict[str, str]:
    """What a cell is searched and explained by."""
    infinite = {n: v for n, v in _values(record).items() if not math.isfinite(v)}
    found = {
        **_facts(record),
        "kind": "cell",
        "status": record.status,
        "reason": record.reason[:1000],
        "label": record.cell.name,
        "suite": record.suite,
        "tuned": record.tuned,
        "data": record.data_sha256[:12],
        **{name: str(record.environment.get(name) or "") for name in ("instruction_set", "blas")},
        "bench.key": record.key,
        "bench.started": record.started,
        "bench.invocation": record.invocation or UNKNOWN,
        "mlflow.note.content": record.reason[:4000],
        **{f"not_finite.{name}": str(value) for name, value in infinite.items()},
        **_origin(record),
    }
    return {name: value for name, value in found.items() if value}


def parent_tags(record: Record) -> dict[str, str]:
    """Of the run of an invocation, known from its first record."""
    found = {
        "kind": "invocation",
        "suite": record.suite,
        "bench.invocation": record.invocation or UNKNOWN,
        **_origin(record),
    }
    return {name: value for name, value in found.items() if value}


def parent_name(record: Record) -> str:
    """Suite and time."""
    return f"{record.suite or 'run'} {record.started[:16].replace('T', ' ')}".strip()


def cell_name(record: Record) -> str:
    """Model and seed, as there is no room for more."""
    return f"{record.cell.name} s{record.cell.seed}"


def figures(record: Record) -> list[Figure]:
    """Metrics, timings and learning curve; what is NaN or infinite is left to a tag.

    Six digits are far below any error here, and fit the columns of MLflow's pages.
    """
    values = sorted({**_values(record), **_for_charts(record)}.items())
    found = [Figure(n, float(f"{v:.6g}"), 0.0) for n, v in values if math.isfinite(v)]
    for number, point in enumerate(record.curve, start=1):
        step, seconds = int(point.get("number") or number), point.get("seconds") or 0.0
        for name in ("loss", "validation", "seconds"):
            value = point.get(name)
            if value is not None and math.isfinite(value):
                found.append(Figure(f"curve/{name}", float(value), seconds, step))
    return found


def judged(records: Sequence[Record]) -> list[Record]:
    """The records that an invocation is judged by: of a tuning the trials with a figure, if any.

    That a trial was pruned, or cut off by the budget, is no failure.
    """
    good = [r for r in records if r.status == "ok" and r.suite.startswith(TUNING)]
    return good or list(records)


def summary(records: Sequence[Record]) -> dict[str, float]:
    """Of an invocation: how many cells, and the best and mean of the headline figures."""
    good = [record for record in records if record.status == "ok"]
    found = {"cells": float(len(records)), "cells_ok": float(len(good))}
    for name in HEADLINE:
        values = [record.metrics[name] for record in good if name in record.metrics]
        if values := [value for value in values if math.isfinite(value)]:
            found |= {f"best_{name}": max(values), f"mean_{name}": fmean(values)}
    return found


def tiers(found: Standings) -> dict[str, str]:
    """The tier of each cell of a section, by its key."""
    return {
        stem.rpartition(".")[2]: str(row.tier)
        for row in found.rows
        for stem in row.stems
        if found.pairs
    }


def best_model(records: Sequence[Record]) -> str:
    """The label with the highest HR@10."""
    good = [record for record in records if record.status == "ok"]
    best = max(good, key=lambda record: record.metrics.get("hr_at_10", -1.0), default=None)
    return best.cell.name if best else ""


def data(record: Record) -> dict[str, str]:
    """The data set as MLflow describes one, with its counts."""
    remote = record.source.startswith("http")
    counts = {name: value for name, value in record.audit.items() if isinstance(value, int)}
    return {
        "name": record.cell.dataset,
        "digest": record.data_sha256[:16] or UNKNOWN,
        "source_type": "http" if remote else "local",
        "source": json.dumps({"url" if remote else "uri": record.source}),
        "profile": json.dumps(counts),
    }


def experiment_tags(record: Record) -> dict[str, str]:
    """What marks an experiment as ours, and its description."""
    dataset, protocol = record.cell.dataset, record.cell.protocol
    return {
        "bench.dataset": dataset,
        "bench.protocol": protocol,
        VERSION: version(record),
        "mlflow.note.content": NOTE.format(dataset=dataset, protocol=protocol),
    }


def milliseconds(time: str) -> int | None:
    """A record's time as MLflow wants it; None when the record has none."""
    return round(1000 * datetime.fromisoformat(time).timestamp()) if time else None


def _facts(record: Record) -> dict[str, str]:
    cell = record.cell
    names = ("model", "seed", "dataset", "protocol", "eval_users", "device", "threads")
    return {name: str(getattr(cell, name)) for name in names}


def _values(record: Record) -> dict[str, float]:
    return {**record.timings, **record.metrics}


def _for_charts(record: Record) -> dict[str, float]:
    """Metrics that only MLflow's charts need, which have no logarithmic axis for them."""
    seconds = record.timings.get("train_seconds", 0.0)
    return {"log10_train_seconds": math.log10(seconds)} if seconds > 0 else {}


def _origin(record: Record) -> dict[str, str]:
    """Where the figures come from."""
    commit = str(record.environment.get("git_commit") or "")
    return {
        "git_commit": commit,
        "git_dirty": "yes" if record.environment.get("git_dirty") else "",
        "cpu": str(record.environment.get("cpu") or ""),
        "mlflow.source.git.commit": commit,
        "mlflow.source.name": "bench run",
        "mlflow.source.type": "LOCAL",
    }


def _text(value: object) -> str:
    """As on the command line: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, default=str)
