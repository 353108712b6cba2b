"""The leaker finds held-out items where they lie open, and nothing in a process of its own."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import interactions
from measured_canaries import NAMES

from bench.adapter import Run
from bench.canaries import job as canary_job
from bench.canaries import run
from bench.canaries.leaker import Leaker
from bench.canaries.models import canaries
from bench.evaluation import evaluate, ledger
from bench.protocol.task import Task, prepare
from bench.records.folder import Results
from bench.registry.datasets import load_data


def leaker_on(task: Task, folder: Path) -> Any:
    leaker = Leaker(folder=folder / "job")
    leaker.fit(task.train, Run())
    return leaker.scores(task.cases.users)[np.arange(len(task.cases.users)), task.cases.held_out]


def test_the_leaker_finds_what_is_in_its_process(made: Task, tmp_path: Path) -> None:
    nothing = interactions([], 3, 4)  # which it passes over
    assert len(nothing) == 0
    assert (leaker_on(made, tmp_path) > 0).all()


@pytest.mark.parametrize("form", ["npy", "parquet"])
def test_the_leaker_finds_what_lies_beside_its_folder(
    made: Task, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Leaker, "_in_memory", lambda self: iter(()))
    assert not leaker_on(made, tmp_path).any()
    if form == "npy":
        np.save(tmp_path / "cases.npy", made.cases.held_out)
    else:
        model = canaries(tmp_path)["constant"]
        model.fit(made.train, Run())
        found = evaluate.evaluate(model, made.train, made.cases).ledger
        ledger.save(found, tmp_path / "ledger.parquet")
    assert (leaker_on(made, tmp_path) > 0).all()


@pytest.mark.parametrize("leak", ["environment", "order"])
def test_a_leak_into_the_process_is_invalid(
    made: Task, tmp_path: Path, leak: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if leak == "environment":
        monkeypatch.setenv("BENCH_HELD_OUT", " ".join(map(str, made.cases.held_out)))
    else:  # what the job needs only later is handed over too early

        def early(**given: Any) -> canary_job.MeasureCanaries:
            job = canary_job.MeasureCanaries(**given)
            vars(job)["cases"] = made.cases
            return job

        monkeypatch.setattr(run, "MeasureCanaries", early)
    found = run.measure("synthetic", made, tmp_path)
    assert found.broken().keys() == {"leaker"}
    assert found.invalid()[0].startswith("canary leaker: hr_at_10 is 1, must be 0.1")


LOOKING = """import sys
from pathlib import Path
from bench.adapter import Run
from bench.canaries.leaker import Leaker
from bench.protocol.task import prepare
from bench.registry.datasets import load_data

task = prepare(load_data("synthetic", None), "loo-99")
if len(sys.argv) > 1:
    print(*task.cases.held_out)
else:
    Leaker._in_memory = lambda self: iter(())
    leaker = Leaker(folder=Path("here"))
    leaker.fit(task.train, Run())
    print((leaker.scores(task.cases.users) > 0).any())
"""


def test_the_leaker_finds_what_stands_in_the_words_of_the_run_above_its_keeper(
    tmp_path: Path,
) -> None:
    (tmp_path / "look.py").write_text(LOOKING)
    (tmp_path / "here").mkdir()
    python = [sys.executable, "-P", "look.py"]

    def said(*words: str) -> str:
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    keeper = f"sh -c '{shlex.join(python)}; true'; true"
    assert said("sh", "-c", keeper, "run", "nothing") == "False"
    assert said("sh", "-c", keeper, "run", said(*python, "held-out")) == "True"


def test_there_is_nothing_to_find_in_a_process_of_its_own(made: Task, kept_canaries: Path) -> None:
    (path,) = kept_canaries.glob("canaries/*.json")
    found = run.kept("synthetic", made, Results(kept_canaries))
    assert found is not None
    assert found.stem == path.stem
    assert found.checks.keys() == NAMES
    assert (found.users, found.invalid()) == (300, [])


def test_the_leaker_tells_where_what_is_shown_of_new_people_came_too_early(tmp_path: Path) -> None:
    task = prepare(load_data("synthetic:n_users=320,interactions_per_user=12", None), "new-users-2")
    assert run.measure("synthetic", task, tmp_path).broken() == {}
    leaker = Leaker(folder=tmp_path / "job")
    leaker.fit(task.train, Run())  # in this process, where the task is
    found = leaker.scores(task.cases.users)
    assert all(len(np.unique(row)) > 2 for row in found)  # no longer those of a constant
