"""The canaries of a task, measured in the process of the test."""

from pathlib import Path

import pytest

from bench.canaries import job
from bench.canaries.models import canaries
from bench.protocol.task import Task
from bench.records.canaries import Canaries

NAMES = {"constant", "random", "oracle", "anti-oracle", "popularity", "repeater", "leaker", "nan"}


def measured(task: Task) -> Canaries:
    """All canaries but the leaker: this process holds what is held out, and it would find that."""
    rest = {name: one for name, one in canaries(Path()).items() if name != "leaker"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "canaries", lambda folder: rest)
        found, users = job.measure_canaries(task.train, task.published, Path(), lambda: task.cases)
    return Canaries(
        dataset="d",
        protocol=task.protocol,
        key="0",
        users=users,
        checks={name: tuple(c) for name, c in found.items() if not isinstance(c, str)},
        errors={name: c for name, c in found.items() if isinstance(c, str)},
    )
