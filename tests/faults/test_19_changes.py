"""Fault 19: another seed, parameter, model code, data or library version. It has a new key and is
measured again; what is unchanged is not, whatever it is called and however it is written."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from faulty import model, run

from bench import machine
from bench.leaderboard.verify import verify
from bench.protocol.task import Task, prepare
from bench.records.folder import Results
from bench.registry.datasets import load_data
from bench.registry.suites import Suite, SuiteRow
from bench.running.describe import Described
from bench.running.plan import planned_cells


def key(task: Task, **changes: Any) -> str:
    params = changes.pop("params", {"l2": 1.0})
    row = SuiteRow(model=changes.pop("model", "ease"))
    where = {"device": "cpu", "threads": 1} | changes
    suite = Suite(dataset="synthetic", rows=(row,), seeds=(where.pop("seed", 0),))
    return planned_cells(suite, [Described("ok", params)], task, **where)[0].key


def test_a_key_changes_with_all_that_may_change_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = prepare(load_data("synthetic", None), "loo-99")
    keys = [
        key(task),
        key(task, seed=1),
        key(task, params={"l2": 1.0 + 1e-15}),
        key(task, model="als"),
        key(task, threads=2),
        key(prepare(load_data("synthetic:seed=1", None), "loo-99")),
        key(prepare(load_data("synthetic", None), "loo-99-validation")),
        key(replace(task, split_sha256="another")),
    ]
    name = model(tmp_path, "mine")
    keys.append(key(task, model=name))
    model(tmp_path, "mine", fit="self.otherwise = 1")
    keys.append(key(task, model=name))
    newer = machine.packages() | {"numpy": "99.0"}
    monkeypatch.setattr(machine, "packages", lambda: newer)
    keys.append(key(task))
    assert len(set(keys)) == len(keys)
    monkeypatch.undo()
    assert key(prepare(load_data("synthetic", None), "loo-99")) == keys[0]


@pytest.mark.slow
def test_changed_code_is_measured_and_the_same_code_is_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for fit in ("pass", "pass", "pass  # in other words", "self.otherwise = 1"):
        assert run(folder, [model(folder, "mine", fit)]) == 0
        said.append("measured before" in capsys.readouterr().out)
    assert said == [False, True, True, False]


@pytest.mark.slow
def test_another_label_is_the_same_cell_under_another_name(folder: Path) -> None:
    """Its record and ledger stand under both, and the second is not measured."""
    results = Results(folder / "results")
    labels = ("first", "it's 'another'", "first")
    for label in labels:
        assert run(folder, [SuiteRow(model="popularity", label=label)]) == 0
    records = results.read_records()
    assert sorted(each.cell.label for each in records) == sorted({*labels})
    assert len({(each.key, each.started, each.invocation) for each in records}) == 1
    first, second = (results.ledger_of(each).read_bytes() for each in records)
    assert first == second
    assert "2 records, 2 of them with a ledger" in verify(results)
