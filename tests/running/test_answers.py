"""Answers of nodes, as the driver reads them: whole and of what was asked for, or refused."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.hashing import fingerprint
from bench.isolation.process import Limits
from bench.protocol.task import Task, prepare
from bench.registry.suites import Suite, SuiteRow, data_of
from bench.running.cell import Measured
from bench.running.describe import describe
from bench.running.executors.answers import (
    BadAnswer,
    Lacks,
    line_of,
    packed,
    pass_on,
    read_about,
    read_cells,
)
from bench.running.executors.executor import Errand, measured_here
from bench.running.plan import planned_cells
from bench.running.training import Epoch

SAID = {"kernel": [0.1, 0.2], "share_mb": None}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Errand, Measured, dict[str, Task]]:
    """A cell, measured here and to be kept."""
    work = tmp_path_factory.mktemp("measured")
    suite = Suite(dataset="synthetic", rows=(SuiteRow(model="als"),), seeds=(0,))
    task = prepare(data_of(suite, None), suite.protocol)
    (planned,) = planned_cells(suite, describe(suite, work), task, "cpu", 1)
    errand = Errand(planned=[planned], limits=Limits(), keep=True)
    (measured,) = measured_here(errand, {task.protocol: task}, work)
    assert measured.fitted is not None and measured.fitted.state is not None
    return errand, measured, {task.protocol: task}


def test_what_is_packed_is_read_as_it_was(
    found: tuple[Errand, Measured, dict[str, Task]], tmp_path: Path
) -> None:
    errand, measured, tasks = found
    for name in ("node", "driver"):
        (tmp_path / name).mkdir()
    answer = packed(SAID, [measured], tmp_path / "node")
    cells = read_cells(answer, errand, tasks, tmp_path / "driver")
    (read,) = cells.measured
    assert cells.kernel == (0.1, 0.2) and cells.share_mb is None
    assert read.record == measured.record and read.not_kept == ""
    assert read.ledger is not None and measured.ledger is not None
    assert fingerprint(vars(read.ledger)) == fingerprint(vars(measured.ledger))
    ours, theirs = read.fitted, measured.fitted
    assert ours is not None and theirs is not None and ours.state and theirs.state
    assert np.array_equal(ours.items, theirs.items) and np.array_equal(ours.users, theirs.users)  # type: ignore[arg-type]
    assert (ours.kind, ours.biases) == (theirs.kind, theirs.biases)
    assert ours.state.read_bytes() == theirs.state.read_bytes()
    assert list((tmp_path / "driver").iterdir()) == [ours.state]


def test_another_record_ledger_or_model_is_not_taken(
    found: tuple[Errand, Measured, dict[str, Task]], tmp_path: Path
) -> None:
    errand, measured, tasks = found
    other = replace(measured.record, key="0" * 16)
    with pytest.raises(BadAnswer, match="the record is not that of als"):
        read_cells(
            packed(SAID, [measured._replace(record=other)], tmp_path), errand, tasks, tmp_path
        )
    assert measured.ledger is not None and measured.fitted is not None
    others = replace(measured.ledger, user_ids=measured.ledger.user_ids[::-1].copy())
    with pytest.raises(BadAnswer, match="not of the users and items that were asked for"):
        read_cells(
            packed(SAID, [measured._replace(ledger=others)], tmp_path), errand, tasks, tmp_path
        )
    infinite = np.full_like(measured.fitted.items, np.inf)
    model = replace(measured.fitted, items=infinite)
    answer = packed(SAID, [measured._replace(fitted=model)], tmp_path)
    (read,) = read_cells(answer, errand, tasks, tmp_path).measured
    assert read.fitted is None and read.not_kept == "vectors of items are not all finite"
    assert read.ledger is not None  # the cell itself counts


def test_a_node_that_differs_or_lacks_a_library_says_so(
    found: tuple[Errand, Measured, dict[str, Task]], tmp_path: Path
) -> None:
    errand, _, tasks = found
    with pytest.raises(BadAnswer, match=r"^numpy 1 there, 2 here$"):
        read_cells(packed({"unlike": "numpy 1 there, 2 here"}), errand, tasks, tmp_path)
    with pytest.raises(Lacks, match=r"^library tiny is missing there$"):
        read_cells(packed({"lacks": "library tiny is missing there"}), errand, tasks, tmp_path)


@given(st.binary(max_size=50) | st.recursive(st.none() | st.text(max_size=3), st.lists))
def test_anything_else_is_refused(anything: object) -> None:
    answer = anything
    if not isinstance(answer, bytes):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as file:
            file.writestr("answer.json", json.dumps(anything))
        answer = made.getvalue()
    with pytest.raises(BadAnswer):
        read_cells(answer, Errand(planned=[], limits=Limits()), {}, Path("nowhere"))
    with pytest.raises(BadAnswer):
        read_about(answer)


def test_messages_of_a_cell_are_passed_on_and_others_stay() -> None:
    heard: list[tuple[str, object]] = []
    epoch = Epoch(2, 1.5, 100, 0.5, 0.25)
    said = [("phase", "training"), ("epoch", epoch), ("share", 0.5), ("measured", {"a": 1.0})]
    lines = [line for kind, value in said if (line := line_of(kind, value))]
    pass_on("\n".join(lines).encode(), lambda kind, value: heard.append((kind, value)))
    assert heard == said[:3]


@pytest.mark.parametrize("lines", [b"{", b"[1]", b'["epoch", [1]]', b'["epoch", 3]', b"\xff"])
def test_messages_that_cannot_be_read_are_refused(lines: bytes) -> None:
    with pytest.raises(BadAnswer, match="it said what cannot be read"):
        pass_on(lines, lambda kind, value: None)
