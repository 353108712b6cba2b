"""`bench tune`: real processes, validation items only, and never more than the budget."""

import json
import shutil
import signal
import subprocess
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest
from command import BENCH, bench_here
from made import interactions

from bench import machine
from bench.hashing import fingerprint
from bench.interactions import DataSet, Interactions, PublishedSplit
from bench.isolation import transfer
from bench.isolation.warm import warm
from bench.protocol.task import prepare
from bench.records.folder import Results
from bench.registry import names, suites
from bench.registry.suites import Suite, SuiteRow
from bench.running.describe import describe
from bench.running.plan import Options
from bench.running.stages import BASE
from bench.running.training import Epoch
from bench.space import choice, space
from bench.tracking.tracker import Tracker
from bench.tuning import report
from bench.tuning import run as tuning
from bench.tuning.search import Budget
from bench.tuning.session import Session, Tuned
from bench.tuning.study import Pruning
from bench.tuning.trials import Log

MODEL = '''"""A model that is quick to import, and learns as slowly as it is told."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.adapter import Adapter, Run
from bench.interactions import Floats, Ids, Interactions
from bench.space import number, space, whole


@dataclass(kw_only=True)
class Learner(Adapter):
    power: float = 0.5
    epochs: int = 4
    nap: float = 0.0  # seconds of an epoch in which it does nothing
    work: float = 0.0  # CPU seconds of an epoch

    search = space(power=number(-2, 2), epochs=whole(2, 8))

    def fit(self, train: Interactions, run: Run) -> None:
        counts = np.bincount(train.items, minlength=train.n_items) + 1.0
        for epoch in range(1, self.epochs + 1):
            self._scores = np.float32(counts ** (self.power * epoch))
            time.sleep(self.nap)
            end = time.process_time() + self.work
            while time.process_time() < end:
                pass
            if run.epoch(samples=len(train)):
                break

    def scores(self, users: Ids) -> Floats:
        return np.tile(self._scores, (len(users), 1))
'''

# A fit after the first says that it is there, and waits until it is told to go on.
HELD = """
            if epoch == 1 and Path("first").exists():
                Path("second").touch()
                while not Path("go on").exists():
                    time.sleep(0.01)
            Path("first").touch()
"""


WORK, NAP = 3600.0, 3.0


class NoTracking:
    """In place of MLflow."""

    invocation = "test"

    def log(self, record: Any) -> None:
        pass


@pytest.fixture
def learner(tmp_path: Path) -> str:
    (tmp_path / "learner.py").write_text(MODEL)
    return names.add_model(tmp_path / "learner.py")


def data(test_seed: int) -> Interactions:
    """40 users with 8 items each; the seed changes the last of each, and nothing else."""
    fixed, changing = np.random.default_rng(0), np.random.default_rng(test_seed)
    rows = []
    for user in range(40):
        items = (60 * fixed.beta(1, 3, size=60)).astype(int)
        before = list(dict.fromkeys(items))[:7]
        test = changing.choice(np.setdiff1d(np.arange(60), before))
        rows += [(user, int(item), time) for time, item in enumerate([*before, test])]
    return interactions(rows, 40, 60)


def tuned(
    folder: Path,
    model: str,
    given: Interactions,
    seconds: float = 600,
    trials: int | None = None,
    jobs: int = 1,
    **start: float,
) -> Log:
    """One row tuned, as `bench tune` does it, without MLflow."""
    row = SuiteRow(model=model, params=start)
    chosen = Suite(dataset="synthetic", rows=(row,))
    work = folder / "work"
    work.mkdir(parents=True)
    session = Session(
        suite=chosen,
        task=tuning.validation_task(given, chosen),
        budget=Budget(seconds=seconds, trials=trials),
        options=Options(results=Results(folder), jobs=jobs),
        seed=0,
        work=work,
        place=Results(folder / "studies"),
        tracking=NoTracking(),  # type: ignore[arg-type]
    )
    params = {"power": 0.5, "epochs": 4, "nap": 0.0, "work": 0.0} | row.params
    with warm(work, BASE):
        (described,) = describe(Suite(dataset="synthetic", rows=(SuiteRow(model=model),)), work)
        (log,) = session.tune([Tuned(row, params, tuning.space_of(model, described))])
    return log


def without_clocks(log: Log) -> bytes:
    """All that a study found, but for the time that it took."""
    found = asdict(replace(log, trials=tuple(replace(t, seconds=0.0) for t in log.trials)))
    return json.dumps(found, sort_keys=True).encode()


def test_the_test_items_change_nothing_in_a_study(
    tmp_path: Path, learner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_over: list[str] = []
    write = transfer.write

    def spy(order: Any, path: Path, elsewhere: transfer.Elsewhere) -> None:
        if hasattr(order.job, "train"):
            assert order.job.looks is not None
            handed_over.append(fingerprint([order.job.train, list(order.job.looks)]))
        write(order, path, elsewhere)

    monkeypatch.setattr(transfer, "write", spy)
    one, other = data(test_seed=1), data(test_seed=2)
    assert (one.items != other.items).sum() > 20
    assert prepare(one, "loo-99").split_sha256 != prepare(other, "loo-99").split_sha256
    first = tuned(tmp_path / "one", learner, one, trials=2)
    second = tuned(tmp_path / "other", learner, other, trials=2)
    assert [trial.status for trial in first.trials] == ["ok"] * 2
    assert without_clocks(first) == without_clocks(second)
    assert len(handed_over) == 4 and len(set(handed_over)) == 1  # all that a trial gets


def as_published(given: Interactions) -> DataSet:
    """The same with its own last items as a published split."""
    cases = prepare(given, "loo-99").cases
    split = PublishedSplit(
        users=cases.users, held_out=cases.held_out, negatives=cases.negatives.items
    )
    return DataSet(given, split)


@pytest.mark.parametrize("protocol", ["loo-99", "ncf-files"])
def test_no_test_item_is_left_in_what_tuning_gets(protocol: str) -> None:
    given = as_published(data(test_seed=1))
    measured = prepare(given, protocol)
    suite = Suite(dataset="synthetic", protocol=protocol, rows=())
    task = tuning.validation_task(given, suite)
    test = set(zip(measured.cases.users, measured.cases.held_out, strict=True))
    learned = set(zip(task.train.users, task.train.items, strict=True))
    held_out = set(zip(task.cases.users, task.cases.held_out, strict=True))
    assert len(test) == 40
    assert not test & (learned | held_out)
    assert task.train.items.base is None or len(task.train.items.base) == len(task.train)


def test_a_task_with_test_items_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a task without test items, not loo-99"):
        Session(
            suite=Suite(dataset="synthetic", rows=()),
            task=prepare(data(1), "loo-99"),
            budget=Budget(seconds=1),
            options=Options(results=Results(tmp_path)),
            seed=0,
            work=tmp_path,
            place=Results(tmp_path),
            tracking=NoTracking(),  # type: ignore[arg-type]
        )


def test_a_trial_at_the_end_of_the_budget_is_stopped(tmp_path: Path, learner: str) -> None:
    log = tuned(tmp_path, learner, data(1), seconds=2, work=WORK)
    (trial,) = log.trials
    assert (trial.status, trial.reason) == ("budget", "stopped at the end of the budget")
    assert 2 <= log.spent < WORK  # of which it would take one after each epoch
    assert log.best() is None and not log.settled


def test_a_budget_is_of_cpu_time(tmp_path: Path, learner: str) -> None:
    began = monotonic()
    log = tuned(tmp_path, learner, data(1), trials=1, nap=NAP, epochs=2)
    assert 0 < log.spent <= monotonic() - began - 2 * NAP


def test_a_pruned_trial_is_ended_and_says_where(
    tmp_path: Path, learner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "space_of", lambda model, known: space(power=choice(0.5)))

    def at_the_third(self: Pruning, epoch: Epoch) -> str:
        return f"pruned at epoch {epoch.number}" if epoch.number == 3 else ""

    monkeypatch.setattr(Pruning, "__call__", at_the_third)
    log = tuned(tmp_path, learner, data(1), trials=1)
    (trial,) = log.trials
    assert trial.status == "pruned" and not trial.figures
    assert trial.reason == "pruned at epoch 3"
    assert list(trial.looks) == [1, 2, 3]


def test_interrupted_and_resumed_by_the_command(folder: Path, empty_store: Path) -> None:
    (folder / "learner.py").write_text(MODEL.replace("            time.sleep(self.nap)\n", HELD))
    words = ["tune", "--model-path", "learner.py", "--dataset", "synthetic"]
    words += ["--budget", "10h", "--trials", "2", "--track", "wait"]
    with subprocess.Popen(
        [BENCH, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (folder / "second").exists():
            assert process.poll() is None
            sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert "the same command goes on from here" in process.communicate()[1]
    assert process.returncode == 130
    place = folder / "results" / "tune" / "synthetic-loo-99-validation"
    (before,) = report.load(Results(place))
    assert [trial.status for trial in before.trials] == ["ok", "interrupted"]

    (folder / "go on").touch()
    again = bench_here(folder, *words)
    assert again.returncode == 0, again.stderr
    (after,) = report.load(Results(place))
    assert [trial.status for trial in after.settled] == ["ok", "ok"]
    assert after.trials[: len(before.trials)] == before.trials
    assert all(t.params == after.settled[1].params for t in before.trials[1:])
    assert after.spent > before.spent
    assert {path.name for path in place.iterdir()} == {
        "learner.db",
        "records",
        *(file.name for file in report.files(Results(place))),
    }
    assert logged(folder) == ["FINISHED"] * 2
    shutil.copy(empty_store, folder / "other.db")
    assert Tracker(Results(folder / "results"), f"sqlite:///{folder / 'other.db'}").track_all() == 2


def logged(folder: Path) -> list[str]:
    """How the trials ended that MLflow knows of."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder / 'results' / 'mlflow.db'}")
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = client.search_runs(ids, "tags.kind = 'cell'")
    return [run.info.status for run in runs]


def test_studies_beside_each_other_are_those_of_one_after_the_other(folder: Path) -> None:
    (folder / "two.toml").write_text(
        'dataset = "synthetic"\n[[rows]]\nmodel = "popularity"\n[[rows]]\nmodel = "ease"\n'
    )
    words = ("tune", "--suite", "two.toml", "--budget", "1h", "--trials", "2", "--track", "off")
    found = []
    with pytest.MonkeyPatch.context() as patch:
        there = machine.cores()
        patch.setattr(machine, "cores", lambda: [there[0], there[-1]])
        for results, jobs in (("one", "1"), ("two", "2")):
            done = bench_here(folder, *words, "--results", results, "--jobs", jobs)
            assert done.returncode == 0, done.stderr
            place = Results(folder / results / "tune" / "synthetic-loo-99-validation")
            found.append([without_clocks(log) for log in report.load(place)])
    assert found[0] == found[1]
    records = place.read_records()
    assert {record.environment.get("jobs") for record in records} == {2}


def test_one_study_on_several_places_tries_in_rounds(tmp_path: Path, learner: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        there = machine.cores()
        patch.setattr(machine, "cores", lambda: [there[0], there[-1]])
        log = tuned(tmp_path, learner, data(1), trials=4, jobs=2)
    assert [trial.status for trial in log.trials] == ["ok"] * 4
    assert len({str(trial.params) for trial in log.trials}) == 4


def test_a_suite_is_tuned_from_its_values_and_gives_a_suite(folder: Path) -> None:
    (folder / "two.toml").write_text(
        'dataset = "synthetic"\n[[rows]]\nmodel = "popularity"\n'
        '[[rows]]\nmodel = "ease"\nparams = { l2 = 77.0 }\n'
    )
    done = bench_here(folder, "tune", "--suite", "two.toml", "--budget", "10m", "--trials", "1")
    assert done.returncode == 0, done.stderr
    path = folder / "results" / "tune" / "synthetic-loo-99-validation" / "tuned.toml"
    found = suites.load(str(path))
    assert (found.dataset, found.protocol) == ("synthetic", "loo-99")
    assert {row.model: row.params for row in found.rows} == {"popularity": {}, "ease": {"l2": 77.0}}
    assert all("; validation 0." in row.tuned for row in found.rows)
    shown = bench_here(folder, "tune", "--report")
    assert shown.returncode == 0 and "Ahead" not in shown.stdout and "ease" in shown.stdout
