"""Commands and options on a real Ray cluster of two nodes: what they give on one machine."""

import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from clusters import HEAD, Cluster, cluster, missing
from command import BENCH, PATIENCE, bench_here

from bench import machine
from bench.records.folder import Results
from bench.records.timings import CPU
from bench.tuning import report
from bench.tuning.trials import Log

pytestmark = [
    pytest.mark.slow,  # a cluster starts in half a minute
    pytest.mark.skipif(bool(missing()), reason=missing() or "there can be a cluster"),
]

MODEL = '''"""Learns from epoch to epoch, and waits where it is told."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.adapter import Adapter
from bench.space import number, space, whole


@dataclass(kw_only=True)
class Learner(Adapter):
    power: float = 0.5
    epochs: int = 4
    folder: str = ""

    search = space(power=number(-2, 2), epochs=whole(2, 8))

    def fit(self, train, run):
        counts = np.bincount(train.items, minlength=train.n_items) + 1.0
        noise = np.random.default_rng(run.seed).random(train.n_items)
        for epoch in range(1, self.epochs + 1):
            self._scores = np.float32(counts ** (self.power * epoch) + noise)
            if run.epoch(samples=len(train), loss=1.0 / epoch):
                break
            wait = Path(self.folder) / f"wait {epoch}"
            while self.folder and wait.exists():
                time.sleep(0.01)

    def scores(self, users):
        return np.tile(self._scores, (len(users), 1))
'''


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("c"), nodes=2, cpus=2) as found:
        yield found


@pytest.fixture
def learner(tmp_path: Path) -> str:
    """The file of that model, which only this machine has."""
    (tmp_path / "learner.py").write_text(MODEL)
    return str(tmp_path / "learner.py")


@pytest.fixture
def tune(tmp_path: Path, learner: str) -> Callable[..., list[str]]:
    """The words of a study of that model in a results folder."""

    def words(results: str, *more: str) -> list[str]:
        found = ["tune", "learner", "--model-path", learner, "--dataset", "synthetic"]
        found += ["--budget", "1h", "--trials", "3", "--track", "off"]
        return [*found, "--results", str(tmp_path / results), *more]

    return words


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def study(results: Path) -> tuple[Log, Results]:
    (name,) = (path.name for path in (results / "tune").iterdir())
    place = Results(results / "tune" / name)
    (log,) = report.load(place)
    return log, place


def looks_kept(results: Path) -> int:
    """How many looks at validation the driver has kept so far, of trials under way too."""
    for path in results.glob("tune/*/*.db"):
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path)) as database:
            (found,) = database.execute("SELECT count(*) FROM trial_intermediate_values").fetchone()
            return int(found)
    return 0


def without_clocks(log: Log) -> dict[str, Any]:
    return asdict(replace(log, trials=tuple(replace(each, seconds=0.0) for each in log.trials)))


def test_a_study_is_that_of_as_many_places_on_one_machine(
    there: Cluster, tmp_path: Path, tune: Callable[..., list[str]]
) -> None:
    done = there.bench(*tune("nodes", "--cluster", HEAD))
    assert done.returncode == 0, done.stdout + done.stderr
    with pytest.MonkeyPatch.context() as patch:
        here = machine.cores()
        patch.setattr(machine, "cores", lambda: [here[0], here[-1]])
        alone = bench_here(tmp_path, *tune("here", "--jobs", "2"))
    assert alone.returncode == 0, alone.stderr
    (log, place), (wanted, _) = study(tmp_path / "nodes"), study(tmp_path / "here")
    assert without_clocks(log) == without_clocks(wanted)
    assert all(trial.looks for trial in log.trials)
    records = place.read_records()
    assert {record.environment["node"] for record in records} == {"10.99.0.1", "10.99.0.2"}
    spent = sorted(record.timings[CPU] for record in records)
    assert spent == sorted(trial.seconds for trial in log.trials)


def test_a_study_whose_driver_is_killed_goes_on(
    there: Cluster, tmp_path: Path, tune: Callable[..., list[str]]
) -> None:
    (tmp_path / "wait 2").touch()
    words = tune("results", "--set", f"learner.folder={tmp_path}", "--cluster", HEAD)
    running = there.start(BENCH, *words)
    until(lambda: looks_kept(tmp_path / "results") == 2)
    (driver,) = there.drivers()
    driver.send_signal(signal.SIGKILL)
    running.wait(PATIENCE)
    until(lambda: not there.working())
    (tmp_path / "wait 2").unlink()
    done = there.bench(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    log, _ = study(tmp_path / "results")
    first, *others = log.trials
    assert first.status == "interrupted" and first.seconds > 0 and first.looks.keys() == {1, 2}
    assert len(others) == 3 and others[0].params["power"] == 0.5  # it is tried again
    assert all(trial.status in ("ok", "pruned") for trial in others)


def test_a_study_on_a_cluster_that_is_not_there_touches_nothing(
    there: Cluster, tmp_path: Path, tune: Callable[..., list[str]]
) -> None:
    done = there.bench(*tune("nothing", "--cluster", "10.99.0.1:6398"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("bench: cluster 10.99.0.1:6398: nothing answers there")
    assert not (tmp_path / "nothing").exists()
